"""What the commands that list have in common: options, order, progress, and output as it comes."""

from __future__ import annotations

import argparse
import heapq
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ecrtui.catalog.filter import Filter, FilterError
from ecrtui.cli.connection_options import connection_from
from ecrtui.cli.documents import Records, entry_of, line_of, write_csv, write_json
from ecrtui.cli.main import report
from ecrtui.cli.output import FORMATS, Query, check, compile_query, for_display, write
from ecrtui.errors import EcrTuiError, UsageError

if TYPE_CHECKING:
    from ecrtui.catalog.listing import Listing
    from ecrtui.ecr.reference import Reference
    from ecrtui.registry.protocol import Registry

Item = TypeVar("Item")
Made = TypeVar("Made")
Key = Callable[[Item], Any]

STREAMED = ("jsonl", "csv")
"""Formats in which each row is printed when it comes, unless an order is asked for."""
UNSORTED = "none"
DONE, USAGE, REGISTRY_ERROR = 0, 2, 7
"""Exit codes, the same as those of the commands that write."""

_FORMATS = (*FORMATS[:1], "jsonl", *FORMATS[1:], "csv")


@dataclass(frozen=True, slots=True)
class Order(Generic[Item]):
    """An order that rows can be printed in: by this key, rows without one at the end either way."""

    key: Key[Item]
    descending: bool = False


def add_listing_options(parser: argparse.ArgumentParser, orders: Mapping[str, Order[Any]], usual: str) -> None:
    """Add what is printed, in which order and how."""
    parser.add_argument("--filter", metavar="FILTER", default="", help="only what matches: the application's language")
    parser.add_argument(
        "--sort",
        choices=[*orders, UNSORTED],
        help=f"{usual} if not given; {' and '.join(STREAMED)} come as they are listed unless order or limit is given",
    )
    parser.add_argument("--reverse", action="store_true", help="the other way round")
    parser.add_argument("--limit", metavar="N", type=_limit, help="at most so many")
    group = parser.add_argument_group("output")
    group.add_argument("--output", choices=_FORMATS, default="json", help="format of the result; json if not given")
    group.add_argument("--query", metavar="JMESPATH", help="print this part of the result; with jsonl, of each row")


def filter_from(parse: Callable[[str], Filter[Item]], text: str) -> Filter[Item]:
    """The filter that an option says.

    Raises:
        UsageError: it is none; with a mark under the place.
    """
    try:
        return parse(text)
    except FilterError as error:
        mark = " " * error.position + "^" * max(1, error.end - error.position)
        raise UsageError("The filter cannot be understood", f"{error.title}\n  {text}\n  {mark}", error.hint) from None


def order_of(options: argparse.Namespace, orders: Mapping[str, Order[Item]], usual: str) -> Order[Item] | None:
    """The order that the options ask for; None for the rows as they come."""
    streamed = options.output in STREAMED and options.limit is None and not options.reverse
    name = options.sort or (UNSORTED if streamed else usual)
    order = orders.get(name)
    if order is None:
        if options.reverse:
            raise UsageError("--reverse needs an order", "", f"Take --sort {usual}.")
        return None
    return replace(order, descending=order.descending != options.reverse)


def sort_and_limit(
    rows: Iterable[Item], order: Order[Item] | None, limit: int | None, make: Callable[[Item], Made]
) -> Iterator[Made]:
    """What is made of the rows, the first ones of this order; with a limit no more than that many are held.

    Without a limit each is made when its row comes, while the next page is on its way.
    """
    if order is None:
        yield from map(make, rows if limit is None else _first(rows, limit))
        return
    unknown: list[Item] = []

    def known() -> Iterator[tuple[Any, Item]]:
        for row in rows:
            value = order.key(row)
            if value is not None:
                yield value, row
            elif limit is None or len(unknown) < limit:
                unknown.append(row)

    if limit is None:
        made = [(value, make(row)) for value, row in known()]
        made.sort(key=itemgetter(0), reverse=order.descending)
        yield from map(itemgetter(1), made)
    else:
        select = heapq.nlargest if order.descending else heapq.nsmallest
        best = select(limit, known(), key=itemgetter(0))
        yield from (make(row) for _, row in best)
        del unknown[limit - len(best) :]
    yield from map(make, unknown)


def _first(rows: Iterable[Item], limit: int) -> Iterator[Item]:
    """Like itertools.islice, but the row behind the last one is not asked for: it may be a request away."""
    if limit > 0:
        for count, row in enumerate(rows, 1):
            yield row
            if count >= limit:
                return


def checked_query(options: argparse.Namespace) -> Query | None:
    """The query, compiled, before anything is sent.

    Raises:
        UsageError: format and query do not go together, or the query is no JMESPath.
    """
    if options.output == "csv" and options.query:
        raise UsageError("--query does not go with csv", "", "Take --output jsonl, or text.")
    if options.output in STREAMED:
        return compile_query(options.query) if options.query else None
    return check(options.output, options.query)


def print_rows(
    rows: Iterable[Item],
    order: Order[Item] | None,
    records: Records[Item],
    options: argparse.Namespace,
    query: Query | None,
    *,
    title: str,
) -> None:
    """Print the rows in the order and the format that the options ask for."""

    def made(make: Callable[[Item], Made]) -> Iterator[Made]:
        return sort_and_limit(rows, order, options.limit, make)

    stream = for_display(sys.stdout, options.output)
    if options.output == "jsonl":
        stream.writelines(made(line_of(records, query)))
    elif options.output == "csv":
        write_csv(made(records.cells), records, stream)
    elif options.output == "json" and query is None:
        write_json(made(entry_of(records)), records, stream)
    else:
        write({records.member: list(made(records.document))}, options.output, query, title=title)
    sys.stdout.flush()


def iter_rows(listing: Listing[Item]) -> Iterator[Item]:
    """The rows of a listing; how far it is, and pauses, are told on standard error."""
    with _progress() as tell:
        for batch in listing:
            tell(
                f"throttled; going on in {batch.throttled:.0f} s"
                if batch.throttled
                else f"{batch.loaded:,} listed, {batch.pages:,} pages",
                lasting=bool(batch.throttled),
            )
            yield from batch.items


@contextmanager
def _progress() -> Iterator[Callable[..., None]]:
    """Tells a line on standard error, over the last one; only where nobody reads along, but for lasting ones."""
    shown = sys.stderr.isatty() and not sys.stdout.isatty()

    def tell(line: str, *, lasting: bool) -> None:
        if shown:
            sys.stderr.write(f"\r\x1b[K{line}")
        if lasting:
            sys.stderr.write("\n" if shown else f"ecrtui: {line}\n")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")


def registry_for(options: argparse.Namespace, reference: Reference | None = None) -> Registry:
    """The registry that the options describe; a reference that is a whole URI sets account and region."""
    from ecrtui.registry.redaction import log_to
    from ecrtui.wiring import open_registry

    log_to(sys.stderr if options.debug else None, debug=options.debug)
    return open_registry(connection_from(options, reference))


def run_reading(command: Callable[[], None]) -> int:
    """Run it; an error is told on standard error and becomes the exit code, a reader that has gone is none."""
    try:
        command()
    except UsageError as error:
        report(error)
        return USAGE
    except EcrTuiError as error:
        _flush()
        report(error)
        return REGISTRY_ERROR
    except BrokenPipeError:
        _drop_output()
    return DONE


def _flush() -> None:
    """What has come is printed before the error is told."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()


def _drop_output() -> None:
    """Whoever read has enough; the interpreter must not complain about it when it flushes at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _limit(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return int(text)
