"""``ecrtui repositories``: list the repositories of a registry, with their totals if asked for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from ecrtui.catalog.filter import Filter, Knowledge, parse_repositories
from ecrtui.catalog.totals.repository_totals import RepositoryTotals, totals_of, with_totals
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.console import ProgressLine, print_message
from ecrtui.cli.context import CommandContext, make_parser, run_command
from ecrtui.cli.exit_codes import READ_CODES, ExitCode
from ecrtui.cli.list_command import (
    SortOrder,
    add_listing_options,
    parse_filter,
    print_rows,
    readable_rows,
    selected_order,
    sort_and_limit,
)
from ecrtui.cli.row_format import COUNTED_REPOSITORY_FORMAT, REPOSITORY_FORMAT
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.units import format_count, format_number
from ecrtui.errors import UsageError

if TYPE_CHECKING:
    from ecrtui.catalog.cache.store import Cache
    from ecrtui.catalog.catalog import Catalog

DEFAULT_SORT = "name"


def _total(value: Callable[[RepositoryTotals], float | None]) -> SortOrder[Repository]:
    def key(repository: Repository) -> float | None:
        totals = totals_of(repository)
        return None if totals is None else value(totals)

    return SortOrder(key, descending=True)


TOTAL_ORDERS: dict[str, SortOrder[Repository]] = {
    "images": _total(lambda totals: totals.counts.images),
    "size": _total(lambda totals: totals.size),
    "pushed": _total(lambda totals: totals.newest_push),
    "pulled": _total(lambda totals: totals.last_pull),
}
"""The sort orders that need the totals."""

SORT_ORDERS: dict[str, SortOrder[Repository]] = {
    "name": SortOrder(lambda repository: repository.name),
    "created": SortOrder(lambda repository: repository.created_at, descending=True),
    **TOTAL_ORDERS,
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "repositories",
        "[PATTERN]",
        "List the repositories of the registry.",
        (*READ_CODES, ExitCode.UNDECIDED),
        notes="--sort created puts the newest first. --sort images, size, pushed and pulled need --totals, and put the "
        "greatest first.",
    )
    parser.add_argument(
        "pattern", nargs="?", metavar="PATTERN", default="", help="part of the name, or the whole name with * and ?"
    )
    parser.add_argument(
        "--totals",
        action="store_true",
        help="count the images of each repository, one request for each 1,000, and read its lifecycle policy. If a "
        "repository cannot be counted, it is printed without totals, and the exit code is "
        f"{ExitCode.UNDECIDED.value}",
    )
    add_listing_options(parser, SORT_ORDERS, DEFAULT_SORT)
    add_connection_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    named = parse_filter(parse_repositories, f"name:{options.pattern}" if options.pattern else "")
    chosen = parse_filter(parse_repositories, options.filter)
    order = selected_order(options, SORT_ORDERS, DEFAULT_SORT)

    if options.sort in TOTAL_ORDERS and not options.totals:
        raise UsageError(f"--sort {options.sort} needs --totals", "", "Add --totals.")
    of_totals = Knowledge.TOTALS in chosen.needs
    if of_totals and not options.totals:
        raise UsageError("a filter on totals needs --totals", "", "Add --totals.")

    from ecrtui.catalog.catalog import Catalog

    context = CommandContext(options)
    catalog = Catalog(context.registry, _cache(context) if options.totals else None)
    failed: list[str] = []
    inexact: list[str] = []
    undecided: list[str] = []
    with readable_rows(catalog.repositories(stream=True)) as rows:
        named_rows = filter(named.matches, rows)
        if of_totals:  # count what the rest of the filter selects
            listed = list(named_rows)
            possible = [listed[index] for index in chosen.relevant(listed)]
            chosen_rows = _decided(chosen, _counted(catalog, possible, failed, inexact), undecided)
        else:
            chosen_rows = filter(chosen.matches, named_rows)
            if options.totals:
                if options.limit is not None and options.sort not in TOTAL_ORDERS:  # count only what is printed
                    chosen_rows = sort_and_limit(chosen_rows, order, options.limit, lambda repository: repository)
                chosen_rows = _counted(catalog, chosen_rows, failed, inexact)
        row_format = COUNTED_REPOSITORY_FORMAT if options.totals else REPOSITORY_FORMAT
        print_rows(chosen_rows, order, row_format, options, title="Repositories")
    if inexact:
        count = format_count(len(inexact), "repository", "repositories")
        print_message(f"In {count}, imageCount may include parts of indexes: not all of the indexes were read before.")
    if failed:
        count = format_count(len(failed), "repository", "repositories")
        print_message(f"The totals are not complete: {count} could not be counted.")
    if undecided:
        count = format_count(len(undecided), "repository", "repositories")
        print_message(f"The filter cannot decide about {count}: too little is known of the totals.")
    return ExitCode.UNDECIDED if failed or undecided else ExitCode.DONE


def _decided(chosen: Filter[Repository], rows: Iterable[Repository], undecided: list[str]) -> Iterator[Repository]:
    """Yield the counted repositories that the filter selects.

    Args:
        chosen: the filter.
        rows: the repositories.
        undecided: receives the names of those about which it cannot decide.
    """
    for row in rows:
        if chosen.matches(row):
            yield row
        elif chosen.undecided((row,)):
            undecided.append(row.name)


def _cache(context: CommandContext) -> Cache | None:
    """Return the cache: it has the indexes that were read before."""
    from ecrtui.wiring import open_cache

    return open_cache(context.registry.location(), context.settings, print_message)


def _counted(
    catalog: Catalog, repositories: Iterable[Repository], failed: list[str], inexact: list[str]
) -> Iterator[Repository]:
    """Yield the repositories with their totals, as they are counted.

    Args:
        catalog: counts them.
        repositories: the repositories.
        failed: receives the names of those that could not be counted; each is reported.
        inexact: receives the names of those in which an image may be a part of an index that was not read.
    """
    by_name = {repository.name: repository for repository in repositories}
    with ProgressLine(shown=not sys.stdout.isatty()) as progress:
        for batch in catalog.totals(list(by_name)):
            if batch.throttled:
                progress.log_throttling(batch.throttled)
            progress.update(f"{format_number(batch.done)} of {format_number(len(by_name))} repositories counted")
            for name, error in batch.failures.items():
                failed.append(name)
                print_message(f"{name} could not be counted: {error.with_hint()}")
                yield by_name[name]
            for name, totals in batch.totals.items():
                if not totals.counts.is_exact:
                    inexact.append(name)
                yield with_totals(by_name[name], totals)


run = partial(run_command, parser, _execute)
