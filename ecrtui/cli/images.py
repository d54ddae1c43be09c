"""``ecrtui images``: the images of a repository, all of them, filtered and in order."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ecrtui.catalog.filter import parse
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.documents import image_records
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
from ecrtui.ecr.findings import SEVERITIES
from ecrtui.ecr.image import Image
from ecrtui.ecr.reference import parse_reference

DEFAULT_SORT = "pushed"


def _findings(image: Image) -> tuple[int, ...] | None:
    """The counts of findings, the worst severity first."""
    counts = None if image.findings is None else dict(image.findings)
    return None if counts is None else tuple(counts.get(severity, 0) for severity in SEVERITIES)


ORDERS: dict[str, Order[Image]] = {
    "pushed": Order(lambda image: image.pushed_at, descending=True),
    "pulled": Order(lambda image: image.last_pulled_at, descending=True),
    "size": Order(lambda image: image.size, descending=True),
    "findings": Order(_findings, descending=True),
    "tag": Order(lambda image: min(image.tags, default=None)),
    "digest": Order(lambda image: image.digest),
    "kind": Order(lambda image: image.kind.value),
}


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = argparse.ArgumentParser(
        prog="ecrtui images",
        description="List the images of a repository, archived ones too; newest first.",
        epilog="pushed, pulled, size and findings come with the largest first. exit codes: 0 done, 2 usage, 7 registry",
    )
    made.add_argument("repository", metavar="REPOSITORY", help="its name, or its URI, which sets account and region")
    add_listing_options(made, ORDERS, DEFAULT_SORT)
    add_connection_options(made)
    return made


def run(arguments: Sequence[str]) -> int:
    """Print the images; the exit code."""
    options = parser().parse_args(arguments)
    return run_reading(lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    reference = parse_reference(options.repository)
    chosen = filter_from(parse, options.filter)
    order = order_of(options, ORDERS, DEFAULT_SORT)
    query = checked_query(options)

    from ecrtui.catalog.catalog import Catalog

    listing = Catalog(registry_for(options, reference)).images(reference.repository, stream=True)
    rows = filter(chosen.matches, iter_rows(listing))
    print_rows(rows, order, image_records(reference.repository), options, query, title="Images")
