"""The platforms of an index, a row for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.findings import scan_status_text
from ecrtui.ecr.image import Image, is_index
from ecrtui.ecr.manifest import DescriptorRole, ParsedManifest
from ecrtui.tui.inspector.fact_lines import LOADING, FactLines
from ecrtui.tui.inspector.inspected import PlatformImage
from ecrtui.tui.inspector.linked_text import Link
from ecrtui.tui.inspector.overview_data import OverviewData
from ecrtui.tui.lists.image_columns import severity_style
from ecrtui.tui.safe_text import visible
from ecrtui.tui.text_document import Span

MAX_PLATFORM_ROWS = 100
"""Platforms in the overview. Most images have one or two, but an index can have 40,000 entries."""
_COLUMNS = ("platform", "digest", "size", "layers", "findings", "pushed", "user", "created", "base image")
"""The columns of the platforms."""
_NUMBERS = frozenset(("size", "layers"))
"""The columns that are aligned to the right."""
_DROPPED = ("pushed", "base image", "created", "user", "layers")
"""The columns for which a narrow screen has no room, in the order in which they are left out."""
_GAP = 3
MAX_USER = 32
"""Characters of the user of a config; all of it is in the pane of the config."""
_MAX_NAME = 100
"""Characters of a platform and of a base image in a column: each row gets as wide as the widest one."""
NOT_SET = "not set"


def add_platforms(lines: FactLines, data: OverviewData, now: float) -> None:
    """Add a row for each platform."""
    inspected = data.inspected
    if inspected.platform_error is not None:
        lines.fact("platforms", inspected.platform_error)
    if not inspected.platforms:
        manifest = inspected.known_manifest
        if isinstance(manifest, ParsedManifest):
            lines.add("This index has no platforms.")
        else:
            lines.fact("platforms", manifest or LOADING)
        return
    platforms = inspected.platforms[:MAX_PLATFORM_ROWS]
    bases = {entry.digest: base for entry in platforms if (base := data.base_image_of(entry))}
    rows = [_platform_row(data, entry, bases, now) for entry in platforms]
    known = [name for name in _COLUMNS if name in rows[0]]
    widths = {name: max(cell_len(name), *(cell_len(row[name]) for row in rows)) for name in known}
    for name in _DROPPED:
        if sum(widths.values()) + _GAP * (len(widths) - 1) > lines.width:
            widths.pop(name, None)

    def joined(row: Mapping[str, str]) -> str:
        cells = (_padded(row[name], width, right=name in _NUMBERS) for name, width in widths.items())
        return (" " * _GAP).join(cells).rstrip()

    head = joined({name: name for name in known})
    lines.add(head, styles=[(0, len(head), "$text-muted")])
    own = inspected.known_image
    parent = own.digest if isinstance(own, Image) else inspected.reference.digest
    for entry, row in zip(platforms, rows, strict=True):
        text, image = joined(row), entry.image
        styles: Sequence[Span] = ()
        if image is not None and image.scan_known and "findings" in widths:
            styles = count_styles(image, text, text.index(row["digest"]) + len(row["digest"]))
        lines.add(text, Link("", entry.digest, parent), styles)
    if more := len(inspected.platforms) - len(platforms):
        lines.add(f"and {units.format_count(more, 'platform')} more", Link("manifest"))
    if bases and "base image" not in widths:
        lines.fact("base image", visible(units.format_names(dict.fromkeys(bases.values()))), Link("config"))


def _padded(text: str, width: int, *, right: bool) -> str:
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks


def _platform_row(data: OverviewData, entry: PlatformImage, bases: Mapping[str, str], now: float) -> Mapping[str, str]:
    """Return the cells of a platform by column; without those of the config if no config is known."""
    image, structure = entry.image, data.structure_of(entry.digest)
    layers = "?" if structure is None else units.format_number(len(structure.with_role(DescriptorRole.LAYER)))
    is_nested = entry.descriptor is not None and is_index(entry.descriptor.media_type)
    size = "?" if image is None else units.format_size(image.size)
    unnamed = "an index" if is_nested else "no platform"
    if image is not None and entry.is_listed_artifact:
        unnamed = str(image.kind)
    row = {
        "platform": visible(entry.name, _MAX_NAME) or unnamed,
        "digest": short_digest(entry.digest),
        "size": "missing" if entry.digest in data.inspected.missing_platforms else size,
        "layers": "–" if is_nested else layers,
        "findings": "?" if image is None or not image.scan_known else finding_counts(image),
        "pushed": "?" if image is None else units.format_age(image.pushed_at),
    }
    if data.configs:
        config = data.read_config(entry.digest)
        row |= {
            "user": "?" if config is None else visible(config.user, MAX_USER) or NOT_SET,
            "created": "?" if config is None else units.format_age(config.created_at, now, NOT_SET),
        }
    if bases:
        unknown = NOT_SET if data.read_config(entry.digest) is not None else "?"
        row["base image"] = visible(bases.get(entry.digest, ""), _MAX_NAME) or unknown
    return row


def finding_counts(image: Image) -> str:
    """Return the findings of an image by severity, or why they are not known."""
    return units.format_finding_counts(image.findings, scan_status_text(image.scan_status))


def count_styles(image: Image, text: str, start: int = 0) -> Sequence[Span]:
    """Return the colors of the numbers of findings in a text that has them behind ``start``."""
    styles: list[Span] = []
    for count in image.findings or ():
        if count[1]:
            number = units.format_finding_counts((count,))
            start = text.index(number, start)
            styles.append((start, start + len(number), severity_style(count[0])))
            start += len(number)
    return styles
