"""``ecrtui history``: every write that was made from here, newest first."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.exit_codes import ExitCode
from ecrtui.cli.output import check, write
from ecrtui.cli.write_command import add_output_options, make_parser, open_context, run_command
from ecrtui.ecr.documents import entry_document
from ecrtui.ecr.units import parse_duration, parse_iso_time
from ecrtui.errors import UsageError


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = make_parser("history", "The journal of this registry: every write that was begun from here, newest first.")
    made.add_argument("--repository", metavar="NAME", default="", help="of this repository alone")
    made.add_argument("--since", metavar="TIME", help="since 30m, 12h, 7d, 1mo ago, or an ISO 8601 time")
    made.add_argument("--plan", metavar="ID", default="", help="of this plan alone")
    made.add_argument("--limit", metavar="N", type=int, help="at most so many")
    made.add_argument(
        "--find-out", action="store_true", help="first read the registry for writes of which nobody knows what became"
    )
    add_output_options(made)
    add_connection_options(made)
    return made


def run(arguments: Sequence[str]) -> int:
    """Print the journal; the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    since = since_time(options.since, time.time()) if options.since else None
    query = check(options.output, options.query)
    engine = open_context(options).engine
    if options.find_out:
        engine.resolve_unknown()
    entries = engine.history(options.repository, since=since, plan=options.plan, limit=options.limit)
    write({"entries": [entry_document(entry) for entry in entries]}, options.output, query, title="History")
    return ExitCode.DONE


def since_time(text: str, now: float) -> float:
    """Seconds since the epoch for ``12h``, ``7d``, ``1mo`` or an ISO 8601 time (local if it names no zone).

    Raises:
        UsageError: it is neither.
    """
    age = parse_duration(text)
    moment = parse_iso_time(text) if age is None else now - age
    if moment is None:
        raise UsageError(f"{text!r} is not a time", "", "Write 30m, 12h, 7d, 1mo or 2026-11-23T18:00.")
    return moment
