"""``ecrtui [REFERENCE]``: open the application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecrtui.cli.screen_terminal import missing_terminal
from ecrtui.ecr.reference import Reference
from ecrtui.gc_tuning import disable_gc
from ecrtui.registry.process.launch import launch_early
from ecrtui.settings import Connection

if TYPE_CHECKING:
    from ecrtui.cli.browse_options import BrowseRequest


def run(arguments: Sequence[str]) -> int:
    """Open the application and return its exit code."""
    connection, start, flags = parse_request(arguments)
    missing = missing_terminal()
    if missing:
        from ecrtui.cli.console import print_message  # the first frame does not need it

        print_message(f"{missing}; ecrtui --help lists commands that need none")
        return 2

    disable_gc()
    launched = launch_early()  # it loads boto3 while this process loads Textual
    from ecrtui.tui.asyncio_import import import_asyncio

    import_asyncio()
    from ecrtui.application import run_application

    return run_application(connection, start, flags, launched)


def parse_request(arguments: Sequence[str]) -> BrowseRequest | tuple[Connection, Reference, dict[str, object]]:
    """Parse the command line. Without arguments argparse is not loaded, so that the first frame comes sooner."""
    if not arguments:
        return Connection(), Reference(), {}
    from ecrtui.cli.browse_options import parse

    return parse(arguments)
