"""The columns of a list of images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from textual.content import Content

from ecrtui.ecr import units
from ecrtui.ecr.digest import SHORT_DIGITS, short_digest
from ecrtui.ecr.findings import SEVERITIES, FindingCounts, ImageScan, scan_status_text, severity_numbers
from ecrtui.ecr.image import Image, ImageKind
from ecrtui.tui.lists.age_column import age_column
from ecrtui.tui.table.column_layout import Column

if TYPE_CHECKING:
    from ecrtui.catalog.image_groups import ImageGroups

KIND_WIDTH = 12
"""Cells of the kind of an image."""

SHOWN_SEVERITIES = 2
"""The severities whose number of findings a cell shows: the worst ones."""

_SHORT_KINDS = {
    ImageKind.HELM: "helm",
    ImageKind.SIGNATURE: "sig",
    ImageKind.ATTESTATION: "att",
    ImageKind.PROVENANCE: "prov",
    ImageKind.SIGSTORE_BUNDLE: "sigstore",
    ImageKind.WASM: "wasm",
    ImageKind.SOCI: "soci",
}
"""Short words for kinds; the other kinds are short. The filter finds the short words too: they begin the long ones."""

_ARCHIVED = "archived"

_SHORT_WORDS = {kind.value: word for kind, word in _SHORT_KINDS.items()}

_SHORT_STATES = {
    "NOT_SCANNED": "·",
    "IN_PROGRESS": "scanning",
    "PENDING": "pending",
    "UNSUPPORTED_IMAGE": "unsupported",
    "SCAN_ELIGIBILITY_EXPIRED": "expired",
    "FINDINGS_UNAVAILABLE": "unavailable",
    "LIMIT_EXCEEDED": "over limit",
}
"""Short texts in place of findings, by the state of the scan (``ScanStatus``)."""


def image_columns(
    tags: Callable[[tuple[str, ...]], str | Content],
    groups: ImageGroups,
    unknown_scan: Callable[[], str],
    unknown_pull: Callable[[], str],
) -> Sequence[Column[Image]]:
    """Return all columns of the list.

    Args:
        tags: the cell of the tags.
        groups: which images belong together; the kind and the worst findings depend on it.
        unknown_scan: the text in place of findings that are not known.
        unknown_pull: the text if there is no time of a pull.
    """
    return (
        Column(
            "tag",
            "tags",
            lambda image: tags(image.tags) or _without_tags(groups.part_text(image)),
            lambda image: image.tags,
            min_width=18,
            flex=4,
            matches=True,
            style="$tag",
        ),
        Column(
            "digest",
            "digest",
            lambda image: short_digest(image.digest),
            lambda image: image.digest,
            min_width=SHORT_DIGITS,
            max_width=SHORT_DIGITS,
            drop_priority=5,
            matches=True,
        ),
        age_column("pushed", "pushed", lambda image: image.pushed_at),
        Column(
            "size",
            "size",
            lambda image: units.format_size(image.size),
            lambda image: image.size or 0,
            align="right",
            drop_priority=3,
        ),
        Column(
            "kind",
            "kind",
            lambda image: short_kind(image, groups.kind_text(image)),
            _kind_key,
            min_width=7,
            max_width=KIND_WIDTH,
            drop_priority=2,
        ),
        Column(
            "findings",
            "findings",
            lambda image: findings_cell(groups.worst(image), unknown_scan()),
            lambda image: _severity_key(groups.worst(image)),
            min_width=8,
            max_width=13,
            drop_priority=1,
        ),
        age_column(
            "pulled", "pulled", lambda image: image.last_pulled_at, lambda image: unknown_pull(), drop_priority=4
        ),
        *_extra_columns(),
    )


def _kind_key(image: Image) -> str:
    """Return what to sort the kinds by: the images of a kind are together, and the archived ones apart from them."""
    return _ARCHIVED if image.archived else image.kind


def _extra_columns() -> Sequence[Column[Image]]:
    """Return the columns that the user can choose besides."""
    return (
        _time_column("pushed_at", "pushed at", lambda image: image.pushed_at),
        _time_column("pulled_at", "pulled at", lambda image: image.last_pulled_at),
        _time_column("archived_at", "archived at", lambda image: image.archived_at),
        _text_column("status", "status", lambda image: image.status.lower()),
        _text_column("scan", "scan", lambda image: scan_status_text(image.scan_status) or "?"),
        _text_column("media_type", "media type", lambda image: image.media_type),
        _text_column("artifact_type", "artifact type", lambda image: image.artifact_media_type),
        _text_column("subject", "subject", lambda image: short_digest(image.subject) if image.subject else ""),
    )


def _text_column(column_id: str, title: str, cell: Callable[[Image], str]) -> Column[Image]:
    return Column(column_id, title, cell, cell, max_width=60, extra=True)


def _time_column(column_id: str, title: str, moment: Callable[[Image], float | None]) -> Column[Image]:
    return Column(
        column_id, title, lambda image: units.format_date(moment(image)), lambda image: moment(image) or 0.0, extra=True
    )


def short_kind(image: Image, kind: str) -> str:
    """Return the kind of an image in at most :data:`KIND_WIDTH` cells: ``index 2``, ``arm64``, ``sig``, ``archived``.

    Args:
        image: the image.
        kind: its kind; see :meth:`~ecrtui.catalog.image_groups.ImageGroups.kind_text`.
    """
    if image.archived:
        return _ARCHIVED
    return _SHORT_WORDS.get(kind, kind)


def findings_cell(image: Image, unknown: str = "?") -> str | Content:
    """Return the findings of an image: the worst two severities, ``✓`` for none, or the state of its scan.

    An image that was not scanned has ``·``. One whose scan is not known has the text in place of findings.
    """
    return scan_cell(ImageScan(image.scan_status, image.findings)) if image.scan_known else unknown


def scan_cell(scan: ImageScan) -> str | Content:
    """Return the findings of a scan, or its state."""
    if scan.counts is None:
        return _SHORT_STATES.get(scan.status) or scan_status_text(scan.status)
    return counts_cell(scan.counts)


def severity_style(severity: str) -> str:
    """Return the style of a severity; empty for one that ECR does not define."""
    return f"$severity-{severity.lower()}" if severity in SEVERITIES else ""


@lru_cache(maxsize=4096)
def counts_cell(counts: FindingCounts) -> Content:
    """Return the numbers of the worst two severities, each in its color; the letters are enough without color."""
    found = [(severity, number) for severity, number in counts if number]
    if not found:
        return Content("✓")
    return Content(" ").join(
        Content.styled(
            units.format_finding_counts(((severity, number),)),
            severity_style(severity),
        )
        for severity, number in found[:SHOWN_SEVERITIES]
    )


def _without_tags(part: str) -> Content:
    """Return the text in place of tags: what the image is to the one that it belongs to, if it is part of one."""
    return Content.styled(part or "<untagged>", "dim italic")


def _severity_key(image: Image) -> tuple[int, ...]:
    """Return a sort key: one critical finding is worse than any number of high ones. Unknown findings come last."""
    return (int(image.scan_known),) if image.findings is None else (2, *severity_numbers(image.findings))
