"""The parts that the listing commands share: options, sort order, progress and streamed output."""

from __future__ import annotations

import argparse
import heapq
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ecrtui.catalog.filter import Filter, FilterError
from ecrtui.cli.argument_types import count
from ecrtui.cli.aws_cli_output import for_display, write
from ecrtui.cli.console import ProgressLine
from ecrtui.cli.output_options import STREAMED_FORMATS, add_listing_output_options
from ecrtui.cli.row_format import RowFormat, json_entry, json_line, write_csv, write_json
from ecrtui.errors import IncompleteListing, UsageError

if TYPE_CHECKING:
    from ecrtui.catalog.listing.listing import Listing

Item = TypeVar("Item")
Converted = TypeVar("Converted")

UNSORTED = "none"


@dataclass(frozen=True, slots=True)
class SortOrder(Generic[Item]):
    """A sort order. Rows whose key is None come last in both directions."""

    key: Callable[[Item], Any]
    descending: bool = False


def add_listing_options(parser: argparse.ArgumentParser, orders: Mapping[str, SortOrder[Any]], default: str) -> None:
    """Add the options that filter, sort and limit the rows, and those of the output.

    Args:
        parser: the parser of the command.
        orders: the sort orders by name.
        default: the name of the default order.
    """
    parser.add_argument(
        "--filter",
        metavar="FILTER",
        default="",
        help="show only matching rows; the filter of the application (key /) has the same syntax",
    )
    parser.add_argument(
        "--sort",
        metavar="ORDER",  # the choices would make the usage wider than a terminal
        choices=[*orders, UNSORTED],
        help=f"sort order: {', '.join([*orders, UNSORTED])} (default: {default}; with "
        f"{' or '.join(STREAMED_FORMATS)} the order of arrival, unless --reverse or --limit is given)",
    )
    parser.add_argument("--reverse", action="store_true", help="reverse the sort order")
    parser.add_argument("--limit", metavar="N", type=count, help="show at most N rows")
    add_listing_output_options(parser)


def parse_filter(parse: Callable[[str], Filter[Item]], text: str) -> Filter[Item]:
    """Parse the text of a filter option.

    Raises:
        UsageError: the text is not a filter; the detail marks the position.
    """
    try:
        return parse(text)
    except FilterError as error:
        from ecrtui.inspect.filter_lists import naming_lists

        mark = " " * error.position + "^" * max(1, error.end - error.position)
        hint = naming_lists(error, text).hint
        raise UsageError("Invalid filter", f"{error.title}\n{text}\n{mark}", hint) from None


def selected_order(
    options: argparse.Namespace, orders: Mapping[str, SortOrder[Item]], default: str
) -> SortOrder[Item] | None:
    """Return the order that the options select; None for the order of arrival.

    Raises:
        UsageError: ``--reverse`` without an order.
    """
    streamed = options.output in STREAMED_FORMATS and options.limit is None and not options.reverse
    name = options.sort or (UNSORTED if streamed else default)
    order = orders.get(name)
    if order is None:
        if options.reverse:
            raise UsageError("--reverse needs a sort order", "", f"Use --sort {default}.")
        return None
    return replace(order, descending=order.descending != options.reverse)


def sort_and_limit(
    rows: Iterable[Item], order: SortOrder[Item] | None, limit: int | None, convert: Callable[[Item], Converted]
) -> Iterator[Converted]:
    """Yield the converted rows in order.

    With a limit, at most that many rows are kept in memory. Without one, each row is converted when it arrives, while
    the next page is still on its way.
    """
    if order is None:
        yield from map(convert, rows if limit is None else _first(rows, limit))
        return
    without_key: list[Item] = []

    def keyed() -> Iterator[tuple[Any, Item]]:
        for row in rows:
            key = order.key(row)
            if key is not None:
                yield key, row
            elif limit is None or len(without_key) < limit:
                without_key.append(row)

    if limit is None:
        converted = [(key, convert(row)) for key, row in keyed()]
        converted.sort(key=itemgetter(0), reverse=order.descending)
        yield from map(itemgetter(1), converted)
    else:
        select = heapq.nlargest if order.descending else heapq.nsmallest
        best = select(limit, keyed(), key=itemgetter(0))
        yield from (convert(row) for _, row in best)
        del without_key[limit - len(best) :]
    yield from map(convert, without_key)


def _first(rows: Iterable[Item], limit: int) -> Iterator[Item]:
    """Yield the first rows. Unlike itertools.islice, never ask for the row after them: it may cost a request."""
    if limit > 0:
        for count, row in enumerate(rows, 1):
            yield row
            if count >= limit:
                return


def print_rows(
    rows: Iterable[Item],
    order: SortOrder[Item] | None,
    row_format: RowFormat[Item],
    options: argparse.Namespace,
    *,
    title: str,
) -> bool:
    """Print the rows in this order and in the format that the options select.

    Return False if nothing was found: there are no rows, or the query selects nothing from them.

    Args:
        rows: the rows as they arrive.
        order: the sort order; None for the order of arrival.
        row_format: how a row is printed.
        options: the options of :func:`add_listing_options`, checked.
        title: the heading of a table.
    """

    found = False

    def converted(convert: Callable[[Item], Converted]) -> Iterator[Converted]:
        nonlocal found
        for row in sort_and_limit(rows, order, options.limit, convert):
            found = found or row not in _NOTHING_LINES
            yield row

    stream = for_display(sys.stdout, options.output)
    if options.output == "jsonl":
        stream.writelines(converted(json_line(row_format, options.query)))
    elif options.output == "csv":
        write_csv(converted(row_format.cells), row_format, stream)
    elif options.output == "json" and options.query is None:
        write_json(converted(json_entry(row_format)), row_format, stream)
    else:
        document: Any = {row_format.member: list(converted(row_format.document))}
        if options.query is not None:
            document = options.query.search(document)
            found = bool(document)
        write(document, options.output, title=title)
    return found


_NOTHING_LINES = ("null\n", "[]\n", "{}\n", '""\n', "false\n")
"""The lines of JSON for a query that selects nothing from a row."""


@contextmanager
def readable_rows(listing: Listing[Item]) -> Iterator[Iterator[Item]]:
    """Yield an iterator over the rows; show progress and report throttling on standard error.

    Raises:
        IncompleteListing: some rows could not be read. Raised at the end of the block, when the others are printed.
    """
    unreadable: list[IncompleteListing] = []
    yield _iter_rows(listing, unreadable)
    if unreadable:
        raise unreadable[0]


def _iter_rows(listing: Listing[Item], unreadable: list[IncompleteListing]) -> Iterator[Item]:
    with ProgressLine(shown=not sys.stdout.isatty()) as progress:
        try:
            for batch in listing:
                if batch.throttled:
                    progress.log_throttling(batch.throttled)
                else:
                    progress.update(f"{batch.loaded:,} rows, {batch.pages:,} pages")
                yield from batch.items
        except IncompleteListing as error:
            unreadable.append(error)
