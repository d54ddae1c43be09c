"""``ecrtui images``: list the images of a repository."""

from __future__ import annotations

import argparse
from functools import partial

from ecrtui.catalog.filter import Knowledge, parse
from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.context import CommandContext, make_parser, parse_repository, run_command
from ecrtui.cli.exit_codes import READ_CODES, ExitCode
from ecrtui.cli.list_command import (
    SortOrder,
    add_listing_options,
    parse_filter,
    print_rows,
    readable_rows,
    selected_order,
)
from ecrtui.cli.part_lookup import PartLookup
from ecrtui.cli.row_format import image_format
from ecrtui.cli.scan_lookup import ScanLookup, reads_scans, require_scans
from ecrtui.ecr.findings import severity_numbers
from ecrtui.ecr.image import Image

DEFAULT_SORT = "pushed"


def _finding_counts(image: Image) -> tuple[int, ...] | None:
    """Return the number of findings per severity, the worst severity first."""
    return None if image.findings is None else severity_numbers(image.findings)


SORT_ORDERS: dict[str, SortOrder[Image]] = {
    "pushed": SortOrder(lambda image: image.pushed_at, descending=True),
    "pulled": SortOrder(lambda image: image.last_pulled_at, descending=True),
    "size": SortOrder(lambda image: image.size, descending=True),
    "findings": SortOrder(_finding_counts, descending=True),
    "tag": SortOrder(lambda image: min(image.tags, default=None)),
    "digest": SortOrder(lambda image: image.digest),
    "kind": SortOrder(lambda image: image.kind.value),
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "images",
        "REPOSITORY",
        "List the images of a repository, archived images included, newest first.",
        (*READ_CODES, ExitCode.UNDECIDED),
        notes="--sort pushed, pulled, size and findings put the largest value first. Findings cost a request for each "
        "image; they are read for --findings, --sort findings, a filter such as severity>=high, and a query of "
        "imageScanFindingsSummary or imageScanStatus. With --read-indexes, or if the filter asks which images belong "
        "together, partOf has the digests of the indexes and subjects of an image, as far as they are known. If a "
        "filter cannot decide about an image, the images that match are printed, and the exit code is "
        f"{ExitCode.UNDECIDED.value}.",
    )
    parser.add_argument("repository", metavar="REPOSITORY", help="name, URI or ARN; URI and ARN set account and region")
    add_listing_options(parser, SORT_ORDERS, DEFAULT_SORT)
    parser.add_argument("--findings", action="store_true", help="read the scan of each image that is printed")
    parser.add_argument(
        "--read-indexes",
        action="store_true",
        help="read the manifest of each index, for is:untagged, is:part, of:… and partOf in the output; ECR records a "
        "pull of each",
    )
    add_connection_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    reference = parse_repository(options.repository)
    groups = ImageGroups()

    def protects(tag: str) -> bool:
        return WritePolicy(context.settings.protected_tags).protects(tag)

    chosen = parse_filter(lambda text: parse(text, groups=groups, protects=protects), options.filter)
    order = selected_order(options, SORT_ORDERS, DEFAULT_SORT)

    from ecrtui.catalog.catalog import Catalog
    from ecrtui.retag.planner import WritePolicy

    context, repository = CommandContext(options, reference), reference.repository
    of_all = reads_scans(options)
    if of_all or Knowledge.FINDINGS in chosen.needs:
        require_scans(context.registry)
    catalog = Catalog(context.registry)
    scans = ScanLookup(catalog, repository, chosen, of_all=of_all)
    needs_parts = Knowledge.INDEX_PARTS in chosen.needs or options.read_indexes
    part_lookup = PartLookup(catalog, repository, groups, read=needs_parts and context.may_read_indexes(repository))
    listing = catalog.images(repository, stream=True)
    with readable_rows(listing) as rows:
        if needs_parts:
            images = list(rows)
            part_lookup.look_up(images, listed=listing.whole)
            rows = iter(images)
        found = print_rows(
            scans.matching(rows),
            order,
            image_format(repository, groups if needs_parts else None),
            options,
            title="Images",
        )
    scans.report()
    part_lookup.report(scans.maybe_parts)
    return ExitCode.UNDECIDED if scans.is_undecided(found=found) else ExitCode.DONE


run = partial(run_command, parser, _execute)
