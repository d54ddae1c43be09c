"""The options of ``ecrtui [REFERENCE]``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ecrtui import __version__
from ecrtui.cli.connection_options import add_connection_options, connection_from
from ecrtui.cli.main import COMMANDS
from ecrtui.ecr.reference import Reference, parse_reference
from ecrtui.settings import Connection

_EPILOG = """\
References: team/app, team/app:tag, team/app@sha256:…, or a whole image URI, which sets account and region.
Try it without an AWS account: ecrtui --demo
"""


class BrowseRequest(NamedTuple):
    """What the line asks for: the connection, the place to land on, and settings by their names."""

    connection: Connection
    start: Reference
    flags: Mapping[str, Any]


def parse(arguments: Sequence[str]) -> BrowseRequest:
    """Read the line; help and a line that cannot be read end the program, as argparse does it."""
    options = _parser().parse_args(arguments)
    reference = parse_reference(options.reference) if options.reference else Reference()
    flags = {"theme": options.theme, "read_only": options.read_only, "cache": options.cache}
    return BrowseRequest(connection_from(options, reference), reference, flags)


def _parser() -> argparse.ArgumentParser:
    commands = "\n".join(f"  {name:<14}{words}" for name, (_, words) in COMMANDS.items())
    made = argparse.ArgumentParser(
        prog="ecrtui",
        description="Browse and retag Amazon ECR images from the terminal, byte for byte.",
        epilog=f"commands (ecrtui COMMAND --help):\n{commands}\n\n{_EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("reference", nargs="?", metavar="REFERENCE", help="where to begin: a repository or an image")
    made.add_argument("--version", action="version", version=f"ecrtui {__version__}")
    made.add_argument("--theme", metavar="NAME", help="colours; see the palette for the names")
    made.add_argument("--read-only", action="store_true", default=None, help="no write is possible")
    made.add_argument("--no-cache", dest="cache", action="store_false", default=None, help="keep nothing on disk")
    add_connection_options(made)
    return made
