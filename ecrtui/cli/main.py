"""The entry point: find the command and run it. Neither Textual nor boto3 is imported here."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple, Protocol, cast

from ecrtui.errors import EcrTuiError


class CommandModule(Protocol):
    """The module of a command. All but put-image also have ``parser() -> ArgumentParser``."""

    def run(self, arguments: Sequence[str]) -> int:
        """Run the command with the words after its name and return the exit code."""


class CommandEntry(NamedTuple):
    """A row of the table of commands."""

    module: str
    """The name of its module, which is imported when the command runs."""
    summary: str
    """What the command does, in a line for the help."""

    def load(self) -> CommandModule:
        """Import the module."""
        return cast(CommandModule, importlib.import_module(self.module))


COMMANDS = {
    "repositories": CommandEntry("ecrtui.cli.repositories", "list repositories"),
    "images": CommandEntry("ecrtui.cli.images", "list the images of a repository, filtered and sorted"),
    "manifest": CommandEntry("ecrtui.cli.manifest", "print a manifest, byte for byte"),
    "put-image": CommandEntry("ecrtui.cli.put_image", "call PutImage with the options of `aws ecr put-image`"),
    "retag": CommandEntry("ecrtui.cli.retag", "add tags to an image, or move tags to it"),
    "untag": CommandEntry("ecrtui.cli.untag", "remove tags, but never the last tag of an image"),
    "swap": CommandEntry("ecrtui.cli.swap", "exchange two tags"),
    "undo": CommandEntry("ecrtui.cli.undo", "undo a plan or a single write"),
    "history": CommandEntry("ecrtui.cli.history", "show the writes made from this computer"),
    "keys": CommandEntry("ecrtui.cli.keys", "list actions, their ids and their keys"),
    "local": CommandEntry("ecrtui.cli.local", "serve, fill, import into or export from the embedded registry"),
}
"""The commands by name. Any other command line opens the application."""

APPLICATION = CommandEntry("ecrtui.cli.browse", "open the application")


def main(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name and return its exit code."""
    if arguments and arguments[0] in COMMANDS:
        entry, rest = COMMANDS[arguments[0]], arguments[1:]
    else:
        entry, rest = APPLICATION, arguments
    try:
        return entry.load().run(rest)
    except EcrTuiError as error:
        from ecrtui.cli.context import report_error

        return report_error(error)
    except KeyboardInterrupt:
        from ecrtui.cli.exit_codes import ExitCode

        return ExitCode.INTERRUPTED


def run() -> None:
    """Run the console script."""
    sys.exit(main(sys.argv[1:]))
