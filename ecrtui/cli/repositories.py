"""``ecrtui repositories``: list the repositories of a registry."""

from __future__ import annotations

import argparse
from functools import partial

from ecrtui.catalog.filter import parse_repositories
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.context import CommandContext, make_parser, run_command
from ecrtui.cli.exit_codes import READ_CODES, ExitCode
from ecrtui.cli.list_command import (
    SortOrder,
    add_listing_options,
    parse_filter,
    print_rows,
    readable_rows,
    selected_order,
)
from ecrtui.cli.row_format import REPOSITORY_FORMAT
from ecrtui.ecr.repository import Repository

DEFAULT_SORT = "name"

SORT_ORDERS: dict[str, SortOrder[Repository]] = {
    "name": SortOrder(lambda repository: repository.name),
    "created": SortOrder(lambda repository: repository.created_at, descending=True),
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "repositories",
        "List the repositories of the registry.",
        READ_CODES,
        notes="--sort created puts the newest first.",
    )
    parser.add_argument(
        "pattern", nargs="?", metavar="PATTERN", default="", help="part of the name, or the whole name with * and ?"
    )
    add_listing_options(parser, SORT_ORDERS, DEFAULT_SORT)
    add_connection_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    named = parse_filter(parse_repositories, f"name:{options.pattern}" if options.pattern else "")
    chosen = parse_filter(parse_repositories, options.filter)
    order = selected_order(options, SORT_ORDERS, DEFAULT_SORT)

    from ecrtui.catalog.catalog import Catalog

    listing = Catalog(CommandContext(options).registry).repositories(stream=True)
    with readable_rows(listing) as rows:
        chosen_rows = filter(chosen.matches, filter(named.matches, rows))
        print_rows(chosen_rows, order, REPOSITORY_FORMAT, options, title="Repositories")
    return ExitCode.DONE


run = partial(run_command, parser, _execute)
