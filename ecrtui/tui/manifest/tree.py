"""A tree of the parts of an image: platforms, config, layers, attestations, referrers, annotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.text import Text
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from ecrtui.ecr import units
from ecrtui.ecr.digest import find_digest, short_digest
from ecrtui.ecr.image import ImageKind
from ecrtui.ecr.manifest import Annotation, Descriptor, DescriptorRole, ParsedManifest, Part
from ecrtui.ecr.referrer import Referrer
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings
from ecrtui.tui.fields_message import FieldsMessage

MAX_ENTRIES = 500
"""Greatest number of entries that a group shows. A manifest of 4 MiB can name more than ten thousand."""

MAX_LABEL_LENGTH = 200
"""Longest registry text on one line of the tree, in characters."""


class StructureTree(Tree[Part | None]):
    """Shows the parts of an image. The data of a node is the part, or None for a heading."""

    BINDINGS = bindings("structure")
    DEFAULT_CSS = """
    StructureTree {
        background: $surface;
        color: $foreground;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
        & > .tree--guides, & > .tree--guides-hover, & > .tree--guides-selected { color: $separator; }
    }
    """

    class Highlighted(FieldsMessage):
        """The cursor moved to another part, or to a heading (None)."""

        tree: StructureTree
        part: Part | None

        @property
        def control(self) -> StructureTree:
            return self.tree

    class Selected(FieldsMessage):
        """The user pressed Enter on a part or clicked it."""

        tree: StructureTree
        part: Part

        @property
        def control(self) -> StructureTree:
            return self.tree

    def __init__(self) -> None:
        super().__init__(Text(""))
        self.auto_expand = False
        self.guide_depth = 2
        self._part_nodes: dict[str, TreeNode[Part | None]] = {}
        """The first node of each digest."""

    def show(
        self, name: str, structure: ParsedManifest, referrers: Sequence[Referrer] | None = None, *, problem: str = ""
    ) -> None:
        """Show an image.

        Args:
            name: The name of the image.
            structure: Its parsed manifest.
            referrers: Its referrers; None if they are not known yet.
            problem: The text in place of referrers that could not be listed.
        """
        self.clear()
        root = self.root
        root.set_label(text.label(name, "bold", MAX_LABEL_LENGTH))
        root.data = None
        if structure.problem:
            root.add_leaf(text.label(structure.problem, limit=MAX_LABEL_LENGTH))
        names, others = structure.platform_names, structure.artifact_entries
        self._group(root, "platforms", structure.platform_entries, names)
        self._group(root, "artifacts", [entry for entry in others if not entry.is_attestation], {})
        attestations = [entry for entry in others if entry.is_attestation]
        subjects = {entry.digest: names.get(entry.about, "") for entry in attestations}
        self._group(root, "attestations", attestations, subjects, expand=False)
        for role in (DescriptorRole.CONFIG, DescriptorRole.SUBJECT):
            for descriptor in structure.with_role(role):
                root.add_leaf(_label(descriptor), data=descriptor)
        layers = structure.with_role(DescriptorRole.LAYER)
        self._group(root, f"layers · {units.format_size(structure.layers_size)}", layers, {})
        if referrers is not None:
            self._group(root, "referrers", [_descriptor_of(referrer) for referrer in referrers], {})
        if problem:
            root.add_leaf(text.label(problem, limit=MAX_LABEL_LENGTH))
        self._annotations(root, structure.annotations.items())
        root.expand()
        self._part_nodes = {}
        for group in (root, *root.children):
            for node in group.children:
                if node.data is not None:
                    self._part_nodes.setdefault(node.data.digest, node)

    def go_to_digest(self, digest: str) -> None:
        """Move the cursor to the first part with this digest, if there is one."""
        node = self._part_nodes.get(digest)
        if node is not None:
            if node.parent is not None:
                node.parent.expand()
            self.call_after_refresh(self.move_cursor, node)  # a node has no line before its parent was drawn
            self.call_after_refresh(self.scroll_to_node, node, animate=False)

    @property
    def current(self) -> Part | None:
        """The part under the cursor."""
        return None if self.cursor_node is None else self.cursor_node.data

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Part | None]) -> None:
        event.stop()
        self.post_message(self.Highlighted(self, event.node.data))

    def on_tree_node_selected(self, event: Tree.NodeSelected[Part | None]) -> None:
        event.stop()
        if event.node.data is None:
            event.node.toggle()
        else:
            self.post_message(self.Selected(self, event.node.data))

    def _group(
        self,
        root: TreeNode[Part | None],
        title: str,
        entries: Sequence[Descriptor],
        platforms: Mapping[str, str],
        expand: bool = True,
    ) -> None:
        if not entries:
            return
        group = root.add(_heading(title, len(entries)), expand=expand)
        for number, descriptor in enumerate(entries[:MAX_ENTRIES], 1):
            group.add_leaf(_label(descriptor, number, platforms.get(descriptor.digest, "")), data=descriptor)
        _add_rest(group, len(entries))

    def _annotations(self, root: TreeNode[Part | None], annotations: Iterable[tuple[str, str]]) -> None:
        entries = list(annotations)
        if not entries:
            return
        group = root.add(_heading("annotations", len(entries)), expand=False)
        for key, value in entries[:MAX_ENTRIES]:
            label = text.label(key, "bold", MAX_LABEL_LENGTH)
            label.append_text(text.label(f" {value}", limit=MAX_LABEL_LENGTH))
            group.add_leaf(label, data=Annotation(key, value, find_digest(value)))
        _add_rest(group, len(entries))


def _heading(title: str, count: int) -> Text:
    return Text(f"{title} · {units.format_number(count)}", style="bold")


def _add_rest(group: TreeNode[Part | None], count: int) -> None:
    if count > MAX_ENTRIES:
        group.add_leaf(Text(f"… {units.format_number(count - MAX_ENTRIES)} more in the manifest"))


def _label(descriptor: Descriptor, number: int = 0, platform: str = "") -> Text:
    """Return the line of a part: its kind, digest, size and type.

    Args:
        descriptor: the part.
        number: its number in its group, from 1.
        platform: the name of its platform, if it has one.
    """
    title = _title(descriptor, number, platform)
    parts = [title, text.label(short_digest(descriptor.digest), "dim", 12 + 1)]
    if descriptor.size >= 0:
        parts.append(Text(units.format_size(descriptor.size)))
    what = _type(descriptor)
    if what and not platform and what != title.plain:
        parts.append(text.label(what, "dim", MAX_LABEL_LENGTH))
    return Text("  ").join(part for part in parts if part)


def _type(descriptor: Descriptor) -> str:
    """Return what a part is, without the words that all media types begin with: the end of a line may be cut."""
    what = descriptor.artifact_type or ("" if descriptor.role is DescriptorRole.LAYER else descriptor.media_type)
    return what.removeprefix("application/")


def _title(descriptor: Descriptor, number: int, platform: str) -> Text:
    if descriptor.is_attestation:
        return text.label(f"attestation of {platform}" if platform else "attestation", limit=MAX_LABEL_LENGTH)
    if platform:
        return text.label(platform, limit=MAX_LABEL_LENGTH)
    if descriptor.role is DescriptorRole.LAYER:
        return Text(f"{number:>3}")
    is_artifact = descriptor.role is DescriptorRole.MANIFEST and not descriptor.is_container
    if is_artifact or descriptor.role is DescriptorRole.REFERRER:
        kind = descriptor.kind
        if kind in (ImageKind.ARTIFACT, ImageKind.IMAGE) and descriptor.artifact_type:
            return text.label(_type(descriptor), limit=MAX_LABEL_LENGTH)
        return Text(str(kind) if descriptor.digest else "referrer")
    return Text(descriptor.role.value)


def _descriptor_of(referrer: Referrer) -> Descriptor:
    return Descriptor(
        DescriptorRole.REFERRER,
        referrer.digest,
        referrer.media_type,
        -1 if referrer.size is None else referrer.size,
        artifact_type=referrer.artifact_type,
        annotations=dict(referrer.annotations),
    )
