"""``ecrtui history``: print the journal of writes."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial

from ecrtui.cli.argument_types import count, given_text
from ecrtui.cli.aws_cli_output import FORMATS, write
from ecrtui.cli.aws_cli_output.terminal import on_terminal, terminal_width
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.console import print_message
from ecrtui.cli.context import CommandContext, make_parser, parse_repository, run_command
from ecrtui.cli.exit_codes import READ_CODES, ExitCode
from ecrtui.cli.output_options import ROW_FORMATS, add_output_options, print_text
from ecrtui.cli.plain_table import plain_table
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.documents import entry_document
from ecrtui.ecr.reference import Reference
from ecrtui.ecr.units import UNKNOWN, parse_duration, parse_iso_time
from ecrtui.errors import UsageError
from ecrtui.retag.change_record import history_texts
from ecrtui.retag.journal.entry import JournalEntry


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "history",
        "",
        "List the writes to this registry that were made from this computer, newest first.",
        (*READ_CODES, ExitCode.REFUSED),
        notes=f"The exit code is {ExitCode.REFUSED.value} if the journal cannot be read.",
    )
    parser.add_argument("--repository", metavar="NAME", type=given_text, help="only this repository")
    parser.add_argument(
        "--since",
        metavar="TIME",
        type=given_text,
        help="only writes since then: 30m, 12h, 7d or 1mo ago, or an ISO 8601 time",
    )
    parser.add_argument("--plan", metavar="ID", type=given_text, help="only this plan")
    parser.add_argument("--limit", metavar="N", type=count, help="show at most N writes")
    parser.add_argument("--resolve-unknown", action="store_true", help="first resolve writes whose outcome is unknown")
    add_output_options(parser, (*FORMATS, *ROW_FORMATS))
    add_connection_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    since = parse_since(options.since, time.time()) if options.since else None
    reference = Reference() if options.repository is None else parse_repository(options.repository)
    engine = CommandContext(options, reference).engine
    if options.resolve_unknown:
        engine.history.resolve_unknown()
    entries = engine.history.search(reference.repository, since=since, plan=options.plan or "", limit=options.limit)
    if options.output in ROW_FORMATS:
        print_text(history_texts(entries), options.output)
    elif options.output == "table" and not options.query_text:
        sys.stdout.writelines(_table(entries))
    else:
        document = {"entries": [entry_document(entry) for entry in entries]}
        write(document, options.output, options.query, title="History")
    if entries and (left := entries[0].unsent_in_words):
        print_message(left)
    return ExitCode.DONE


run = partial(run_command, parser, _execute)


def _table(entries: Sequence[JournalEntry]) -> Iterator[str]:
    """Yield the lines of a table that fits the terminal: the last columns are left out where they do not fit."""
    titles = ("TIME (UTC)", "OUTCOME", "REPOSITORY", "TAG", "BEFORE", "AFTER", "COMMAND", "PLAN", "USER")
    rows = [
        (
            _short_time(entry.begun_at),
            f"undone by {entry.undone_by}" if entry.undone_by else str(entry_document(entry)["outcome"]),
            entry.repository,
            entry.tag or ("?" if entry.damaged else "<untagged>"),
            short_digest(entry.before) or ("?" if entry.damaged else "-"),
            short_digest(entry.after) or ("?" if entry.damaged else "-"),
            entry.kind,
            entry.plan,
            entry.principal,
        )
        for entry in entries
    ]
    return plain_table(titles, rows, terminal_width() if on_terminal() else None)


def _short_time(moment: float | None) -> str:
    """Return a time of this year without the year: ``11-27 13:45``."""
    if moment is None:
        return UNKNOWN
    words = "%m-%d %H:%M" if time.gmtime(moment).tm_year == time.gmtime().tm_year else "%Y-%m-%d"
    return time.strftime(words, time.gmtime(moment))


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
