"""The entry point: find the command and run it. Neither Textual nor boto3 is imported here."""

from __future__ import annotations

import gc
import importlib
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from ecrtui.cli.standard_streams import (
    escape_missing_characters,
    flush_stdout,
    open_closed_streams,
    wait_for_streams,
    write_stderr,
)
from ecrtui.errors import EcrTuiError

if TYPE_CHECKING:
    from argparse import ArgumentParser


class CommandModule(Protocol):
    """The module of a command."""

    def parser(self) -> ArgumentParser:
        """Return the parser of the command."""

    def run(self, arguments: Sequence[str]) -> int:
        """Run the command with the words after its name and return the exit code."""


class CommandEntry(NamedTuple):
    """A row of the table of commands."""

    module: str
    """The name of its module, which is imported when the command runs."""
    summary: str
    """One line for the help."""

    def load(self) -> CommandModule:
        """Import the module."""
        return cast(CommandModule, importlib.import_module(self.module))


COMMANDS = {
    "repositories": CommandEntry("ecrtui.cli.repositories", "list repositories"),
    "images": CommandEntry("ecrtui.cli.images", "list the images of a repository, filtered and sorted"),
    "findings": CommandEntry("ecrtui.cli.findings", "list what the scans of an image found; a gate for pipelines"),
    "find": CommandEntry("ecrtui.cli.find", "find a tag, a digest or an image in all repositories"),
    "lifecycle": CommandEntry("ecrtui.cli.lifecycle", "say what a lifecycle policy would do; change nothing"),
    "manifest": CommandEntry("ecrtui.cli.manifest", "print a manifest, byte for byte"),
    "diff": CommandEntry("ecrtui.cli.diff", "compare two images: config, layers, packages, findings"),
    "put-image": CommandEntry("ecrtui.cli.put_image", "call PutImage with the options of `aws ecr put-image`"),
    "retag": CommandEntry("ecrtui.cli.retag", "add tags to an image, or move tags to it"),
    "promote": CommandEntry("ecrtui.cli.promote", "copy an image to another repository, account or region"),
    "untag": CommandEntry("ecrtui.cli.untag", "remove tags, but never the last tag of an image"),
    "swap": CommandEntry("ecrtui.cli.swap", "exchange two tags"),
    "undo": CommandEntry("ecrtui.cli.undo", "undo a plan or a single write"),
    "history": CommandEntry("ecrtui.cli.history", "show the writes made from this computer"),
    "wait": CommandEntry("ecrtui.cli.wait", "wait until an image is in the registry"),
    "doctor": CommandEntry("ecrtui.cli.doctor", "find out what works, and which permissions you have"),
    "keys": CommandEntry("ecrtui.cli.keys", "list actions, their ids and their keys"),
    "completion": CommandEntry("ecrtui.cli.completion", "print a script that completes command lines in a shell"),
    "local": CommandEntry("ecrtui.cli.local", "serve, fill, import into or export from the embedded registry"),
}
"""The commands by name. Any other command line opens the application."""

APPLICATION = CommandEntry("ecrtui.cli.browse", "open the application")


def command_first(arguments: list[str]) -> list[str]:
    """Return the command line with its command before its options, as in ``ecrtui --region eu-west-1 images``."""
    if not arguments or not arguments[0].startswith("-") or COMMANDS.keys().isdisjoint(arguments):
        return arguments
    from ecrtui.cli.browse_options import command_index

    index = command_index(arguments)
    if index is None:
        return arguments
    return [arguments[index], *arguments[:index], *arguments[index + 1 :]]


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
    except Exception as problem:  # noqa: BLE001 - users cannot use a traceback
        from ecrtui.cli.context import report_bug

        return report_bug(problem)
    except KeyboardInterrupt:
        return _interrupted()


def _interrupted() -> int:
    from ecrtui.cli.exit_codes import ExitCode

    return ExitCode.INTERRUPTED


def run() -> None:
    """Run the command line of this process and end it."""
    try:
        open_closed_streams()
        wait_for_streams()
        arguments = command_first(sys.argv[1:])
        # put-image checks before the call whether it can print: the AWS CLI fails if it cannot.
        if arguments[:1] != ["put-image"]:
            escape_missing_characters()
        code = main(arguments)
    except SystemExit as done:  # argparse printed its text
        code = done.code if isinstance(done.code, int) else 0
    except KeyboardInterrupt:  # a second one, while the command ends after the first
        code = _interrupted()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the command is done: a further one ends the process at once
    code = _finish(code)
    gc.freeze()  # else Python looks for cycles in all objects before it ends: a fifth of the time of a command
    sys.exit(code)


def _finish(code: int) -> int:
    """Write what the streams still hold and return the exit code: that of the command, unless it succeeded."""
    problem = flush_stdout()
    write_stderr("")
    if problem is None or isinstance(problem, BrokenPipeError) or code:
        return code
    from ecrtui.cli.context import output_error, report_error

    return report_error(output_error(problem))
