"""The pane with the layers of a platform, beside the steps of its build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ecrtui.ecr.digest import SHORT_DIGITS, short_digest
from ecrtui.ecr.findings import Finding
from ecrtui.ecr.image import Image
from ecrtui.ecr.image_config import ImageConfig
from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.units import UNKNOWN, format_count, format_exact_size, format_size, reformat_iso_time
from ecrtui.errors import EcrTuiError
from ecrtui.inspect.findings import worst_first
from ecrtui.inspect.layers import LayerRow, LayerSharing, LayerTable, image_names, layer_sharing, layer_table
from ecrtui.session import Session
from ecrtui.tui import blocking
from ecrtui.tui.clipboard.copy_items import CopyItem
from ecrtui.tui.details import Facts, facts_text, reason_with_permission
from ecrtui.tui.inspector.inspected import Inspected, PlatformImage, index_in_index
from ecrtui.tui.inspector.split_pane import SplitPane
from ecrtui.tui.safe_text import visible
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table
from ecrtui.tui.text_document import EMPTY_TEXT, prepare_facts

MAX_MANIFESTS = 1_000
"""Known manifests that are compared."""

MAX_STEP = 300
"""Characters of a step in the table. All of it is below the table."""

_BAR = 5
_DIGEST_WIDTH = len("sha256:") + 64


@dataclass(frozen=True, slots=True)
class Layers:
    """What the pane shows of a platform.

    Args:
        name: the platform; empty for an image that is not in an index.
        table: the layers and steps.
        sharing: which other images have them.
        names: how people know these images, by digest: a tag, or a platform of an image with a tag.
        config_error: why the steps are not known.
        findings: what the scan found in each layer, the worst first, by the digest of the layer; None if it does not
            say, or if it is not known.
    """

    name: str
    table: LayerTable
    sharing: LayerSharing
    names: Mapping[str, str]
    config_error: EcrTuiError | None = None
    findings: Mapping[str, Sequence[Finding]] | EcrTuiError | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the table, with its number in it."""

    number: int
    layer: LayerRow
    layers: Layers

    @property
    def also_in(self) -> str:
        """In how many of the known images the layer is."""
        if not self.layer.number:
            return ""
        if not self.layers.sharing.known:
            return "?"
        count = len(self.layers.sharing.images.get(self.layer.digest, ()))
        return f"{count} of {self.layers.sharing.known}" if count else "no other"

    @property
    def share(self) -> str:
        """The part of the image that the layer is, as a bar and in percent."""
        part = self.layers.table.share(self.layer)
        if part is None:
            return UNKNOWN if self.layer.number else ""
        full = round(part * _BAR)
        return f"{'█' * full}{'░' * (_BAR - full)} {part:>4.0%}"


class LayersPane(SplitPane[Layers]):
    """The layers with their size and the steps that made them."""

    ID = "layers"

    def key_of(self, row: Any) -> Any:
        return str(row.number)

    def columns(self) -> Sequence[Column[Any]]:
        return (
            Column("number", "#", lambda row: str(row.layer.number or UNKNOWN), align="right", min_width=2),
            Column("size", "size", _size, align="right", min_width=6),
            Column("share", "share", lambda row: row.share, min_width=10, drop_priority=2),
            Column(
                "digest", "digest", lambda row: short_digest(row.layer.digest), min_width=SHORT_DIGITS, drop_priority=1
            ),
            Column("also", "also in", lambda row: row.also_in, min_width=8, drop_priority=3),
            Column("step", "made by", _step, min_width=16, max_width=MAX_STEP, flex=1),
        )

    async def read(self, inspected: Inspected) -> Layers:
        platform = inspected.require_platform()
        manifest, parsed = await inspected.manifest_of(platform.digest)
        if manifest.is_index:
            raise index_in_index("layers", manifest.digest)
        descriptor = parsed.config
        config: ImageConfig | None = None
        error: EcrTuiError | None = None
        if descriptor is not None:
            try:
                config = await inspected.config_of(descriptor)
            except EcrTuiError as problem:
                error = problem
        session, images = inspected.session, inspected.listed_images() or ()
        layers = await blocking.run_blocking(
            _layers, session, inspected.repository_name, manifest, platform.name, images, config, error
        )
        return replace(layers, findings=await _findings(inspected, platform))

    def present(self, content: Layers) -> None:
        self.show_about(_about(content))
        self.table.replace_rows(_Row(number, layer, content) for number, layer in enumerate(content.table.rows))
        self.table.set_placeholder("This image has no layers.")
        if not content.table.rows:
            self._show_row(None)
        self.keep_match()

    def row_text(self, row: Any) -> str:
        return _row_text(row)

    @property
    def visible_text(self) -> str:
        """All layers and steps, one on a line, with the whole digest and step."""
        return "".join(f"{_line(row)}\n" for row in self.table.rows)

    def badge(self, content: Layers) -> str:
        return str(len(content.table.layers))

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        message.stop()
        self._show_row(message.item)

    def copy_items(self) -> tuple[CopyItem, ...]:
        row: _Row | None = self.table.current
        if row is None:
            return super().copy_items()
        own = [CopyItem("digest of the layer", row.layer.digest)] if row.layer.digest else []
        if row.layer.command:
            own.append(CopyItem("step of the build", row.layer.command))
        return (*own, *super().copy_items())

    def _show_row(self, row: _Row | None) -> None:
        if row is None:
            self.show_selected("")
            self.view.show(EMPTY_TEXT)
            return
        number, count = row.layer.number, len(row.layers.table.layers)
        self.show_selected(f"layer {number} of {count}" if number else "a step without a layer")
        self.show_text(prepare_facts(_row_text(row)))


