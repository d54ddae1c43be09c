"""Repositories and images as commands print them: JSON documents and CSV columns."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TextIO, TypeVar

from ecrtui.cli.output import Query, plain
from ecrtui.ecr.documents import Document, image_document, repository_document
from ecrtui.ecr.image import Image
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.units import format_iso_time

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Records(Generic[Item]):
    """How one kind of row is printed."""

    member: str
    """What the list of all of them is called."""
    document: Callable[[Item], Document]
    columns: Sequence[tuple[str, Callable[[Item], object]]]
    """For CSV: the names of the columns, and what stands in them."""

    def cells(self, item: Item) -> list[object]:
        """What stands in the columns of a row."""
        return [read(item) for _, read in self.columns]


def image_records(repository: str) -> Records[Image]:
    """Images of one repository."""
    return Records(
        "imageDetails",
        partial(image_document, repository),
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
            ("imageScanStatus", lambda image: image.scan_status),
            ("findingSeverityCounts", _counts),
            ("subjectManifestDigest", lambda image: image.subject),
        ),
    )


REPOSITORY_RECORDS: Records[Repository] = Records(
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


def line_of(records: Records[Item], query: Query | None) -> Callable[[Item], str]:
    """For JSON Lines: a row as a line, or what the query finds in it."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=plain).encode

    def line(row: Item) -> str:
        document = records.document(row)
        return encode(document if query is None else query.search(document)) + "\n"

    return line


def write_csv(rows: Iterable[Sequence[object]], records: Records[Item], stream: TextIO) -> None:
    """CSV (RFC 4180, but with the line ends of everything else here), the names of the columns in the first line."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([name for name, _ in records.columns])
    writer.writerows(rows)


def entry_of(records: Records[Item]) -> Callable[[Item], str]:
    """For :func:`write_json`: a row as it stands in the list of all."""
    return lambda row: _indented(records.document(row), _INNER)


def write_json(entries: Iterable[str], records: Records[Item], stream: TextIO) -> None:
    """The whole as one JSON document, byte for byte as the other commands print theirs, but entry by entry."""
    end = f'{{\n    "{records.member}": ['
    for entry in entries:
        stream.write(end + _INNER + entry)
        end = ","
    stream.write((end + "]" if end != "," else "\n    ]") + "\n}\n")


_INNER = "\n        "


def _indented(value: Any, line: str) -> str:
    """JSON with four blanks a level; the standard library's own takes three times as long for an indented document."""
    kind = type(value)
    if kind is str:
        return _quoted(value)
    if kind is dict and value:
        within = line + "    "
        members = [f"{_quoted(name)}: {_indented(entry, within)}" for name, entry in value.items()]
        return f"{{{within}{f',{within}'.join(members)}{line}}}"
    if kind is list and value:
        within = line + "    "
        return f"[{within}{f',{within}'.join([_indented(entry, within) for entry in value])}{line}]"
    return repr(value) if kind is int else _encode(value)


_quoted = json.encoder.encode_basestring
_encode = json.JSONEncoder(ensure_ascii=False, default=plain).encode


def _counts(image: Image) -> str:
    return " ".join(f"{severity}={count}" for severity, count in image.findings or ())
