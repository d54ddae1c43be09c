"""The options ``--output`` and ``--query``: their check before a command sends anything, and the formats of rows."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ecrtui.cli.aws_cli_output import FORMATS, check_format, for_display
from ecrtui.ecr.text_formats import Texts
from ecrtui.errors import UsageError

STREAMED_FORMATS = ("jsonl", "csv")
"""Formats of the listing commands that print each row as it arrives."""

ROW_FORMATS = ("csv", "markdown")
"""Formats that have the rows of a result, not its document."""

QUERY_FORMAT = "json"
"""The format of a query without ``--output``."""

LISTING_FORMATS = (*FORMATS[:1], "jsonl", *FORMATS[1:], "csv")


def add_output_options(
    parser: argparse.ArgumentParser,
    formats: Sequence[str] = FORMATS,
    *,
    default: str = "json",
    without_query: Sequence[str] = ROW_FORMATS,
    query_help: str = "print only this part of the result",
) -> None:
    """Add ``--output`` and ``--query``.

    Args:
        parser: the parser of the command.
        formats: the formats of the command.
        default: the format without ``--output`` and ``--query``. A query has JSON: a table drops a single value.
        without_query: formats that ``--query`` does not work with.
        query_help: the help of ``--query``.
    """
    group = parser.add_argument_group("output")
    group.add_argument(
        "--output",
        metavar="FORMAT",  # the choices would make the usage wider than a terminal
        choices=formats,
        help=f"output format: {', '.join(formats)} (default: {default}"
        f"{'' if default == QUERY_FORMAT else f'; with --query {QUERY_FORMAT}'})",
    )
    group.add_argument("--query", metavar="JMESPATH", help=query_help)
    parser.set_defaults(default_output=default, without_query=without_query)


def add_listing_output_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--output`` and ``--query`` of a command that prints rows."""
    add_output_options(
        parser, LISTING_FORMATS, query_help="print only this part of the result; with jsonl, of each row"
    )


def print_text(texts: Texts, row_format: str) -> None:
    """Print the text of a result in one of :data:`ROW_FORMATS`."""
    make_text = next(make_text for name, make_text in texts.items() if name.lower() == row_format)
    for_display(sys.stdout, row_format).write(make_text())


def check_output(options: argparse.Namespace) -> None:
    """Choose the format; check it, the encoding and the query; replace the query by the compiled query.

    ``query_text`` keeps the text.

    Raises:
        UsageError: the query is not valid JMESPath or does not go with the format, or the encoding is unknown.
    """
    if not hasattr(options, "output"):
        return
    if options.output is None:
        options.output = options.default_output if options.query is None else QUERY_FORMAT
    if options.query is not None and options.output in options.without_query:
        raise UsageError(f"--query does not work with {options.output}", "", f"Use --output {QUERY_FORMAT}.")
    options.query_text = options.query or ""
    format = "json" if options.output not in FORMATS else options.output  # noqa: A001 - the option's word
    options.query = check_format(format, options.query)
