"""The screen with one image: its exact manifest and its contents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from textual import events, work
from textual.containers import Horizontal, Vertical
from textual.reactive import var
from textual.widget import Widget

from ecrtui.ecr import units
from ecrtui.ecr.digest import is_digest, short_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Annotation, DescriptorRole, ParsedManifest, Part, parse_manifest
from ecrtui.ecr.put_image_request import PutImageRequest
from ecrtui.ecr.reference import Reference
from ecrtui.ecr.repository import Repository
from ecrtui.errors import EcrTuiError, ErrorKind, NotFound
from ecrtui.retag.plan import Report
from ecrtui.retag.write_history import WritePlace
from ecrtui.session import Session, SessionSource
from ecrtui.tui import blocking, clipboard, messages
from ecrtui.tui.external_programs import Program
from ecrtui.tui.inspect_actions import InspectMixin
from ecrtui.tui.manifest import facts
from ecrtui.tui.manifest.document import EMPTY, ManifestDocument, prepare_manifest
from ecrtui.tui.manifest.tree import StructureTree
from ecrtui.tui.manifest.view import ManifestView
from ecrtui.tui.promote.actions import PromoteMixin
from ecrtui.tui.retag.actions import RetagMixin
from ecrtui.tui.retag.retag_form import RetagSource
from ecrtui.tui.retag.undo import UndoMixin
from ecrtui.tui.widgets.facts import Fact, FactsPanel
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage


@dataclass(frozen=True, slots=True)
class ImageState:
    """The data of the image that were read so far."""

    repository: Repository | None = None
    image: Image | None = None
    structure: ParsedManifest = field(default_factory=ParsedManifest)
    picked: Part | None = None
    """The part under the cursor, in the manifest or in the contents; None for the image itself."""
    scan_error: EcrTuiError | None = None
    """Why the last scan could not be read."""
    pull_times: bool = True
    """The registry records when an image was last pulled."""
    error: EcrTuiError | None = None


class ImageScreen(RetagMixin, UndoMixin, PromoteMixin, InspectMixin):
    """One image, by digest or tag.

    Args:
        connect: the source of the session.
        repository: its name.
        subject: a digest or a tag.
        prepared: the manifest of this digest, if it is loaded already; the first frame shows it then.
    """

    DEFAULT_CSS = """
    ImageScreen {
        #image { height: 1fr; }
        #image ManifestView { width: 3fr; height: 1fr; }
        #parts { width: 2fr; height: 1fr; border-left: solid $panel; }
        #parts StructureTree { height: 1fr; }
        #parts FactsPanel { max-height: 50%; border-top: solid $panel; }
        &.-narrow #image { layout: vertical; }
        &.-narrow #image ManifestView { width: 1fr; height: 3fr; }
        &.-narrow #parts { width: 1fr; height: 2fr; border-left: none; border-top: solid $panel; }
        &.-narrow #parts FactsPanel { display: none; }
        &.-narrow.-low #parts { height: 1fr; }
    }
    """

    SCOPES = ("image", "manifest", "put_image")

    state: var[ImageState] = var(ImageState)

    def __init__(
        self, connect: SessionSource, repository: str, subject: str, prepared: ManifestDocument | None = None
    ) -> None:
        super().__init__(connect)
        self.repository_name = repository
        self.subject = subject
        self._prepared = prepared

    @property
    def place(self) -> Reference:
        digest = self.subject if is_digest(self.subject) else ""
        return Reference(self.repository_name, "" if digest else self.subject, digest)

    def breadcrumb(self) -> str:
        subject = short_digest(self.subject) if is_digest(self.subject) else self.subject
        return f"Repositories › {self.repository_name} › {subject}"

    def body(self) -> Iterable[Widget]:
        yield MessagePanel()
        yield FilterBar("find in the manifest")
        yield Horizontal(
            ManifestView(self._prepared or EMPTY),
            Vertical(StructureTree(), FactsPanel(id="facts"), id="parts"),
            id="image",
        )

    def on_mount(self) -> None:
        self.query_one(ManifestView).focus()
        self.load()

    def on_unmount(self) -> None:
        """Free the manifest: the screen is a cycle, and the collector keeps it for long."""
        self._prepared = None
        self.set_reactive(ImageScreen.state, ImageState())

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self) -> None:
        """Read the image and its manifest, then its referrers."""
        self.state = replace(self.state, error=None)
        self.set_status("loading…")
        try:
            session = await self.session()
            await _gather(self._load_repository(session), *self._reads(session))
            if self.state.image is not None:
                image = self.state.image
                self.set_status(facts.summary(image))
                await _gather(self._load_referrers(session, image), self._load_scan(session, image))
        except EcrTuiError as error:
            self.set_status("")
            self.show_error(error)

    def _reads(self, session: Session) -> Iterable[Coroutine[Any, Any, object]]:
        """Return the reads that can run together; a tag must be resolved before its manifest is read."""
        if is_digest(self.subject):
            return self._load_image(session), self._load_manifest(session, self.subject)
        return (self._load_tagged(session),)

    async def _load_tagged(self, session: Session) -> None:
        image = await self._load_image(session)
        await self._load_manifest(session, image.digest)

    async def _load_repository(self, session: Session) -> None:
        repository = await blocking.run_blocking(session.registry.repository, self.repository_name)
        self.state = replace(self.state, repository=repository)

    async def _load_image(self, session: Session) -> Image:
        found = await blocking.run_blocking(_find, session, self.repository_name, self.subject)
        (image,) = session.catalog.known_scans.add_to(self.repository_name, [found])
        self.state = replace(self.state, image=image, pull_times=session.registry.capabilities.pull_times)
        return image

    async def _load_manifest(self, session: Session, digest: str) -> None:
        """Show the text at once, and parse it after it is drawn."""
        view = self.query_one(ManifestView)
        if self._prepared is None:
            view.show(await blocking.run_blocking(_read, session, self.repository_name, digest))
        await self._after_refresh()
        structure = await blocking.run_blocking(parse_manifest, view.prepared.text)
        self.state = replace(self.state, structure=structure, picked=_part(structure, view.digest))

    async def _after_refresh(self) -> None:
        """Wait until the screen is drawn. Parsing JSON holds the interpreter, so drawing would wait for it."""
        drawn = asyncio.Event()
        self.call_after_refresh(drawn.set)
        await drawn.wait()

    async def _load_scan(self, session: Session, image: Image) -> None:
        """Read the last scan if it is not known. An error does not hide the rest: the findings stay unknown."""
        if image.scan_known:
            return
        try:
            with closing(session.catalog.scans(self.repository_name, [image.digest])) as reading:
                async for batch in blocking.iterate_blocking(reading):
                    if image.digest in batch.scans:
                        self.state = replace(self.state, image=image.with_scan(batch.scans[image.digest]))
        except EcrTuiError as error:
            self.state = replace(self.state, scan_error=error)

    async def _load_referrers(self, session: Session, image: Image) -> None:
        """Show the contents, then the referrers. An error here does not hide the rest of the screen."""
        tree = self.query_one(StructureTree)
        heading, structure = facts.heading(image, self.state.structure), self.state.structure
        tree.show(heading, structure)
        try:
            session.registry.capabilities.require("referrers")
            referrers = await blocking.run_blocking(session.registry.referrers, self.repository_name, image.digest)
        except EcrTuiError as error:
            tree.show(heading, structure, problem=f"referrers · {facts.short_reason(error)}")
            if error.kind is not ErrorKind.UNSUPPORTED:
                self.notify(f"Could not list referrers: {error}", severity="warning")
            return
        if referrers:
            tree.show(heading, structure, referrers)

    @property
    def awaits_content(self) -> bool:
        return super().awaits_content or (self.state.error is None and not self.query_one(ManifestView).prepared.text)

    def show_error(self, error: EcrTuiError) -> None:
        self.state = replace(self.state, error=error)

    def watch_state(self, state: ImageState) -> None:
        if not self.is_mounted:
            return
        self.query_one(MessagePanel).message = None if state.error is None else PanelMessage.from_error(state.error)
        self.query_one(FactsPanel).show(self._facts(state))

    def _facts(self, state: ImageState) -> Iterable[Fact]:
        if state.picked is not None:
            return facts.part_facts(state.picked)
        if state.image is None:
            return ()
        return facts.image_facts(state.image, state.structure, state.scan_error, pull_times=state.pull_times)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Follow the cursor of the pane that has the focus now."""
        if isinstance(event.widget, StructureTree):
            self.state = replace(self.state, picked=event.widget.current)
        elif isinstance(event.widget, ManifestView):
            self.state = replace(self.state, picked=_part(self.state.structure, event.widget.digest))

    def on_structure_tree_highlighted(self, message: StructureTree.Highlighted) -> None:
        if not message.tree.has_focus:  # the contents were shown again; the cursor is in the manifest
            return
        self.state = replace(self.state, picked=message.part)
        if message.part is not None and message.part.digest:
            self.query_one(ManifestView).go_to_digest(message.part.digest)

    def on_structure_tree_selected(self, message: StructureTree.Selected) -> None:
        self._open(message.part)

    def on_manifest_view_digest_selected(self, message: ManifestView.DigestSelected) -> None:
        part = _part(self.state.structure, message.digest)
        if part is not None:
            self._open(part)

    def on_manifest_view_digest_highlighted(self, message: ManifestView.DigestHighlighted) -> None:
        picked = self.state.picked
        if picked is None or picked.digest != message.digest:  # the contents know more of a part than its digest
            self.state = replace(self.state, picked=_part(self.state.structure, message.digest))

    def _open(self, part: Part) -> None:
        """Open a part: an image on its own screen, a config as text."""
        if isinstance(part, Annotation):
            self._with_named_image(part, self._open_image)
        elif part.is_image:
            self.post_message(messages.OpenImage(self.connect, self.repository_name, part.digest))
        elif part.role is DescriptorRole.CONFIG:
            self.action_config()
        else:
            self.notify(f"Only images and configs can be opened; this is a {part.role}.", severity="warning")

    async def _open_image(self, image: Image) -> None:
        self.post_message(messages.OpenImage(self.connect, self.repository_name, image.digest))

    async def action_retag(self) -> None:
        """Tag the image under the cursor; without a part under the cursor, tag the image itself."""
        image, picked = self.state.image, self.state.picked
        if image is None:
            return
        if picked is None or picked.digest == image.digest:
            await self.begin_retag(_source(self.repository_name, image))
        elif isinstance(picked, Annotation) or picked.is_image:
            warning = facts.part_warning(image, self.state.structure, picked)
            self._with_named_image(picked, lambda found: self._retag_part(found, warning))
        else:
            self.notify(f"Only images can be tagged; this is a {picked.role}.", severity="warning")

    def undo_place(self) -> WritePlace | None:
        return None if self.state.image is None else WritePlace(self.repository_name, self.state.image.digest)

    async def action_promote(self) -> None:
        """Copy the image to another repository, with all its parts."""
        image = self.state.image
        if image is not None:
            opened = tuple(tag for tag in image.tags if tag == self.subject)  # a target without a tag gets this one
            tags = (*opened, *(tag for tag in image.tags if tag not in opened))
            await self.begin_promotion(_source(self.repository_name, replace(image, tags=tags)))

    async def _retag_part(self, image: Image, warning: str) -> None:
        await self.begin_retag(_source(self.repository_name, image, warning))

    @work(exclusive=True, group="named", exit_on_error=False)
    async def _with_named_image(self, part: Part, use: Callable[[Image], Coroutine[Any, Any, None]]) -> None:
        """Read the image with the digest of a part, and use it. Say so if the repository has no such image."""
        if not part.digest:
            self.notify("Only images can be tagged or opened; this is an annotation.", severity="warning")
            return
        try:
            session = await self.session()
            image = await blocking.run_blocking(_find, session, self.repository_name, part.digest)
        except NotFound as error:
            if error.kind is ErrorKind.REPOSITORY_NOT_FOUND:
                self.notify_error(error)
            else:
                self.notify(f"No image of {self.repository_name} has the digest {part.digest}.", severity="warning")
            return
        except EcrTuiError as error:
            self.notify_error(error)
            return
        await use(image)

    async def refresh_after_write(self, report: Report) -> None:
        """Read the image again; its tags may have changed."""
        if all(step.repository != self.repository_name for step in report.plan.steps):
            return
        try:
            session = await self.session()
            image = await self._load_image(session)
        except EcrTuiError as error:
            self.notify(f"Could not update the image: {error}", severity="warning")
            return
        self.set_status(facts.summary(image))

    def focus_content(self) -> None:
        self.query_one(ManifestView).focus()

    def action_refresh_screen(self) -> None:
        self.load()

    def action_retry(self) -> None:
        self.load()

    def action_switch_pane(self) -> None:
        """Switch between the manifest and the contents."""
        view = self.query_one(ManifestView)
        (self.query_one(StructureTree) if view.has_focus else view).focus()

    def action_search(self) -> None:
        """Find text in the manifest."""
        self.query_one(FilterBar).open()

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        found = self.query_one(ManifestView).search(message.value)
        self.query_one(FilterBar).show_problem("" if found or not message.value else "not found")

    def on_filter_bar_closed(self) -> None:
        self.query_one(ManifestView).focus()

    def action_put_image(self) -> None:
        """Open the Put image form with the selected image."""
        draft = messages.PutImageDraft(PutImageRequest(repository=self.repository_name), self._selected_digest())
        self.post_message(messages.OpenPutImage(self.connect, draft))

    def action_copy_menu(self) -> None:
        """Copy a digest, a URI or a command of the image or the selected part."""
        state = self.state
        if state.repository is None or state.image is None:
            return
        entries = clipboard.copy_items_for_image(state.repository, state.image, self.header_state.region)
        if state.picked is not None and state.picked.digest != state.image.digest:
            entries = (*clipboard.copy_items_for_part(state.repository, state.picked), *entries)
        self.post_message(messages.OfferCopies(entries))

    def action_pager(self) -> None:
        """Show the manifest in the pager, with control characters made visible."""
        document = self.query_one(ManifestView).prepared
        self._show_in(Program.PAGER, "\n".join(document.lines) + "\n")

    def action_editor(self) -> None:
        """Open a copy of the manifest, byte for byte, in the editor."""
        self._show_in(Program.EDITOR, self.query_one(ManifestView).prepared.text)

    def _show_in(self, program: Program, manifest: str) -> None:
        if self.state.image is not None:
            name = f"{self.repository_name}-{short_digest(self.state.image.digest)}.json"
            self.post_message(messages.OpenInProgram(program, name, manifest))

    def action_config(self) -> None:
        """Show the config of the selected platform, or of the image."""
        if digest := self._selected_digest():
            self.show_config(self.repository_name, digest)

    def action_findings(self) -> None:
        """Show the scan findings of the selected platform, or of the image."""
        if digest := self._selected_digest():
            self.show_findings(self.repository_name, digest)

    def _selected_digest(self) -> str:
        """Return the digest under the cursor unless it is that of a config or a layer; else that of the image.

        It is empty while the image is not known.
        """
        picked, image = self.state.picked, self.state.image
        if picked is not None and picked.digest and (isinstance(picked, Annotation) or picked.is_image):
            return picked.digest
        return image.digest if image is not None else ""


