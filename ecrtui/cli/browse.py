"""``ecrtui [REFERENCE]``: open the application."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecrtui.ecr.reference import Reference
from ecrtui.gc_tuning import disable_gc
from ecrtui.registry.process.launch import launch_early
from ecrtui.settings import Connection

if TYPE_CHECKING:
    from ecrtui.cli.browse_options import BrowseRequest

TERMINALS_WITHOUT_CURSOR = {"dumb", "unknown"}
"""Values of TERM for terminals and editors that only print lines."""


def run(arguments: Sequence[str]) -> int:
    """Open the application and return its exit code."""
    connection, start, flags = parse_request(arguments)
    missing = _missing_terminal()
    if missing:
        print(f"ecrtui: {missing}; ecrtui --help lists commands that need none", file=sys.stderr)
        return 2

    disable_gc()
    launched = launch_early()  # it loads boto3 while this process loads Textual
    from ecrtui.wiring import run_application

    return run_application(connection, start, flags, launched)


def _missing_terminal() -> str:
    """Return what the application lacks to draw its screens; empty if it has a terminal."""
    if not all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stdout__)):
        return "the application needs a terminal"
    if os.environ.get("TERM") in TERMINALS_WITHOUT_CURSOR:
        return f"the application needs a terminal that can move its cursor, and TERM={os.environ['TERM']} cannot"
    return ""


def parse_request(arguments: Sequence[str]) -> BrowseRequest | tuple[Connection, Reference, dict[str, object]]:
    """Parse the command line. Without arguments argparse is not loaded, so that the first frame comes sooner."""
    if not arguments:
        return Connection(), Reference(), {}
    from ecrtui.cli.browse_options import parse

    return parse(arguments)
