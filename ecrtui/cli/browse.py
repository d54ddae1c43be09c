"""``ecrtui [REFERENCE]``: open the application."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecrtui.ecr.reference import Reference
from ecrtui.gc_tuning import disable_gc
from ecrtui.settings import Connection

if TYPE_CHECKING:
    from ecrtui.cli.browse_options import BrowseRequest
    from ecrtui.registry.process.launch import LaunchedProcess


def run(arguments: Sequence[str]) -> int:
    """Open the application and return its exit code."""
    connection, start, flags = parse_request(arguments)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("ecrtui: the application needs a terminal; ecrtui --help lists commands that do not", file=sys.stderr)
        return 2

    disable_gc()
    launched = _launch_registry_process()
    from ecrtui.wiring import run_application

    return run_application(connection, start, flags, launched)


def parse_request(arguments: Sequence[str]) -> BrowseRequest | tuple[Connection, Reference, dict[str, object]]:
    """Parse the command line. Without arguments argparse is not loaded, so that the first frame comes sooner."""
    if not arguments:
        return Connection(), Reference(), {}
    from ecrtui.cli.browse_options import parse

    return parse(arguments)


def _launch_registry_process() -> LaunchedProcess | None:
    """Start the registry process as early as possible; None if it cannot be started and this process does its work."""
    from ecrtui.registry.process.launch import launch

    try:
        return launch()
    except OSError:
        return None
