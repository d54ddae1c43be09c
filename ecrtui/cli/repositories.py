"""``ecrtui repositories``: the repositories of a registry, all of them, filtered and in order."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ecrtui.catalog.filter import parse_repositories
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.documents import REPOSITORY_RECORDS
from ecrtui.cli.list_command import (
    Order,
    add_listing_options,
    checked_query,
    filter_from,
    iter_rows,
    order_of,
    print_rows,
    registry_for,
    run_reading,
)
from ecrtui.ecr.repository import Repository

DEFAULT_SORT = "name"

ORDERS: dict[str, Order[Repository]] = {
    "name": Order(lambda repository: repository.name),
    "created": Order(lambda repository: repository.created_at, descending=True),
}


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = argparse.ArgumentParser(
        prog="ecrtui repositories",
        description="List the repositories of the registry.",
        epilog="created comes with the newest first. exit codes: 0 done, 2 usage, 7 registry",
    )
    made.add_argument(
        "pattern", nargs="?", metavar="PATTERN", default="", help="a part of the name, or the whole with * and ? in it"
    )
    add_listing_options(made, ORDERS, DEFAULT_SORT)
    add_connection_options(made)
    return made


def run(arguments: Sequence[str]) -> int:
    """Print the repositories; the exit code."""
    options = parser().parse_args(arguments)
    return run_reading(lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    named = filter_from(parse_repositories, f"name:{options.pattern}" if options.pattern else "")
    chosen = filter_from(parse_repositories, options.filter)
    order = order_of(options, ORDERS, DEFAULT_SORT)
    query = checked_query(options)

    from ecrtui.catalog.catalog import Catalog

    listing = Catalog(registry_for(options)).repositories(stream=True)
    rows = filter(chosen.matches, filter(named.matches, iter_rows(listing)))
    print_rows(rows, order, REPOSITORY_RECORDS, options, query, title="Repositories")
