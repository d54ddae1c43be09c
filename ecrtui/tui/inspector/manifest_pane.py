"""The pane with the exact manifest and its contents."""

from __future__ import annotations

from collections.abc import Iterable

from textual import events, work
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Annotation, DescriptorRole, ParsedManifest, Part
from ecrtui.ecr.referrer import Referrer
from ecrtui.errors import EcrTuiError
from ecrtui.tui import blocking, messages
from ecrtui.tui.bindings import key_hint
from ecrtui.tui.clipboard.copy_items import CopyItem, copy_items_for_part
from ecrtui.tui.inspector.inspected import Inspected
from ecrtui.tui.inspector.pane import OpenPart
from ecrtui.tui.inspector.text_pane import TextPane
from ecrtui.tui.manifest import facts
from ecrtui.tui.manifest.document import ManifestDocument, pretty_manifest
from ecrtui.tui.manifest.tree import StructureTree
from ecrtui.tui.manifest.view import ManifestView
from ecrtui.tui.textual_fixes.worker_description import LARGE_ARGUMENTS
from ecrtui.tui.widgets.facts import Fact, FactsPanel
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage


class ManifestPane(TextPane[ManifestDocument]):
    """The manifest, byte for byte or pretty-printed, and a tree of its parts and the referrers."""

    ID = "manifest"
    SCOPES = ("manifest",)
    PER_PLATFORM = False
    FILE_SUFFIX = ".json"
    SCOPED_CSS = False  # the screen says how wide it is
    DEFAULT_CSS = """
    ManifestPane {
        #pretty { height: 1; padding: 0 1; color: $text-warning; display: none; }
        &.-pretty #pretty { display: block; }
        #halves { height: 1fr; }
        #halves ManifestView { width: 3fr; height: 1fr; }
        #parts { width: 2fr; height: 1fr; border-left: solid $separator; }
        #parts:focus-within { border-left: solid $primary; }
        #parts StructureTree { height: 1fr; }
        #parts FactsPanel { max-height: 50%; border-top: solid $separator; }
    }
    .-narrow ManifestPane {
        #halves { layout: vertical; }
        #halves ManifestView { width: 1fr; height: 3fr; }
        #parts { width: 1fr; height: 2fr; border-left: none; border-top: solid $separator; }
        #parts:focus-within { border-left: none; border-top: solid $primary; }
        #parts FactsPanel { display: none; }
    }
    .-narrow.-low ManifestPane #parts { height: 1fr; }
    """

    def __init__(self, inspected: Inspected) -> None:
        super().__init__(inspected)
        self._picked: Part | None = None
        self._structure = ParsedManifest()
        self._tree_of: tuple[object, ...] = ()
        """What the referrers were read for."""
        self._referrers: tuple[Referrer, ...] = ()
        """Those that are known; they stay in the tree while they are read again."""
        self._shown_tree: tuple[object, ...] = ()
        """What the tree shows. To build it again moves its cursor."""

    def content(self) -> Iterable[Widget]:
        yield FilterBar("find in the manifest")
        yield Static(id="pretty")
        yield Horizontal(ManifestView(), Vertical(StructureTree(), FactsPanel(id="facts"), id="parts"), id="halves")

    @property
    def view(self) -> ManifestView:
        return self.query_one(ManifestView)

    @property
    def contents(self) -> StructureTree:
        """The contents."""
        return self.query_one(StructureTree)

    @property
    def saved_text(self) -> str:
        return self.view.prepared.text

    @property
    def is_ready(self) -> bool:
        return self.inspected.known_document is not None

    async def read(self, inspected: Inspected) -> ManifestDocument:
        return inspected.document

    def present(self, content: ManifestDocument) -> None:
        self.remove_class("-pretty")
        super().present(content)
        self._show_parts()

    def update(self) -> None:
        super().update()
        self._show_parts()

    def forget(self) -> None:
        super().forget()
        self._tree_of = ()

    # The contents

    def _show_parts(self) -> None:
        """Show the parts and the facts once they are known."""
        inspected = self.inspected
        if not self.is_shown:
            return
        self._show_facts()
        if isinstance(inspected.known_document, ManifestDocument):  # the manifest stays below this error
            error = inspected.known_image
            known = PanelMessage.from_error(error) if isinstance(error, EcrTuiError) else None
            self.query_one(MessagePanel).message = known
        manifest, image = inspected.known_manifest, inspected.known_image
        if not isinstance(manifest, ParsedManifest) or not isinstance(image, Image):
            return
        shown = (manifest, image.digest, image.tags)
        if shown != self._tree_of:
            self._tree_of = shown
            self._structure = manifest
            self._load_referrers(inspected, image)

    @work(exclusive=True, group="referrers", exit_on_error=False, description=LARGE_ARGUMENTS)
    async def _load_referrers(self, inspected: Inspected, image: Image) -> None:
        """Show the contents, then the referrers. An error here does not hide the rest."""
        heading, structure = facts.heading(image, self._structure), self._structure
        self._show_tree(heading, structure)
        try:
            self._referrers = await inspected.referrers_of(image.digest)
        except EcrTuiError as error:
            self._referrers = ()
            self._show_tree(heading, structure, problem=f"referrers · {facts.short_reason(error)}")
            return
        self._show_tree(heading, structure)

    def _show_tree(self, heading: str, structure: ParsedManifest, problem: str = "") -> None:
        shown = (heading, structure, self._referrers, problem)
        if shown != self._shown_tree:
            self._shown_tree = shown
            self.contents.show(heading, structure, self._referrers, problem=problem)

    def _show_facts(self) -> None:
        self.query_one(FactsPanel).show(self._facts())

    def _facts(self) -> Iterable[Fact]:
        if self._picked is not None:
            return facts.part_facts(self._picked)
        image = self.inspected.known_image
        if not isinstance(image, Image):
            return ()
        pull_times = self.inspected.session.registry.capabilities.pull_times
        return facts.image_facts(image, self._structure, pull_times=pull_times)

    # The cursor, which is in the manifest or in the contents

    @property
    def picked(self) -> Part | None:
        """The part under the cursor; None for the image itself."""
        return self._picked

    def _pick(self, part: Part | None) -> None:
        self._picked = part
        self._show_facts()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Follow the cursor of the half that has the focus now."""
        if isinstance(event.widget, StructureTree):
            self._pick(event.widget.current)
        elif isinstance(event.widget, ManifestView):
            self._pick(self._part(event.widget.digest))

    def on_structure_tree_highlighted(self, message: StructureTree.Highlighted) -> None:
        if not message.tree.has_focus:  # the cursor is in the manifest, or the contents were shown again
            return
        self._pick(message.part)
        if message.part is not None and message.part.digest:
            self.view.go_to_digest(message.part.digest)

    def on_structure_tree_selected(self, message: StructureTree.Selected) -> None:
        self._open(message.part)

    def on_manifest_view_digest_selected(self, message: ManifestView.DigestSelected) -> None:
        part = self._part(message.digest)
        if part is not None:
            self._open(part)

    def on_manifest_view_digest_highlighted(self, message: ManifestView.DigestHighlighted) -> None:
        if self._picked is None or self._picked.digest != message.digest:  # the contents know more than the digest
            self._pick(self._part(message.digest))
        if message.digest and not self.contents.has_focus:
            self.contents.go_to_digest(message.digest)

    def _part(self, digest: str | None) -> Part | None:
        """Return the part of the manifest with this digest."""
        if digest is None:
            return None
        known = (entry for entry in self._structure.descriptors if entry.digest == digest)
        return next(known, None) or self._structure.annotation_with(digest)

    def _open(self, part: Part) -> None:
        """Open a part: an image on its own screen, a config or a layer in its pane."""
        if isinstance(part, Annotation) or part.is_image:
            self.post_message(OpenPart(part))
        elif part.role is DescriptorRole.CONFIG:
            self.post_message(messages.ShowPane("config"))
        elif part.role is DescriptorRole.LAYER:
            self.post_message(messages.ShowPane("layers"))
        else:
            self.notify(f"A {part.role} without a digest cannot be opened.", severity="warning")

    def action_switch_pane(self) -> None:
        """Switch between the manifest and the contents."""
        self.focus_now(self.contents if self.view.has_focus else self.view)

    # Texts

    @work(exclusive=True, group="pretty", exit_on_error=False)
    async def action_pretty(self) -> None:
        """Pretty-print the manifest, or show its exact bytes again."""
        exact = self.inspected.known_document
        if not isinstance(exact, ManifestDocument):
            return
        document = exact
        if not self.has_class("-pretty"):
            try:
                document = await blocking.run_blocking(pretty_manifest, exact.text)
            except ValueError as problem:
                self.notify(f"This manifest cannot be pretty-printed: {problem}.", severity="warning")
                return
        self.toggle_class("-pretty")
        back = key_hint(self, "manifest.pretty", "exact")
        self.query_one("#pretty", Static).update(" · ".join(("pretty-printed, not the exact bytes", back)))
        picked = self.view.digest
        super().present(document)
        if picked:
            self.view.go_to_digest(picked)

    def copy_items(self) -> tuple[CopyItem, ...]:
        part, own = self._picked, self.inspected.known_image
        if part is None or (isinstance(own, Image) and part.digest == own.digest):
            return ()
        return copy_items_for_part(self.inspected.repository, part)
