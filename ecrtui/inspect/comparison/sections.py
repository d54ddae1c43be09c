"""The sections of a comparison: config, layers, packages, findings, manifest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, NamedTuple

from ecrtui.ecr import units
from ecrtui.ecr.differences import aligned, text_differences
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.findings import SEVERITIES
from ecrtui.ecr.manifest import Manifest
from ecrtui.inspect.comparison.attachments import NamedContent
from ecrtui.inspect.comparison.compared_image import ComparedImage, ConfigBlob
from ecrtui.inspect.comparison.members import (
    byte_rows,
    difference_row,
    document_rows,
    environment,
    member_rows,
    named_rows,
    order_row,
    text_rows,
)
from ecrtui.inspect.comparison.order import direction, order_of_versions
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
from ecrtui.inspect.packages import Package, PackageList, purl_namespace

_NOT_KNOWN = "not known"

NO_PLATFORM = "The images have no platform in common, so this was not compared."


def config_section(a: ComparedImage, b: ComparedImage) -> Section:
    """Compare the configs: environment and labels by name, every other member by its path.

    Of an artifact that is not an image, the contents are compared too: the files of a chart, documents.
    """
    before, after = a.config, b.config
    rows: Sequence[Row] = ()
    problems = problems_of(before, after, "config")
    if not isinstance(before, NotKnown) and not isinstance(after, NotKnown):
        if before is not None and after is not None:
            rows = _config_rows(before, after)
        elif before is not after:
            rows = [row_of("config", *(None if blob is None else _config_digest(blob) for blob in (before, after)))]
        else:
            problems = ("Neither image has a config.",)
    if isinstance(a.contents, NotKnown) or isinstance(b.contents, NotKnown):
        problems = (*problems, *problems_of(a.contents, b.contents, "content"))
    else:
        rows = [*rows, *_content_rows(a.contents, b.contents)]
        problems = (*problems, *_incomplete(a.contents, "A"), *_incomplete(b.contents, "B"))
    return Section("config", tuple(rows), problems, is_pending(before, after, a.contents, b.contents))


def _content_rows(before: Sequence[NamedContent], after: Sequence[NamedContent]) -> Iterator[Row]:
    """Yield the rows of the contents of two artifacts, file by file."""
    named = [dict(_files(contents)) for contents in (before, after)]
    incomplete = [any(_incomplete(contents, "")) for contents in (before, after)]
    for name in dict.fromkeys((*named[0], *named[1])):
        old, new = (files.get(name) for files in named)
        if old is not None and new is not None:
            yield from _file_rows(name, old, new)
        else:
            row = row_of(name, *(None if file is None else file.in_words for file in (old, new)))
            yield _possibly_in_both(row) if incomplete[old is not None] else row


def _incomplete(contents: Iterable[NamedContent], side: str) -> Sequence[str]:
    """Return a sentence for each archive that was not read to its end."""
    return [f"{side}: {one.content.problem}" for one in contents if one.content.files and one.content.problem]


def _file_rows(name: str, old: _File, new: _File) -> Sequence[Row]:
    rows = () if old.text is None or new.text is None else text_rows(old.text, new.text, name)
    return rows or [_whole_row(name, old, new)]


def _whole_row(name: str, old: _File, new: _File) -> Row:
    """Return the row of two files with the same text, or of which not both have a text."""
    texts = [old.in_words, new.in_words]
    if texts[0] == texts[1] and old.size != new.size:
        texts = [units.format_count(file.size, "byte") for file in (old, new)]
    elif texts[0] == texts[1] and old.digest and new.digest and old.digest != new.digest:
        texts = [f"{file.in_words} {short_digest(file.digest)}" for file in (old, new)]
    row = row_of(name, *texts)
    has_same_bytes = (old.digest and old.digest == new.digest) or (old.blob and old.blob == new.blob)
    if row.differs or has_same_bytes or (old.text is not None and new.text is not None):
        return row
    return replace(row, change=ChangeKind.NOT_KNOWN)


class _File(NamedTuple):
    text: str | None
    """None if it is not text, or was not read."""
    size: int
    note: str
    digest: str
    """The digest of its bytes; empty if it is not known."""
    blob: str
    """The digest of the blob that it is in."""

    @property
    def in_words(self) -> str:
        return f"{units.format_size(self.size)} {self.note}".strip()


def _files(contents: Iterable[NamedContent]) -> Iterator[tuple[str, _File]]:
    """Yield the files of archives by path, and other contents by name, as text."""
    for name, content, digest, size in contents:
        for file in content.files:
            text = file.text if file.text or not file.size else None
            yield file.path, _File(text, file.size, file.note, file.digest, digest)
        if not content.files:
            yield name, _File(content.pretty or content.exact, size, "", digest, digest)


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


def packages_section(a: ComparedImage, b: ComparedImage) -> Section:
    """Compare the packages of both SBOMs by name and type; without SBOMs, the packages with findings.

    If an image has packages of one name in several namespaces, such as Maven groups, each namespace has its own row.
    """
    before, after = a.packages, b.packages
    if is_pending(before, after):
        return Section("packages", pending=True)
    lists = [_package_list(image) for image in (a, b)]
    if lists[0] is not None and lists[1] is not None:
        return Section("packages", tuple(_package_rows(lists[0].packages, lists[1].packages)), _list_problems(lists))
    problems = (*_without_sbom(a, "A"), *_without_sbom(b, "B"))
    if isinstance(a.findings, NotKnown) or isinstance(b.findings, NotKnown):
        return Section("packages", (), problems, is_pending(a.findings, b.findings))
    named = [
        [Package(row.package, found.finding.version) for row in rows if row.package for found in row.occurrences]
        for rows in (a.findings, b.findings)
    ]
    only = "So only packages with findings are compared."
    return Section("packages", tuple(map(_possibly_in_both, _package_rows(*named))), (*problems, only))


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


def _package_list(image: ComparedImage) -> PackageList | None:
    """Return the packages of the SBOM; None if there is none that could be read."""
    found = image.packages
    return None if isinstance(found, NotKnown) or found is None or found.unreadable else found


def _without_sbom(image: ComparedImage, side: str) -> Sequence[str]:
    """Return a sentence that says why an image has no list of packages."""
    found = image.packages
    if isinstance(found, NotKnown):
        return (f"The SBOM of {side} is not known: {found.reason}.",)
    if found is None:
        return (f"{side} has no SBOM.",)
    return (f"{side}: {found.problem}",) if found.unreadable else ()


def _list_problems(lists: Iterable[PackageList | None]) -> tuple[str, ...]:
    pairs = zip(("A", "B"), lists, strict=True)
    return tuple(f"{side}: {found.problem}" for side, found in pairs if found is not None and found.problem)


def _package_rows(before: Iterable[Package], after: Iterable[Package]) -> Iterable[Row]:
    sides = [list(packages) for packages in (before, after)]
    shared = {name for packages in sides for name in _names_in_several_namespaces(packages)}
    named = [_packages_by_name(packages, shared) for packages in sides]
    for name, kind in sorted({*named[0], *named[1]}):
        old, new = (packages.get((name, kind)) for packages in named)
        label = f"{name} ({kind})" if kind else name
        row = row_of(label, *(None if found is None else _versions(found) for found in (old, new)))
        if old is not None and new is not None:
            if row.differs:
                row = replace(row, note=_direction(_version_set(old), _version_set(new), kind))
            else:
                licenses = row_of(label, *(f"{_versions(found)} {_licenses(found)}" for found in (old, new)))
                row = licenses if licenses.differs else row
        yield row


def _direction(before: Set[str], after: Set[str], kind: str = "") -> str:
    """Return ``up`` or ``down`` for the versions of a package; empty unless each image has one version of it."""
    if len(before) != 1 or len(after) != 1:
        return ""
    return direction(order_of_versions(next(iter(before)), next(iter(after)), kind))


def _version_set(packages: Iterable[Package]) -> Set[str]:
    return {package.version for package in packages}


def _possibly_in_both(row: Row) -> Row:
    """Return the row of a member that one image may have all the same, although nothing says so."""
    if row.change not in (ChangeKind.ADDED, ChangeKind.REMOVED):
        return row
    return Row(row.label, row.before or _NOT_KNOWN, row.after or _NOT_KNOWN, ChangeKind.NOT_KNOWN)


def _names_in_several_namespaces(packages: Iterable[Package]) -> Iterator[tuple[str, str]]:
    """Yield the name and the type of packages of one image that only their namespaces tell apart."""
    found: dict[tuple[str, str], str] = {}
    for package in packages:
        key, namespace = (package.name, package.type), purl_namespace(package.purl)
        if found.setdefault(key, namespace) != namespace:
            yield key


def _packages_by_name(
    packages: Iterable[Package], shared: Set[tuple[str, str]]
) -> Mapping[tuple[str, str], Sequence[Package]]:
    """Return packages by name and type, those of a shared name with their namespace in front of it."""
    found: dict[tuple[str, str], list[Package]] = defaultdict(list)
    for package in packages:
        key = package.name, package.type
        namespace = purl_namespace(package.purl) if key in shared else ""
        found[f"{namespace}/{package.name}" if namespace else package.name, package.type].append(package)
    return found


def _versions(packages: Iterable[Package]) -> str:
    return ", ".join(sorted({package.version or "no version" for package in packages}))


def _licenses(packages: Iterable[Package]) -> str:
    return ", ".join(sorted({package.license or "no license" for package in packages}))


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
    found = _direction(old, new)
    return f"version {found}" if found else ""


def _finding_text(row: FindingRow) -> str:
    findings = [occurrence.finding for occurrence in row.occurrences]
    versions = ", ".join(sorted({finding.version for finding in findings if finding.version}))
    fixes = ", ".join(sorted({finding.fixed_in for finding in findings if finding.fixed_in}))
    text = " ".join(filter(None, ("" if row.is_open else row.status, row.severity, row.package, versions)))
    return f"{text}, fixed in {fixes}" if fixes else text
