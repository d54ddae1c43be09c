"""A comparison as Markdown, for a change ticket, and as a document, for scripts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ecrtui.ecr import units
from ecrtui.ecr.documents import image_document
from ecrtui.ecr.json_values import to_mapping, to_text
from ecrtui.ecr.markdown_text import markdown_text
from ecrtui.ecr.tag import join_tags
from ecrtui.inspect.comparison.compared_image import ComparedImage, ConfigBlob
from ecrtui.inspect.comparison.comparison import Comparison
from ecrtui.inspect.comparison.layout import no_rows
from ecrtui.inspect.comparison.rows import NotKnown, Row, Section, changes_only

MAX_TAGS = 20
"""Tags of an image on its line. The JSON document has all."""

REVISION = "org.opencontainers.image.revision"
"""The label with the commit that an image was built from (OCI image spec, annotations.md)."""


def comparison_document(comparisons: Sequence[Comparison], *, everything: bool) -> dict[str, Any]:
    """Return the comparison of two images, platform by platform, as a JSON document.

    Args:
        comparisons: the comparison of each platform; exactly one if neither image is an index. Not empty.
        everything: whether to include the rows that are the same.
    """
    first = comparisons[0]
    return {
        "before": _image(first.before),
        "after": _image(first.after),
        "same": first.same,
        "platforms": [
            {
                "platform": comparison.platform,
                "notes": list(comparison.notes),
                "sections": {section.name: _section(section, everything) for section in comparison.sections},
            }
            for comparison in comparisons
        ],
    }


def comparison_markdown(comparisons: Sequence[Comparison], *, everything: bool) -> str:
    """Return the comparison of two images as Markdown: a table for each section. See :func:`comparison_document`."""
    first = comparisons[0]
    title = f"# {markdown_text(first.before.title)} → {markdown_text(first.after.title)}"
    images = (("A", first.before), ("B", first.after))
    return "\n".join(
        [
            title,
            "",
            *(f"- {side}: {markdown_text(image_line(image))}" for side, image in images),
            *(line for comparison in comparisons for line in _markdown(comparison, everything)),
            "",
        ]
    )


def image_line(image: ComparedImage) -> str:
    """Return an image on one line: repository, digest, tags (first the one that names it), time of its push."""
    own = image.image
    tags = sorted(own.tags, key=lambda tag: tag != image.tag)
    parts = [f"{image.repository}@{own.digest}", join_tags(tags, MAX_TAGS) or "untagged"]
    return " · ".join([*parts, f"pushed {units.format_date(own.pushed_at)}"])


def git_range(comparison: Comparison) -> str:
    """Return the revisions of both images for git: ``3b9e77c…..d5a17c4…``; empty unless both name a commit."""
    revisions = [_revision(image) for image in (comparison.before, comparison.after)]
    return "..".join(revisions) if all(revisions) and revisions[0] != revisions[1] else ""


def _revision(image: ComparedImage) -> str:
    """Return the commit of an image, as its labels or its annotations name it; empty if it is not a commit."""
    labels = image.config.settings.get("Labels") if isinstance(image.config, ConfigBlob) else None
    parsed = image.parsed
    annotations = {} if isinstance(parsed, NotKnown) else parsed.annotations
    found = to_text(to_mapping(labels).get(REVISION)) or annotations.get(REVISION, "")
    return found if re.fullmatch("[0-9a-f]{7,64}", found) else ""


def _image(image: ComparedImage) -> dict[str, Any]:
    return image_document(image.repository, image.image)


def _section(section: Section, everything: bool) -> dict[str, Any]:
    return {
        "rows": [_row(row) for row in _rows(section, everything)],
        "notKnown": list(section.not_known),
    }


def _row(row: Row) -> dict[str, Any]:
    document = {"name": row.label, "change": row.change.value, "before": row.before, "after": row.after}
    return document | ({"note": row.note} if row.note else {})


def _rows(section: Section, everything: bool) -> Iterable[Row]:
    return section.rows if everything else changes_only(section.rows)


def _markdown(comparison: Comparison, everything: bool) -> Iterator[str]:
    if comparison.platform:
        yield from ("", f"## {markdown_text(comparison.platform)}")
    for note in comparison.notes:
        yield from ("", markdown_text(note))
    for section in comparison.sections:
        yield from ("", f"### {section.name.capitalize()}", "")
        rows = list(_rows(section, everything))
        if rows:
            yield from ("| | Member | A | B | |", "|---|---|---|---|---|")
        for row in rows:
            yield f"| {row.change.sign} | {' | '.join(map(_cell, (row.label, row.before, row.after, row.note)))} |"
        if rows and section.not_known:
            yield ""
        yield from (f"- {markdown_text(problem)}" for problem in section.not_known)
        if not rows and not section.not_known:
            yield no_rows(section)


def _cell(value: str | None) -> str:
    """Return a value for a cell of a table; a long dash for a member that an image does not have."""
    return "–" if value is None else markdown_text(value)
