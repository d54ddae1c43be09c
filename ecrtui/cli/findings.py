"""``ecrtui findings``: list the findings of the scans of an image or a repository."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ecrtui.catalog.image_lookup import find_image
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.console import ProgressLine, print_message
from ecrtui.cli.context import CommandContext, make_parser, parse_repository_or_image, run_command
from ecrtui.cli.exit_codes import READ_CODES, ExitCode
from ecrtui.cli.list_command import (
    SortOrder,
    add_listing_options,
    parse_filter,
    print_rows,
    readable_rows,
    selected_order,
)
from ecrtui.cli.row_format import RowFormat
from ecrtui.cli.scan_lookup import require_scans
from ecrtui.ecr.image import Image, is_index
from ecrtui.ecr.manifest import parse_manifest
from ecrtui.ecr.units import format_count
from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.inspect import findings, findings_export
from ecrtui.inspect.findings import FindingRow, PlatformScan, ScanTarget
from ecrtui.inspect.findings_filter import names_status, parse_findings

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog
    from ecrtui.ecr.reference import Reference

DEFAULT_SORT = "severity"

SORT_ORDERS = {name: SortOrder(key, descending=name in findings.DESCENDING) for name, key in findings.SORT_KEYS.items()}

_STATES = (ErrorKind.SCAN_NOT_FOUND, ErrorKind.SCAN_PENDING, ErrorKind.IMAGE_NOT_FOUND)
"""Errors that are the state of one image. Any other one is a failure of the registry."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "findings",
        "REFERENCE",
        "List what the scans of an image found: one row for each vulnerability in a package, with the platforms that "
        "have it. Without a tag or digest, list the findings of all tagged images of the repository.",
        (*READ_CODES, ExitCode.FOUND, ExitCode.UNDECIDED),
        notes="If the findings of an image are not known (not scanned, in progress, failed), or a filter cannot decide "
        f"about a finding, the others are printed, and the exit code is {ExitCode.UNDECIDED.value}. So a pipeline that "
        "accepts nothing but 0 of --exit-code --filter 'severity>=high' fails if a scan is missing. Only the manifest "
        "of an index names its platforms; ECR records a pull of it.",
    )
    parser.add_argument("reference", metavar="REFERENCE", help="team/app:tag, team/app@sha256:..., a URI, or team/app")
    add_listing_options(parser, SORT_ORDERS, DEFAULT_SORT)
    parser.add_argument(
        "--exit-code", action="store_true", help=f"exit with {ExitCode.FOUND.value} if a finding matches"
    )
    parser.add_argument(
        "--read-indexes",
        action="store_true",
        help="without a tag or digest: read the manifest of each index; ECR records a pull of each",
    )
    add_connection_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    reference = parse_repository_or_image(options.reference)
    chosen = parse_filter(parse_findings, options.filter)
    order = selected_order(options, SORT_ORDERS, DEFAULT_SORT)

    from ecrtui.catalog.catalog import Catalog

    context = CommandContext(options, reference)
    require_scans(context.registry)
    catalog = Catalog(context.registry)
    if reference.tag or reference.digest:
        targets, unread = _targets_of(catalog, context, reference), 0
    else:
        targets, unread = _targets_in(catalog, context, reference.repository)
    scans = _read(context, reference.repository, targets)
    every = findings.join_findings(scans)
    rows = every if names_status(options.filter or "") else findings.open_rows(every)
    undecided = [rows[index] for index in chosen.undecided(rows)]
    matching = chosen.select(rows)
    print_rows(matching, order, _row_format(options), options, title="Findings")
    unknown = findings.unknown_scans(scans)
    _report(unknown, undecided, unread)
    if len(rows) < len(every):
        left_out = findings.not_open_text(every)
        print_message(f"not listed, because Amazon Inspector says so: {left_out}. Add status:suppressed to see them.")
    if failure := _failure(unknown):
        raise failure
    if options.exit_code and matching:
        return ExitCode.FOUND
    return ExitCode.UNDECIDED if unknown or undecided or unread else ExitCode.DONE


def _row_format(options: argparse.Namespace) -> RowFormat[FindingRow]:
    """Return the format of a row. A table without a query has only the members that fit on a line."""
    is_short = options.output == "table" and options.query is None
    document = findings_export.short_document if is_short else findings_export.finding_document
    return RowFormat(findings_export.MEMBER, document, findings_export.COLUMNS)


def _targets_of(catalog: Catalog, context: CommandContext, reference: Reference) -> Sequence[ScanTarget]:
    """Return the images to scan of one image.

    Raises:
        NotFound: there is no such image, or it is an index without images.
    """
    repository, found = reference.repository, find_image(context.registry, reference)
    manifest = parse_manifest(catalog.manifest(repository, found.digest).text) if _may_be_index(found) else None
    tags = () if manifest else found.tags
    targets = findings.scan_targets(found.digest, manifest, tags, is_artifact=found.kind.is_artifact)
    if not targets:
        raise findings.no_targets(found.digest)
    return targets


def _targets_in(catalog: Catalog, context: CommandContext, repository: str) -> tuple[Sequence[ScanTarget], int]:
    """Return the images to scan of all tagged images, and the number of indexes whose platforms are not known."""
    with readable_rows(catalog.images(repository, stream=True)) as rows:
        images = [image for image in rows if image.tags and not image.archived and not image.kind.is_artifact]
    indexes = [image.digest for image in images if _may_be_index(image)]
    read = catalog.prefetch if context.may_read_indexes(repository) else catalog.kept_manifests
    known = {manifest.digest: parse_manifest(manifest.text) for manifest in read(repository, indexes)}
    targets = [
        target
        for image in images
        if image.digest in known or not _may_be_index(image)
        for target in findings.scan_targets(image.digest, known.get(image.digest), image.tags)
    ]
    return list({target.digest: target for target in targets}.values()), len(indexes) - len(known)


def _may_be_index(image: Image) -> bool:
    """Return True for an index. A listing does not always have a media type."""
    return is_index(image.media_type) or not image.media_type


def _read(context: CommandContext, repository: str, targets: Sequence[ScanTarget]) -> Sequence[PlatformScan]:
    """Return the scans in the order of the targets; show progress on standard error."""
    found: dict[str, PlatformScan] = {}
    with ProgressLine(shown=not sys.stdout.isatty()) as progress:
        for scan in findings.read_scans(context.registry, repository, targets):
            found[scan.target.digest] = scan
            progress.update(f"findings known for {len(found):,} of {format_count(len(targets), 'image')}")
    return [found[target.digest] for target in targets]


def _report(unknown: Sequence[PlatformScan], undecided: Sequence[FindingRow], unread: int) -> None:
    """Print what is not known on standard error."""
    for state, number in Counter(scan.state for scan in unknown).items():
        named = next(scan for scan in unknown if scan.state == state)
        others = f" and {format_count(number - 1, 'other image')}" if number > 1 else ""
        print_message(f"findings of {named.target.name}{others} are not known ({state}): {named.reason}")
    if undecided:
        count = format_count(len(undecided), "finding")
        hint = "Add fix:unknown, exploit:unknown … to see them, or !fix:unknown … to leave them out."
        print_message(f"the filter cannot decide about {count}: the scans do not have what it needs. {hint}")
    if unread:
        count = format_count(unread, "index", "indexes")
        print_message(f"the platforms of {count} are not known. --read-indexes reads them.")


def _failure(unknown: Sequence[PlatformScan]) -> EcrTuiError | None:
    """Return the first error that is not the state of an image."""
    return next((scan.error for scan in unknown if scan.error and scan.error.kind not in _STATES), None)


run = partial(run_command, parser, _execute)
