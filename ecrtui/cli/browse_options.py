"""The options of ``ecrtui [REFERENCE]``."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple, NoReturn

from ecrtui import __version__
from ecrtui.cli.connection_options import add_connection_options, connection_from
from ecrtui.cli.main import COMMANDS
from ecrtui.cli.redacting_parser import RedactingParser
from ecrtui.ecr.reference import Reference, parse_reference
from ecrtui.settings import Connection

_EPILOG = """\
REFERENCE is team/app, team/app:tag, team/app@sha256:..., an image URI, or the
ARN of a repository. A URI or an ARN sets account and region.
To try ecrtui without an AWS account: ecrtui --demo
"""


class BrowseRequest(NamedTuple):
    """The connection, the reference to start at, and settings by name (None if not given)."""

    connection: Connection
    start: Reference
    flags: Mapping[str, Any]


def parse(arguments: Sequence[str]) -> BrowseRequest:
    """Parse the command line.

    Raises:
        SystemExit: help or version was printed, or the command line is invalid.
        UsageError: the reference is invalid.
    """
    line = parser()
    options, rest = line.parse_known_args(arguments)
    if rest:
        line.error(f"unrecognized arguments: {' '.join(rest)}", _command_hint(options.reference, rest))
    reference = parse_reference(options.reference) if options.reference else Reference()
    flags = {"theme": options.theme, "read_only": options.read_only, "cache": options.cache, "mouse": options.mouse}
    return BrowseRequest(connection_from(options, reference), reference, flags)


def _command_hint(word: str | None, rest: Sequence[str]) -> str:
    """Return a hint for a word that other words follow: it may be meant as a command."""
    if word is None or all(argument.startswith("-") for argument in rest):
        return ""
    near = difflib.get_close_matches(word, COMMANDS, n=1)
    return f"{word!r} is not a command; {f'did you mean {near[0]}?' if near else 'ecrtui --help lists the commands'}"


class _InvalidLineError(Exception):
    """The command line is invalid."""


class _LeadingOptions(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _InvalidLineError(message)


def command_index(arguments: Sequence[str]) -> int | None:
    """Return the index of the command that follows the options; None if there is none before ``--``.

    The name of a command can also be the value of an option. It is the command if all words before it are options of
    the application or of this command, and their values. If that is true of no name, it is the first one that only
    options stand before, whose parser says which option is wrong.

    Raises:
        SystemExit: the version was printed.
    """
    words = list(takewhile(lambda word: word != "--", arguments))
    possible = []
    for index in (index for index, word in enumerate(words) if word in COMMANDS):
        first, unknown = _first_word(words)
        if unknown:  # they can be options of the command, which may have values
            own = COMMANDS[words[index]].load().parser()._actions  # argparse has no public way to list them
            first, unknown = _first_word(words, [action for action in own if action.option_strings])
        if first == index and not set(unknown).intersection(words[:index]):
            return index
        possible += [index] if first == index else []
    return possible[0] if possible else None


def _first_word(words: Sequence[str], more: Sequence[argparse.Action] = ()) -> tuple[int | None, Sequence[str]]:
    """Return the index of the first word that is neither an option nor its value, and the unknown options before it.

    Args:
        words: the words of a command line.
        more: options that count beside those of the application.
    """
    parser = _LeadingOptions(add_help=False, conflict_handler="resolve")
    for action in more:
        options: dict[str, Any] = {"action": "store_true"} if action.nargs == 0 else {"nargs": action.nargs}
        parser.add_argument(*action.option_strings, **options)
    _add_options(parser)
    parser.add_argument("words", nargs=argparse.PARSER)
    try:
        found, unknown = parser.parse_known_args(list(words))
    except _InvalidLineError:  # the parser of the application or of a command reports it
        return None, ()
    return len(words) - len(found.words), unknown


def parser() -> RedactingParser:
    """Return the parser of the application, whose help lists all commands."""
    commands = "\n".join(f"  {name:<14}{entry.summary}" for name, entry in COMMANDS.items())
    parser = RedactingParser(
        prog="ecrtui",
        usage="%(prog)s [options] [REFERENCE]\n       %(prog)s COMMAND ...",
        description="Browse and retag Amazon ECR images from the terminal, byte for byte.",
        epilog=f"commands (see ecrtui COMMAND --help):\n{commands}\n\n{_EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("reference", nargs="?", metavar="REFERENCE", help="repository or image to open first")
    _add_options(parser)
    return parser


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--version", action="version", version=f"ecrtui {__version__}")
    parser.add_argument("--theme", metavar="NAME", help="color theme; the command palette lists them")
    parser.add_argument(
        "--no-cache", dest="cache", action="store_false", default=None, help="neither read nor write the disk cache"
    )
    parser.add_argument(
        "--no-mouse", dest="mouse", action="store_false", default=None, help="leave the mouse to the terminal"
    )
    add_connection_options(parser)