def _size(row: _Row) -> str:
    return format_size(row.layer.size) if row.layer.number else ""


def _step(row: _Row) -> str:
    return row.layer.command[:MAX_STEP] or ("not known" if row.layers.config_error else "")


async def _findings(
    inspected: Inspected, platform: PlatformImage
) -> Mapping[str, Sequence[Finding]] | EcrTuiError | None:
    """Return what the scan of a platform found in each layer. Only an enhanced scan says in which layer it is."""
    if platform.image is None or not platform.image.findings:
        return None
    registry, name, digest = inspected.session.registry, inspected.repository_name, platform.digest
    try:
        report = await inspected.reads.once(("findings", digest), registry.findings, name, digest)
    except EcrTuiError as error:
        return error
    if not report.enhanced:
        return None
    found: dict[str, list[Finding]] = {}
    for finding in worst_first(report.findings):
        found.setdefault(finding.layer, []).append(finding)
    return found


def _layers(
    session: Session,
    repository: str,
    manifest: Manifest,
    name: str,
    images: Sequence[Image],
    config: ImageConfig | None,
    error: EcrTuiError | None,
) -> Layers:
    """Return the layers of a platform. The config can be missing: then the steps are not known. Blocks."""
    known = session.catalog.recent_manifests(repository, MAX_MANIFESTS)
    sharing = layer_sharing(known, manifest.digest)
    return Layers(
        name, layer_table(manifest.text, config), sharing, image_names(known, images, session.order_tags), error
    )


def _about(content: Layers) -> str:
    """Return the lines above the table."""
    table, sharing = content.table, content.sharing
    layers = format_count(len(table.layers), "layer")
    parts = [content.name, f"{format_size(table.size)} in {layers}"]
    if sharing.known and (shared := [layer for layer in table.layers if layer.digest in sharing.images]):
        size = None if any(layer.size < 0 for layer in shared) else sum(layer.size for layer in shared)
        parts.append(f"{format_size(size)} of it also in other images")
    others = format_count(sharing.known, "other image") if sharing.known else "no other image"
    parts.append(f"compared with {others}")
    lines = [" · ".join(filter(None, parts)), table.problem]
    if (error := content.config_error) is not None:
        lines.append(f"The steps are not known. {reason_with_permission(error)}")
    return "\n".join(filter(None, lines))


def _line(row: _Row) -> str:
    layer = row.layer
    cells = (f"{layer.number or UNKNOWN:>3}", f"{_size(row):>7}", f"{visible(layer.digest):<{_DIGEST_WIDTH}}")
    return "  ".join((*cells, visible(layer.command))).rstrip()


def _image_name(digest: str, names: Mapping[str, str]) -> str:
    """Return an image by its name and its digest: the name comes first, where there is one."""
    return "  ".join(filter(None, (names.get(digest, ""), short_digest(digest))))


def _finding_lines(row: _Row) -> list[str]:
    """Return the findings in packages that a layer brought."""
    findings = row.layers.findings
    if findings is None:
        return []
    if isinstance(findings, EcrTuiError):
        return [f"not known: {reason_with_permission(findings)}"]
    return [
        visible(f"{found.severity:<8} {found.name}  {found.package} {found.version}".rstrip())
        for found in findings.get(row.layer.digest, ())
    ] or ["none"]


def _row_text(row: _Row) -> str:
    """Return all that is known of a layer, or of a step."""
    layer = row.layer
    facts: Facts = [
        ("made by", [visible(layer.command)] if layer.command else []),
        ("created", [visible(reformat_iso_time(layer.created))] if layer.created else []),
        ("comment", [visible(layer.comment)] if layer.comment else []),
    ]
    if layer.number:
        images = row.layers.sharing.images.get(layer.digest, frozenset())
        exact = format_exact_size(layer.size) if layer.size >= 0 else "not known"
        facts += [
            ("size", [exact]),
            ("stored", ["a foreign layer: its content can be outside the registry"] if layer.external else []),
            ("findings", _finding_lines(row)),
            ("also in", sorted(visible(_image_name(digest, row.layers.names)) for digest in images)),
            ("digest", [visible(layer.digest)]),
            ("unpacked", [visible(layer.diff_id)] if layer.diff_id else []),
            ("media type", [visible(layer.media_type)] if layer.media_type else []),
        ]
    return facts_text(facts)
