"""The artifacts of an image as rows of a table, with the lines of a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from textual.content import Content

from ecrtui.ecr.digest import SHORT_DIGITS, short_digest
from ecrtui.ecr.manifest import Descriptor
from ecrtui.ecr.safe_text import visible
from ecrtui.ecr.units import MAX_AGE_WIDTH, format_age, format_date, format_exact_size, format_size
from ecrtui.inspect.artifacts import Artifact, ArtifactOrigin, ArtifactTree, Subject, blob_kind, content_names
from ecrtui.tui import safe_text as text
from ecrtui.tui.details import Facts, facts_text
from ecrtui.tui.table.column_layout import Column

NOT_VERIFIED = "not verified"
"""The note on a signature. A narrow screen shows it too."""


class ArtifactRow(NamedTuple):
    """A row: an image, an artifact of it, or one of several contents of an artifact."""

    key: str
    branch: str
    """The lines of the tree before the name."""
    name: str
    format: str
    digest: str
    size: int | None
    created: float | None
    origin: str
    note: str
    artifact: Artifact | None = None
    blob: Descriptor | None = None
    subject: Subject | None = None


def artifact_rows(tree: ArtifactTree, tags: Sequence[str] = ()) -> Iterator[ArtifactRow]:
    """Yield the rows of a tree.

    Args:
        tree: the tree.
        tags: the tags of the image.
    """
    yield _subject_row(tree.root, "", "  ".join(tags))
    none = "not known" if tree.incomplete else "no artifacts"
    platforms = [subject for subject in tree.platforms if subject.artifacts]
    bare = [subject for subject in tree.platforms if not subject.artifacts]
    below = [*platforms, *bare]
    yield from _artifact_rows(tree.root.artifacts, tree.root.digest, "", last=not below)
    for index, subject in enumerate(below):
        end = index == len(below) - 1
        yield _subject_row(subject, "└ " if end else "├ ", "" if subject.artifacts else none)
        yield from _artifact_rows(subject.artifacts, subject.digest, "  " if end else "│ ", last=True)


def columns() -> Sequence[Column[ArtifactRow]]:
    """Return the columns of the table."""
    return (
        Column("name", "artifact", _name, min_width=18, max_width=40, flex=1),
        Column("format", "format", lambda row: row.format, min_width=10, max_width=40),
        Column(
            "digest",
            "digest",
            lambda row: short_digest(row.digest),
            min_width=SHORT_DIGITS,
            max_width=SHORT_DIGITS,
            drop_priority=2,
        ),
        Column("size", "size", lambda row: "" if row.subject else format_size(row.size), align="right", min_width=6),
        Column("created", "pushed", _age, align="right", min_width=MAX_AGE_WIDTH, drop_priority=4),
        Column("origin", "from", lambda row: row.origin, min_width=8, max_width=16, drop_priority=3),
        Column("note", "", lambda row: row.note, min_width=len(NOT_VERIFIED), drop_priority=1),
    )


def row_text(row: ArtifactRow, read: str = "") -> str:
    """Return all that is known of a row.

    Args:
        row: the row.
        read: how to read what is in the artifact.
    """
    artifact, blob = row.artifact, row.blob
    if artifact is None:
        is_root = not row.branch
        facts: Facts = [
            ("name", [visible(row.name)]),
            ("tags" if is_root else "artifacts", [visible(row.format)] if row.format else []),
            ("digest", [visible(row.digest)]),
        ]
        return facts_text(facts)
    format_ = "" if row.format.casefold() == row.name.casefold() else row.format
    kind = " · ".join(filter(None, (row.name, format_, row.note if artifact.is_signature else "")))
    other_blob = blob if blob is not None and blob.digest != row.digest else None
    facts = [
        ("kind", [visible(kind)]),
        ("content", [read] if read else []),
        ("problem", [visible(artifact.problem)] if artifact.problem else []),
        ("digest", [visible(row.digest)] if row.digest else []),
        ("from", [visible(_whole_origin(row, artifact))]),
        ("pushed", [format_date(artifact.created)] if artifact.created is not None else []),
        ("size", [format_exact_size(row.size)] if row.size is not None else []),
        ("type", [visible(artifact.artifact_type)] if artifact.artifact_type else []),
        ("media type", [visible(blob.media_type)] if blob is not None and blob.media_type else []),
        ("blob", [visible(other_blob.digest)] if other_blob is not None else []),
    ]
    return facts_text(facts)


def _whole_origin(row: ArtifactRow, artifact: Artifact) -> str:
    """Return how an artifact is known to belong to the image, or in which artifact a content is."""
    if artifact.origin is ArtifactOrigin.OWN:
        return str(artifact.origin)
    if row.blob is not None and row.digest == row.blob.digest:
        return f"the {artifact.kind} {short_digest(artifact.digest)}"
    return f"the tag {artifact.tag}" if artifact.tag else str(artifact.origin)


def _name(row: ArtifactRow) -> Content:
    style = "bold" if row.subject else ""
    return Content.assemble(Content.styled(row.branch, "dim"), text.content(row.name, style))


def _age(row: ArtifactRow) -> str:
    return "" if row.subject else format_age(row.created)


def _subject_row(subject: Subject, branch: str, about: str) -> ArtifactRow:
    return ArtifactRow(subject.digest, branch, subject.name, about, subject.digest, None, None, "", "", subject=subject)


def _artifact_rows(artifacts: Sequence[Artifact], parent: str, indent: str, *, last: bool) -> Iterator[ArtifactRow]:
    for index, artifact in enumerate(artifacts):
        end = last and index == len(artifacts) - 1
        blobs = artifact.blobs if artifact.blobs and len(artifact.blobs) > 1 else ()
        key = f"{parent} {index} {artifact.digest}"
        blob = artifact.blobs[0] if artifact.blobs and not blobs else None
        yield _artifact_row(artifact, blob, key, indent + ("└ " if end else "├ "))
        inner = indent + ("  " if end else "│ ")
        for number, (one, name) in enumerate(zip(blobs, content_names(artifact, blobs), strict=True)):
            final = number == len(blobs) - 1 and not artifact.artifacts
            yield _blob_row(artifact, one, name, f"{key} {number}", inner + ("└ " if final else "├ "))
        yield from _artifact_rows(artifact.artifacts, key, inner, last=True)


def _artifact_row(artifact: Artifact, blob: Descriptor | None, key: str, branch: str) -> ArtifactRow:
    shown = blob.digest if blob is not None and artifact.origin is ArtifactOrigin.OWN else artifact.digest
    note = artifact.problem or (NOT_VERIFIED if artifact.is_signature else "")
    named = artifact.format or artifact.artifact_type.removeprefix("application/")
    return ArtifactRow(
        key, branch, str(artifact.kind), named, shown, artifact.size, artifact.created, _origin(artifact), note,
        artifact, blob,
    )  # fmt: skip


def _origin(artifact: Artifact) -> str:
    """Return how an artifact is known to belong to the image, in the eight cells that a narrow screen has."""
    if artifact.origin is ArtifactOrigin.INDEX:
        return "index"
    if artifact.origin is ArtifactOrigin.OWN:
        return "itself"
    suffix = artifact.tag.rpartition(".")[2] if "." in artifact.tag else ""
    return f"tag .{suffix}" if suffix else str(artifact.origin)


def _blob_row(artifact: Artifact, blob: Descriptor, name: str, key: str, branch: str) -> ArtifactRow:
    size = blob.size if blob.size >= 0 else None
    return ArtifactRow(
        key,
        branch,
        str(blob_kind(artifact, blob)),
        name,
        blob.digest,
        size,
        artifact.created,
        "in it",
        "",
        artifact,
        blob,
    )
