"""``ecrtui history``: print the journal of writes."""

from __future__ import annotations

import argparse
import time
from functools import partial

from ecrtui.cli.argument_types import count
from ecrtui.cli.aws_cli_output import write
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.context import CommandContext, make_parser, run_command
from ecrtui.cli.exit_codes import ExitCode
from ecrtui.cli.output_options import add_output_options
from ecrtui.ecr.documents import entry_document
from ecrtui.ecr.units import parse_duration, parse_iso_time
from ecrtui.errors import UsageError


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "history",
        "List the writes to this registry that were made from this computer, newest first.",
        (ExitCode.DONE, ExitCode.USAGE, ExitCode.REFUSED, ExitCode.REGISTRY_ERROR, ExitCode.INTERRUPTED),
        notes="It is refused if the journal cannot be opened.",
    )
    parser.add_argument("--repository", metavar="NAME", default="", help="only this repository")
    parser.add_argument(
        "--since", metavar="TIME", help="only writes since then: 30m, 12h, 7d or 1mo ago, or an ISO 8601 time"
    )
    parser.add_argument("--plan", metavar="ID", default="", help="only this plan")
    parser.add_argument("--limit", metavar="N", type=count, help="show at most N")
    parser.add_argument("--resolve-unknown", action="store_true", help="first resolve writes whose outcome is unknown")
    add_output_options(parser)
    add_connection_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    since = parse_since(options.since, time.time()) if options.since else None
    engine = CommandContext(options).engine
    if options.resolve_unknown:
        engine.resolve_unknown()
    entries = engine.history(options.repository, since=since, plan=options.plan, limit=options.limit)
    write({"entries": [entry_document(entry) for entry in entries]}, options.output, options.query, title="History")
    return ExitCode.DONE


run = partial(run_command, parser, _execute)


def parse_since(text: str, now: float) -> float:
    """Return seconds since the epoch for ``12h``, ``7d``, ``1mo`` or an ISO 8601 time (local if it names no zone).

    Raises:
        UsageError: the text is neither an age nor a time.
    """
    age = parse_duration(text)
    moment = parse_iso_time(text) if age is None else now - age
    if moment is None:
        raise UsageError(f"{text!r} is not a time", "", "Write 30m, 12h, 7d, 1mo or 2026-11-23T18:00.")
    return moment