def _find(session: Session, repository: str, subject: str) -> Image:
    """Return the image with this digest or tag; raises NotFound."""
    if is_digest(subject):
        found = next(iter(session.registry.images_by_digest(repository, [subject])), None)
    else:
        found = session.registry.images_by_tag(repository, [subject]).get(subject)
    if found is None:
        raise NotFound(
            f"{repository} has no image {subject}",
            "The image was deleted, or the tag was removed.",
            "Go back to the list and refresh it.",
        )
    return found


def _read(session: Session, repository: str, digest: str) -> ManifestDocument:
    """Return the manifest, prepared for the view."""
    return prepare_manifest(session.catalog.manifest(repository, digest).text)


async def _gather(*reads: Coroutine[Any, Any, object]) -> None:
    """Wait for all reads; raise the error of the first one that failed, in their order."""
    for outcome in await asyncio.gather(*reads, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _part(structure: ParsedManifest, digest: str | None) -> Part | None:
    """Return the part of a manifest with this digest."""
    if digest is None:
        return None
    known = (entry for entry in structure.descriptors if entry.digest == digest)
    return next(known, None) or structure.annotation_with(digest)


def _source(repository: str, image: Image, note: str = "") -> RetagSource:
    return RetagSource(repository, image.digest, image.tags, units.format_age(image.pushed_at), note)
