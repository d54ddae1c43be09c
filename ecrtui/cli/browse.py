"""``ecrtui [REFERENCE]``: the application."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecrtui import __version__
from ecrtui.cli.connection import add_connection_options, connection_from
from ecrtui.cli.main import COMMANDS
from ecrtui.model.reference import Reference
from ecrtui.model.reference import parse as parse_reference
from ecrtui.services.settling import postpone

if TYPE_CHECKING:
    from ecrtui.registry.process.launch import Launched

_EPILOG = """\
References: team/app, team/app:tag, team/app@sha256:…, or a whole image URI, which sets account and region.
Try it without an AWS account: ecrtui --demo
"""


def parser() -> argparse.ArgumentParser:
    """The options of the application."""
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


def run(arguments: Sequence[str]) -> int:
    """Open the application; the exit code."""
    options = parser().parse_args(arguments)
    reference = parse_reference(options.reference) if options.reference else Reference()
    connection = connection_from(options, reference)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("ecrtui: the application needs a terminal; see ecrtui --help for commands that do not", file=sys.stderr)
        return 2

    postpone()
    launched = _launched()
    from ecrtui.wiring import run_application

    flags = {"theme": options.theme, "read_only": options.read_only, "cache": options.cache}
    return run_application(connection, reference, flags, launched)


def _launched() -> Launched | None:
    """The registry's process, as early as can be; None where there can be none, and this process does its work."""
    from ecrtui.registry.process.launch import launch

    try:
        return launch()
    except OSError:
        return None
