"""Rows of a listing as JSON documents and CSV columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, TextIO, TypeVar

from ecrtui.catalog.totals.repository_totals import RepositoryTotals, totals_document, totals_of
from ecrtui.cli.aws_cli_output import CompiledQuery, json_default
from ecrtui.ecr.csv_cells import csv_lines
from ecrtui.ecr.documents import Document, image_document, repository_document
from ecrtui.ecr.findings import counts_text
from ecrtui.ecr.image import Image
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.units import format_iso_time

if TYPE_CHECKING:
    from ecrtui.catalog.image_groups import ImageGroups

Item = TypeVar("Item")

UNKNOWN_VALUE = "?"
"""A CSV cell whose value was not read."""


@dataclass(frozen=True, slots=True)
class RowFormat(Generic[Item]):
    """How one kind of row is printed.

    Args:
        member: the name of the list in the JSON document.
        document: returns the JSON document of a row.
        columns: name and value of each CSV column.
    """

    member: str
    document: Callable[[Item], Document]
    columns: Sequence[tuple[str, Callable[[Item], object]]]

    def cells(self, item: Item) -> list[object]:
        """Return the CSV cells of a row."""
        return [value(item) for _, value in self.columns]


def image_format(repository: str, groups: ImageGroups | None = None) -> RowFormat[Image]:
    """Return the format for the images of a repository.

    Args:
        repository: the name of the repository.
        groups: which images belong together; None if that was not asked for. The rows then have no ``partOf``.
    """

    def document(image: Image) -> Document:
        owners = None if groups is None else _owners(groups, image)
        return {**image_document(repository, image), **({} if owners is None else {"partOf": owners})}

    def part_of(image: Image) -> str:
        owners = None if groups is None else _owners(groups, image)
        return UNKNOWN_VALUE if owners is None else " ".join(owners)

    return RowFormat(
        "imageDetails",
        document,
        (
            ("repositoryName", lambda image: repository),
            ("imageDigest", lambda image: image.digest),
            ("imageTags", lambda image: " ".join(image.tags)),
            ("imagePushedAt", lambda image: format_iso_time(image.pushed_at)),
            ("imageSizeInBytes", lambda image: image.size),
            ("kind", lambda image: image.kind.value),
            ("imageManifestMediaType", lambda image: image.media_type),
            ("artifactMediaType", lambda image: image.artifact_media_type),
            ("lastRecordedPullTime", lambda image: format_iso_time(image.last_pulled_at)),
            ("imageStatus", lambda image: image.status),
            ("lastArchivedAt", lambda image: format_iso_time(image.archived_at)),
            ("lastActivatedAt", lambda image: format_iso_time(image.activated_at)),
            ("imageScanStatus", _scan_status),
            ("findingSeverityCounts", _severity_counts),
            ("subjectManifestDigest", lambda image: image.subject),
            ("partOf", part_of),
        ),
    )


def _owners(groups: ImageGroups, image: Image) -> list[str] | None:
    """Return the digests of the images that an image belongs to; None if that is not known."""
    if groups.is_part(image) is None:
        return None
    return [owner for owner in groups.owners(image) if groups.find(owner) is not None]


REPOSITORY_FORMAT: RowFormat[Repository] = RowFormat(
    "repositories",
    repository_document,
    (
        ("repositoryName", lambda repository: repository.name),
        ("repositoryUri", lambda repository: repository.uri),
        ("repositoryArn", lambda repository: repository.arn),
        ("registryId", lambda repository: repository.registry_id),
        ("createdAt", lambda repository: format_iso_time(repository.created_at)),
        ("imageTagMutability", lambda repository: repository.mutability.setting),
        ("imageTagMutabilityExclusionFilters", lambda repository: " ".join(repository.mutability.exclusions)),
        ("scanOnPush", lambda repository: "true" if repository.scan_on_push else "false"),
        ("encryptionType", lambda repository: repository.encryption),
        ("kmsKey", lambda repository: repository.kms_key),
    ),
)


def _counted_document(repository: Repository) -> Document:
    totals = totals_of(repository)
    return {**repository_document(repository), "totals": None if totals is None else totals_document(totals)}


def _total(value: Callable[[RepositoryTotals], object]) -> Callable[[Repository], object]:
    def cell(repository: Repository) -> object:
        totals = totals_of(repository)
        found = None if totals is None else value(totals)
        return UNKNOWN_VALUE if found is None else found

    return cell


def _worst_counts(totals: RepositoryTotals) -> str | None:
    scan = totals.scan
    if scan is None or scan.counts is None:
        return None
    return counts_text(scan.counts)


COUNTED_REPOSITORY_FORMAT: RowFormat[Repository] = RowFormat(
    "repositories",
    _counted_document,
    (
        *REPOSITORY_FORMAT.columns,
        ("imageCount", _total(lambda totals: totals.counts.images)),
        ("taggedImageCount", _total(lambda totals: totals.counts.tagged)),
        ("partCount", _total(lambda totals: totals.counts.known_parts)),
        ("orphanCount", _total(lambda totals: totals.counts.orphans)),
        ("listedImageCount", _total(lambda totals: totals.counts.listed)),
        ("imageSizeInBytes", _total(lambda totals: totals.size)),
        ("newestImagePushedAt", _total(lambda totals: format_iso_time(totals.newest_push))),
        ("lastRecordedPullTime", _total(lambda totals: format_iso_time(totals.last_pull))),
        ("worstFindingSeverityCounts", _total(_worst_counts)),
        ("unknownScanCount", _total(lambda totals: totals.unknown_scans)),
        ("lifecycleRuleCount", _total(lambda totals: totals.rules)),
    ),
)
"""A repository with its totals. A total that is not known is ``?`` in CSV and null in JSON."""


def json_line(row_format: RowFormat[Item], query: CompiledQuery | None) -> Callable[[Item], str]:
    """Return a function that encodes a row, or what the query finds in it, as a line of JSON."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=json_default).encode

    def line(row: Item) -> str:
        document = row_format.document(row)
        return encode(document if query is None else query.search(document)) + "\n"

    return line


