"""``ecrtui``: which command the line asks for. Nothing of Textual or boto3 is imported here."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Protocol

from ecrtui.errors import EcrTuiError

COMMANDS = {
    "repositories": ("ecrtui.cli.repositories", "list the repositories"),
    "images": ("ecrtui.cli.images", "list the images of a repository, filtered and in order"),
    "manifest": ("ecrtui.cli.manifest", "print a manifest, byte for byte"),
    "put-image": ("ecrtui.cli.put_image", "PutImage, as `aws ecr put-image`, option by option"),
    "retag": ("ecrtui.cli.retag", "give an image more tags, one or thousands"),
    "untag": ("ecrtui.cli.untag", "take tags off images, never the last of one"),
    "swap": ("ecrtui.cli.swap", "two tags change places"),
    "undo": ("ecrtui.cli.undo", "take back a plan or a single write"),
    "history": ("ecrtui.cli.history", "every write that was made from here"),
    "local": ("ecrtui.cli.local", "the embedded registry: serve it, import, export, seed"),
}
"""Command: its module and what it is for. Any other line opens the application."""

BROWSE = "ecrtui.cli.browse"


class Command(Protocol):
    """What the module of a command offers."""

    def run(self, arguments: Sequence[str]) -> int:
        """Run it with the arguments behind its name; the exit code."""


def main(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name; the exit code."""
    name, rest = (arguments[0], arguments[1:]) if arguments and arguments[0] in COMMANDS else ("", arguments)
    command: Command = importlib.import_module(COMMANDS[name][0] if name else BROWSE)
    try:
        return command.run(rest)
    except EcrTuiError as error:
        report(error)
        return 2
    except KeyboardInterrupt:
        return 130


def report(error: EcrTuiError) -> None:
    """Print an error on standard error, every character visible: what happened, the service's words, the next step."""
    from ecrtui.ecr.safe_text import visible_lines

    print(visible_lines(f"ecrtui: {error}"), file=sys.stderr)
    if error.hint:
        print(visible_lines(f"hint: {error.hint}"), file=sys.stderr)


def run() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))
