"""The sections of a comparison about config, layers, findings and manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple

from ecrtui.ecr import units
from ecrtui.ecr.differences import aligned, text_differences
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.findings import SEVERITIES
from ecrtui.ecr.manifest import Manifest
from ecrtui.inspect.comparison.compared_image import ComparedImage, ConfigBlob
from ecrtui.inspect.comparison.content_rows import content_rows, incomplete_archives
from ecrtui.inspect.comparison.members import (
    byte_rows,
    difference_row,
    document_rows,
    environment,
    member_rows,
    named_rows,
    order_row,
)
from ecrtui.inspect.comparison.order import direction, version_direction
from ecrtui.inspect.comparison.rows import (
    ChangeKind,
    Known,
    NotKnown,
    Row,
    Section,
    is_pending,
    problems_of,
    row_of,
)
from ecrtui.inspect.findings import FindingRow, severity_key
from ecrtui.inspect.layers import LayerRow, layer_table

NO_PLATFORM = "There are no platforms to compare, so this was not compared."


def config_section(a: ComparedImage, b: ComparedImage) -> Section:
    """Compare the configs: environment and labels by name, every other member by its path.

    Of an artifact that is not an image, the contents are compared too: the files of a chart, documents.
    """
    before, after = a.config, b.config
    rows: Sequence[Row] = ()
    problems = problems_of(before, after, "config")
    if not isinstance(before, NotKnown) and not isinstance(after, NotKnown):
        if a.part is None or b.part is None:
            problems = (NO_PLATFORM,)
        elif before is not None and after is not None:
            rows = _config_rows(before, after)
        elif before is not after:
            rows = [row_of("config", *(None if blob is None else _config_digest(blob) for blob in (before, after)))]
        else:
            problems = ("Neither image has a config.",)
    if isinstance(a.contents, NotKnown) or isinstance(b.contents, NotKnown):
        problems = (*problems, *problems_of(a.contents, b.contents, "content"))
    else:
        rows = [*rows, *content_rows(a.contents, b.contents)]
        problems = (*problems, *incomplete_archives(a.contents, "A"), *incomplete_archives(b.contents, "B"))
    return Section("config", tuple(rows), problems, is_pending(before, after, a.contents, b.contents))


def environment_rows(before: Mapping[str, Any], after: Mapping[str, Any]) -> Sequence[Row]:
    """Return a row for each environment variable of two members ``config``; none if they are not ``NAME=VALUE``."""
    named = [environment(_entries(settings, "Env", [])) for settings in (before, after)]
    if named[0] is None or named[1] is None:
        return ()
    order = order_row(named[0], named[1], "env, order of the names")
    return [*named_rows(named[0], named[1], "env"), *([order] if order is not None else [])]


def label_rows(before: Mapping[str, Any], after: Mapping[str, Any]) -> Sequence[Row]:
    """Return a row for each label of two members ``config``; none if they are not objects."""
    labels = [_entries(settings, "Labels", {}) for settings in (before, after)]
    if not all(isinstance(entry, dict) for entry in labels):
        return ()
    return list(named_rows(labels[0], labels[1], "label"))


def _entries(settings: Mapping[str, Any], name: str, none: Any) -> Any:
    """Return a member with entries. Docker writes null if there are none."""
    found = settings.get(name)
    return none if found is None else found


def layers_section(a: ComparedImage, b: ComparedImage) -> Section:
    """Compare the layers by digest, in their order, with the step that made each."""
    before, after = a.part, b.part
    if isinstance(before, NotKnown) or isinstance(after, NotKnown):
        return Section("layers", (), problems_of(before, after, "manifest"), is_pending(before, after))
    if before is None or after is None:
        return Section("layers", (), (NO_PLATFORM,))
    old, new = layers_of(a), layers_of(b)
    old_digests, new_digests = ({layer.digest for layer in layers} for layers in (old, new))
    rows = []
    for kind, start, end, new_start, new_end in aligned(
        [layer.digest for layer in old], [layer.digest for layer in new]
    ):
        if kind == "equal":
            rows += [_shared_layer(*pair) for pair in zip(old[start:end], new[new_start:new_end], strict=True)]
        else:
            rows += [_lone_layer(layer, ChangeKind.REMOVED, new_digests) for layer in old[start:end]]
            rows += [_lone_layer(layer, ChangeKind.ADDED, old_digests) for layer in new[new_start:new_end]]
    return Section("layers", tuple(rows))


def layers_of(image: ComparedImage) -> Sequence[LayerRow]:
    """Return the layers of the part that is compared; none if it is not known."""
    if isinstance(image.part, NotKnown) or image.part is None:
        return ()
    config = None if isinstance(image.config, NotKnown) or image.config is None else image.config.config
    return layer_table(image.part.text, config).layers


class SharedLayers(NamedTuple):
    """The layers of image B that image A has too. Sizes are in bytes; None if a size is not known."""

    shared: int
    shared_size: int | None
    new: int
    new_size: int | None
    """What a host that has A pulls for B."""


def shared_layers(before: Iterable[LayerRow], after: Iterable[LayerRow]) -> SharedLayers:
    """Return what two images share. A layer that an image has twice is stored and pulled once."""
    known = {layer.digest for layer in before}
    sizes = {layer.digest: layer.size for layer in after}
    shared = [size for digest, size in sizes.items() if digest in known]
    new = [size for digest, size in sizes.items() if digest not in known]
    return SharedLayers(len(shared), _sum(shared), len(new), _sum(new))


def findings_section(a: ComparedImage, b: ComparedImage) -> Section:
    """Compare the findings, in the order of the table of findings: removed ones are fixed, added ones are new.

    A finding that is open in one image alone, and suppressed or closed in the other, is changed.
    """
    before, after = a.findings, b.findings
    if isinstance(before, NotKnown) or isinstance(after, NotKnown):
        return Section("findings", (), problems_of(before, after, "scan"), is_pending(before, after))
    old, new = ({row.key: row for row in rows if row.is_open and not row.unreadable} for rows in (before, after))
    worst = {key: max(severity_key(rows[key]) for rows in (old, new) if key in rows) for key in {*old, *new}}
    order = sorted(sorted(worst), key=worst.__getitem__, reverse=True)  # packages of one finding stay in their order
    others = [{row.key[:2]: row for row in rows if not row.is_open} for rows in (before, after)]
    rows = (
        _finding_row(key[0], old.get(key) or others[0].get(key[:2]), new.get(key) or others[1].get(key[:2]))
        for key in order
    )
    problems = (*_unreadable(before, "A"), *_unreadable(after, "B"))
    return Section("findings", tuple(rows), problems)


def manifest_section(a: ComparedImage, b: ComparedImage) -> Section:
    """Compare the manifests member by member. Two different digests have at least one difference."""
    before, after = a.manifest, b.manifest
    problems = problems_of(before, after, "manifest")
    pending = is_pending(before, after, a.part, b.part)
    if isinstance(before, NotKnown) or isinstance(after, NotKnown):
        return Section("manifest", (), problems, pending)
    rows: list[Row] = []
    if before.is_index and after.is_index:
        rows += document_rows(before.text, after.text, "index")
    rows += _part_rows(a.part, b.part)
    if before.is_index is not after.is_index:
        rows.append(row_of("media type", before.media_type, after.media_type))
    if before.is_index or after.is_index:
        problems = (*problems, *problems_of(a.part, b.part, "manifest of the platform"))
    return Section("manifest", tuple(rows), problems, pending)


def _part_rows(before: Known[Manifest | None], after: Known[Manifest | None]) -> Sequence[Row]:
    if isinstance(before, NotKnown) or isinstance(after, NotKnown) or before is None or after is None:
        return ()
    rows = list(document_rows(before.text, after.text, "manifest"))
    if before.media_type != after.media_type and not any(row.label == "manifest.mediaType" for row in rows):
        rows.append(row_of("media type", before.media_type, after.media_type))
    return rows


def _config_digest(blob: ConfigBlob) -> str:
    return short_digest(blob.descriptor.digest) if blob.descriptor is not None else "in the manifest"


def _config_rows(before: ConfigBlob, after: ConfigBlob) -> Sequence[Row]:
    old, new = before.config, after.config
    if before.document and after.document:
        rows = _config_member_rows(dict(before.document), dict(after.document))
    else:
        rows = list(document_rows(old.text, new.text))
    if any(row.differs for row in rows) or (old.text, before.content) == (new.text, after.content):
        return rows
    if old.text == new.text:
        return [*rows, *byte_rows(before.content, after.content, "config")]
    return [*rows, *map(difference_row, text_differences(old.text, new.text, "config"))]


def _config_member_rows(before: dict[str, Any], after: dict[str, Any]) -> list[Row]:
    """Return the rows of two configs. Environment and labels have rows by name where they are what they should be."""
    rows: list[Row] = []
    settings = [
        dict(members["config"]) if isinstance(members.get("config"), dict) else None for members in (before, after)
    ]
    if settings[0] is not None and settings[1] is not None:
        for name, rows_of in (("Env", environment_rows), ("Labels", label_rows)):
            found = rows_of(settings[0], settings[1])
            if found:
                rows += found
                settings[0].pop(name, None)
                settings[1].pop(name, None)
        before, after = before | {"config": settings[0]}, after | {"config": settings[1]}
    return [*member_rows(before, after, ""), *rows]


def _shared_layer(old: LayerRow, new: LayerRow) -> Row:
    number = str(old.number) if old.number == new.number else f"{old.number} → {new.number}"
    texts = [_layer_text(layer) for layer in (old, new)]
    if old.media_type != new.media_type:
        texts = [f"{text}  {layer.media_type}" for text, layer in zip(texts, (old, new), strict=True)]
    return row_of(f"layer {number}", *texts, note=new.command or old.command)


def _lone_layer(layer: LayerRow, change: ChangeKind, others: Set[str]) -> Row:
    elsewhere = "also elsewhere in the other image" if layer.digest in others else ""
    text, note = _layer_text(layer), ", ".join(filter(None, (elsewhere, layer.command)))
    label = f"layer {layer.number}"
    return (
        Row(label, text, None, change, note) if change is ChangeKind.REMOVED else Row(label, None, text, change, note)
    )


def _layer_text(layer: LayerRow) -> str:
    return f"{units.format_size(layer.size)}  {short_digest(layer.digest)}"


def _sum(sizes: Sequence[int]) -> int | None:
    return None if any(size < 0 for size in sizes) else sum(sizes)


def _unreadable(rows: Iterable[FindingRow], side: str) -> Sequence[str]:
    return [f"A finding of {side} cannot be read: {row.finding.description}." for row in rows if row.unreadable]


def _finding_row(name: str, before: FindingRow | None, after: FindingRow | None) -> Row:
    texts = [None if row is None else _finding_text(row) for row in (before, after)]
    note = _finding_change(before, after) if before and after else "new" if after else "fixed"
    return row_of(name, *texts, note=note, is_fault=True)


def _finding_change(before: FindingRow, after: FindingRow) -> str:
    """Return in which direction a finding that both images have changed: its severity, or else its package."""
    if before.is_open is not after.is_open:
        return f"{before.status} → {after.status}"
    severities = [row.severity for row in (before, after)]
    if severities[0] != severities[1]:
        order = SEVERITIES.index(severities[0]) - SEVERITIES.index(severities[1])
        return "" if "UNDEFINED" in severities else f"severity {direction(order)}"
    old, new = ({occurrence.finding.version for occurrence in row.occurrences} for row in (before, after))
    found = version_direction(old, new)
    return f"version {found}" if found else ""


def _finding_text(row: FindingRow) -> str:
    findings = [occurrence.finding for occurrence in row.occurrences]
    versions = ", ".join(sorted({finding.version for finding in findings if finding.version}))
    fixes = ", ".join(sorted({finding.fixed_in for finding in findings if finding.fixed_in}))
    text = " ".join(filter(None, ("" if row.is_open else row.status, row.severity, row.package, versions)))
    return f"{text}, fixed in {fixes}" if fixes else text
