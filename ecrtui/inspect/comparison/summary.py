"""The summary of a comparison: what an engineer asks first, with the numbers of the other sections."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.exact_json import Number, write_json
from ecrtui.ecr.image import is_image_config
from ecrtui.ecr.manifest import Manifest, parse_manifest
from ecrtui.inspect.comparison.attachments import signatures
from ecrtui.inspect.comparison.compared_image import ComparedImage, ConfigBlob
from ecrtui.inspect.comparison.members import named_rows
from ecrtui.inspect.comparison.order import time_note
from ecrtui.inspect.comparison.rows import (
    ChangeKind,
    Known,
    NotKnown,
    Row,
    Section,
    is_pending,
    known_row,
    row_of,
)
from ecrtui.inspect.comparison.sections import (
    environment_rows,
    label_rows,
    layers_of,
    shared_layers,
)
from ecrtui.inspect.findings import severity_counts
from ecrtui.inspect.packages import PackageList

_WITHOUT_ROW = ("config", "layers", "manifest")
"""The sections of which no row of the summary says what is not known."""

MAX_FINDINGS = 6
"""Fixed and new findings that the summary names, the worst first."""

MAX_MEMBERS = 4
"""Other members of the config that the summary names."""

_SETTINGS = (("user", "User"), ("entrypoint", "Entrypoint"), ("command", "Cmd"), ("working directory", "WorkingDir"))
"""Members of ``config`` with a row of their own, by its label."""


def summary_section(
    a: ComparedImage, b: ComparedImage, platforms: Sequence[Row], sections: Sequence[Section]
) -> Section:
    """Return the summary.

    Args:
        a: the first image.
        b: the second image.
        platforms: the rows of the platforms, if one of the images is an index.
        sections: the other sections.
    """
    by_name = {section.name: section for section in sections}
    rows = [
        row_of("media type", a.image.media_type, b.image.media_type),
        *_present(known_row("artifact type", *(_of_manifest(side, _artifact_type) for side in (a, b)))),
        _size_row(a, b),
        *platforms,
        *_layer_rows(a, b),
        *_config_rows(a, b, by_name["config"]),
        *_package_rows(a, b, by_name["packages"]),
        *_finding_rows(a, b, by_name["findings"]),
        *_artifact_rows(a, b),
        *_annotation_rows(a, b),
    ]
    if not any(row.differs for row in rows):
        rows += [row for row in by_name["manifest"].rows if row.differs]
    rows.append(_digest_row(a.image.digest, b.image.digest))
    pending = any(section.pending for section in sections) or is_pending(a.artifacts, b.artifacts, a.sources, b.sources)
    problems = (problem for name in _WITHOUT_ROW for problem in by_name[name].problems)
    return Section("summary", tuple(rows), tuple(dict.fromkeys(problems)), pending)


def _digest_row(before: str, after: str) -> Row:
    short = short_digest(before), short_digest(after)
    return row_of("digest", before, after) if short[0] == short[1] else row_of("digest", *short)


def size_of(image: ComparedImage) -> int | None:
    """Return the stored bytes of all layers of the part that is compared; without layers, the size that ECR reports."""
    if isinstance(image.part, Manifest):
        parsed = parse_manifest(image.part.text)
        if parsed.config is not None:
            return parsed.layers_size
    return None if image.is_index else image.image.size


def created_at(image: ComparedImage) -> float | None:
    """Return when the image was built, as its config states it."""
    text = image.config.document.get("created") if isinstance(image.config, ConfigBlob) else None
    return units.parse_zoned_time(text) if isinstance(text, str) else None


def _size_row(a: ComparedImage, b: ComparedImage) -> Row:
    sizes = size_of(a), size_of(b)
    texts = [units.format_size(size) for size in sizes]
    if sizes[0] is None or sizes[1] is None:
        return Row("size", texts[0], texts[1], ChangeKind.NOT_KNOWN)
    if sizes[0] != sizes[1] and texts[0] == texts[1]:
        texts = [units.format_count(size, "byte") for size in sizes if size is not None]
    return row_of("size", *texts, note=signed_size(sizes[1] - sizes[0]))


def signed_size(size: int) -> str:
    """Return a difference in bytes: ``+1.2 MB``, ``-3.6 MB``; empty for none."""
    return f"{'+' if size > 0 else '-'}{units.format_size(abs(size))}" if size else ""


def _layer_rows(a: ComparedImage, b: ComparedImage) -> Iterable[Row]:
    if not isinstance(a.part, Manifest) or not isinstance(b.part, Manifest):
        return
    before, after = layers_of(a), layers_of(b)
    shared = shared_layers(before, after)
    same = [layer.digest for layer in before] == [layer.digest for layer in after]
    new = f", {shared.new} new, {units.format_size(shared.new_size)} to pull" if shared.new else ", nothing to pull"
    note = f"{shared.shared} shared ({units.format_size(shared.shared_size)}){new}"
    yield Row("layers", str(len(before)), str(len(after)), ChangeKind.SAME if same else ChangeKind.CHANGED, note)


def _config_rows(a: ComparedImage, b: ComparedImage, section: Section) -> Iterable[Row]:
    before, after = a.config, b.config
    if not isinstance(before, ConfigBlob) or not isinstance(after, ConfigBlob):
        yield from section.rows
        return
    yield from _created_rows(a, b)
    if before.platform is None and after.platform is None:  # of a chart, or a document that is not known here
        yield from (row for row in section.rows if row.differs and row.label != "created")
        return
    settings = before.settings, after.settings
    for label, name in _SETTINGS:
        if any(name in members for members in settings):
            yield row_of(label, *(_setting(members.get(name)) for members in settings))
    yield from environment_rows(*settings)
    yield from label_rows(*settings)
    if others := _other_members(section):
        names = units.format_names(others, MAX_MEMBERS)
        yield Row(
            "other config", None, None, ChangeKind.CHANGED, f"{units.format_count(len(others), 'member')}: {names}"
        )


def _other_members(section: Section) -> Sequence[str]:
    """Return the names of the members that differ and have no row of their own in the summary."""
    shown, groups = {f"config.{name}" for _, name in _SETTINGS} | {"created"}, ("env ", "env, ", "label ")
    labels = (row.label for row in section.rows if row.differs and row.label not in shown)
    names = (re.sub(r"^(history|rootfs)\b.*", r"\1", label) for label in labels if not label.startswith(groups))
    return list(dict.fromkeys(names))


def _created_rows(a: ComparedImage, b: ComparedImage) -> Iterable[Row]:
    before, after = created_at(a), created_at(b)
    if before is None and after is None:
        return
    texts = [None if moment is None else units.format_date(moment) for moment in (before, after)]
    yield row_of("created", *texts, note=time_note(before, after))


def _package_rows(a: ComparedImage, b: ComparedImage, section: Section) -> Iterable[Row]:
    if section.pending:
        return
    note = _numbers(section, {ChangeKind.CHANGED: "changed", ChangeKind.ADDED: "new", ChangeKind.REMOVED: "gone"})
    yield _row_of_section(section, _package_text(a.packages), _package_text(b.packages), note)


def _finding_rows(a: ComparedImage, b: ComparedImage, section: Section) -> Iterable[Row]:
    if section.pending:
        return
    texts = [_findings_text(side) for side in (a, b)]
    note = _numbers(section, {ChangeKind.REMOVED: "fixed", ChangeKind.ADDED: "new", ChangeKind.CHANGED: "changed"})
    row = known_row("findings", *texts, note=note)
    if row is None:
        return
    yield row if row.change is ChangeKind.NOT_KNOWN else _row_of_section(section, row.before, row.after, note)
    for finding in islice((row for row in section.rows if row.differs), MAX_FINDINGS):
        yield replace(finding, label=f"finding {finding.label}")


def _artifact_rows(a: ComparedImage, b: ComparedImage) -> Iterable[Row]:
    for label, member in (("signed", _signatures), ("provenance", _sources)):
        yield from _present(known_row(label, member(a), member(b)))


def _annotation_rows(a: ComparedImage, b: ComparedImage) -> Iterable[Row]:
    parsed = a.parsed, b.parsed
    if not isinstance(parsed[0], NotKnown) and not isinstance(parsed[1], NotKnown):
        yield from named_rows(parsed[0].annotations, parsed[1].annotations, "annotation")


def _of_manifest(image: ComparedImage, member: Callable[[ComparedImage], str | None]) -> Known[str | None]:
    return image.manifest if isinstance(image.manifest, NotKnown) else member(image)


def _artifact_type(image: ComparedImage) -> str | None:
    """Return the artifact type; None for a container image, whose type is that of its config."""
    found = image.image.artifact_media_type
    return None if not found or is_image_config(found) else found


def _present(row: Row | None) -> Sequence[Row]:
    return [row] if row is not None and (row.before, row.after) != (None, None) else []


def _setting(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    return value.text if isinstance(value, Number) else write_json(value)


def _package_text(packages: Known[PackageList | None]) -> str:
    if isinstance(packages, NotKnown):
        return f"not known: {packages.reason}"
    return "no SBOM" if packages is None else units.format_count(len(packages.packages), "package")


def _findings_text(image: ComparedImage) -> Known[str | None]:
    if isinstance(image.findings, NotKnown):
        return image.findings
    return units.format_finding_counts(severity_counts(image.findings))


def _numbers(section: Section, words: Mapping[ChangeKind, str]) -> str:
    """Return how many rows changed, in the order of the words: ``9 up, 1 down, 2 changed, 3 new``.

    Args:
        section: the section.
        words: the word for each change. A note of a changed row, such as ``up``, takes its place.
    """
    counts = Counter((row.change, _word(row, words)) for row in section.rows if row.change in words)
    order = sorted(counts, key=lambda one: (list(words).index(one[0]), one[1] == words[one[0]], -counts[one]))
    return ", ".join(f"{units.format_number(counts[one])} {one[1]}" for one in order)


def _word(row: Row, words: Mapping[ChangeKind, str]) -> str:
    return row.note if row.change is ChangeKind.CHANGED and row.note else words[row.change]


def _row_of_section(section: Section, before: str | None, after: str | None, note: str) -> Row:
    """Return the row of a section of which not everything may be known: not all findings, or not all of an SBOM."""
    change = ChangeKind.CHANGED if any(row.differs for row in section.rows) else ChangeKind.SAME
    if section.problems:
        change = ChangeKind.NOT_KNOWN if change is ChangeKind.SAME else change
        note = f"of those that are known: {note}" if note else ""
    return Row(section.name, before, after, change, note)


def _signatures(image: ComparedImage) -> Known[str | None]:
    if isinstance(image.artifacts, NotKnown):
        return image.artifacts
    found = signatures(image.artifacts, image.part_digest)
    return found if isinstance(found, NotKnown) else ", ".join(found) or "no"


def _sources(image: ComparedImage) -> Known[str | None]:
    return image.sources if isinstance(image.sources, NotKnown) else ", ".join(image.sources) or None
