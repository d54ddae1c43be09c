"""The columns of a list of images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from textual.content import Content

from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.findings import SEVERITIES, scan_status_text
from ecrtui.ecr.image import Image
from ecrtui.tui.table.column_layout import Column


def image_columns(
    kind: Callable[[Image], str],
    unknown_scan: Callable[[], str],
    unknown_pull: Callable[[], str],
    index_of: Callable[[str], str | None],
) -> Sequence[Column[Image]]:
    """Return the columns of the list.

    Args:
        kind: the text of the kind column; it depends on the manifests that were read.
        unknown_scan: the text in place of findings that are not known.
        unknown_pull: the text if there is no time of a pull.
        index_of: an index that names the image with a digest, if that is known.
    """
    return (
        Column(
            "tag",
            "tags",
            lambda image: "  ".join(image.tags) or _without_tags(index_of(image.digest)),
            lambda image: image.tags,
            min_width=16,
            flex=4,
            matches=True,
            style="$tag",
        ),
        Column(
            "digest",
            "digest",
            lambda image: short_digest(image.digest),
            lambda image: image.digest,
            min_width=12,
            max_width=12,
            drop_priority=1,
            matches=True,
        ),
        Column(
            "pushed",
            "pushed",
            lambda image: units.format_age(image.pushed_at),
            lambda image: image.pushed_at or 0.0,
            align="right",
            min_width=units.MAX_AGE_WIDTH,
        ),
        Column(
            "size",
            "size",
            lambda image: units.format_size(image.size),
            lambda image: image.size or 0,
            align="right",
            drop_priority=2,
        ),
        Column("kind", "kind", kind, lambda image: image.kind, min_width=18, max_width=27, drop_priority=4),
        Column(
            "findings",
            "findings",
            lambda image: _findings(image) if image.scan_known else unknown_scan(),
            _severity_key,
            max_width=20,
            drop_priority=5,
        ),
        Column(
            "pulled",
            "pulled",
            lambda image: units.format_age(image.last_pulled_at, missing=unknown_pull()),
            lambda image: image.last_pulled_at or 0.0,
            align="right",
            drop_priority=6,
        ),
    )


def _without_tags(index: str | None) -> Content:
    """Return the text in place of tags: the index that names the image, if one is known."""
    return Content.styled(f"in {short_digest(index)}" if index else "<untagged>", "dim italic")


def _findings(image: Image) -> str | Content:
    if image.findings is None:
        return scan_status_text(image.scan_status)
    return _finding_counts(image.findings)


@lru_cache(maxsize=4096)
def _finding_counts(counts: tuple[tuple[str, int], ...]) -> Content:
    """Return the counts by severity, each in its color; the letters are enough without color."""
    found = [
        Content.styled(units.format_finding_counts(((severity, number),)), f"$severity-{severity.lower()}")
        for severity, number in counts
        if number and severity in SEVERITIES
    ]
    return Content(" ").join(found) if found else Content(units.format_finding_counts(counts))


def _severity_key(image: Image) -> tuple[int, ...]:
    """Return a sort key: one critical finding is worse than any number of high ones. Unknown findings come last."""
    if image.findings is None:
        return (int(image.scan_known),)
    counts = dict(image.findings)
    return (2, *(counts.get(severity, 0) for severity in SEVERITIES))