def write_csv(rows: Iterable[Sequence[object]], row_format: RowFormat[Item], stream: TextIO) -> None:
    """Write CSV with the column names in the first line; see :func:`csv_lines`."""
    stream.writelines(csv_lines(chain([[name for name, _ in row_format.columns]], rows)))


def json_entry(row_format: RowFormat[Item]) -> Callable[[Item], str]:
    """Return a function that encodes a row for :func:`write_json`."""
    return lambda row: _indented(row_format.document(row), _ENTRY_INDENT)


def write_json(entries: Iterable[str], row_format: RowFormat[Item], stream: TextIO) -> None:
    """Write one JSON document entry by entry, with the bytes that ``write`` gives for the whole document."""
    separator = f'{{\n    "{row_format.member}": ['
    for entry in entries:
        stream.write(separator + _ENTRY_INDENT + entry)
        separator = ","
    stream.write((separator + "]" if separator != "," else "\n    ]") + "\n}\n")


_ENTRY_INDENT = "\n        "


def _indented(value: Any, newline: str) -> str:
    """Encode JSON with four blanks a level, in a third of the time that the standard library needs."""
    kind = type(value)
    if kind is str:
        return _quoted(value)
    if kind is dict and value:
        inner = newline + "    "
        members = [f"{_quoted(name)}: {_indented(entry, inner)}" for name, entry in value.items()]
        return f"{{{inner}{f',{inner}'.join(members)}{newline}}}"
    if kind is list and value:
        inner = newline + "    "
        return f"[{inner}{f',{inner}'.join([_indented(entry, inner) for entry in value])}{newline}]"
    return repr(value) if kind is int else _encode(value)


_quoted = json.encoder.encode_basestring
_encode = json.JSONEncoder(ensure_ascii=False, default=json_default).encode


def _scan_status(image: Image) -> str:
    return image.scan_status if image.scan_known else UNKNOWN_VALUE


def _severity_counts(image: Image) -> str:
    """Return the counts by severity; ``none`` for a scan without findings, empty without a finished scan."""
    if image.findings is None:
        return "" if image.scan_known else UNKNOWN_VALUE
    return counts_text(image.findings)
