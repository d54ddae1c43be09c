"""``ecrtui [REFERENCE]``: the application."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ecrtui.ecr.reference import Reference
from ecrtui.gc_tuning import disable_gc
from ecrtui.settings import Connection

if TYPE_CHECKING:
    from ecrtui.registry.process.launch import LaunchedProcess


def run(arguments: Sequence[str]) -> int:
    """Open the application; the exit code."""
    connection, start, flags = _asked(arguments)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("ecrtui: the application needs a terminal; see ecrtui --help for commands that do not", file=sys.stderr)
        return 2

    disable_gc()
    launched = _launched()
    from ecrtui.wiring import run_application

    return run_application(connection, start, flags, launched)


def _asked(arguments: Sequence[str]) -> tuple[Connection, Reference, Mapping[str, Any]]:
    """What the line asks for; the first frame does not wait for argparse where there is nothing to read."""
    if not arguments:
        return Connection(), Reference(), {}
    from ecrtui.cli.browse_options import parse

    return parse(arguments)


def _launched() -> LaunchedProcess | None:
    """The registry's process, as early as can be; None where there can be none, and this process does its work."""
    from ecrtui.registry.process.launch import launch

    try:
        return launch()
    except OSError:
        return None
