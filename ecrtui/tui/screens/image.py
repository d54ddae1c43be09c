"""One image: its manifest, exact to the byte, and what it is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from textual import work
from textual.containers import Horizontal, Vertical
from textual.reactive import var
from textual.widget import Widget

from ecrtui.ecr import units
from ecrtui.ecr.digest import is_digest, short_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Descriptor, DescriptorRole, ParsedManifest, parse_manifest
from ecrtui.ecr.put_image_request import PutImageRequest
from ecrtui.ecr.repository import Repository
from ecrtui.errors import EcrTuiError, NotFound
from ecrtui.retag.plan import Report
from ecrtui.session import Session, SessionSource
from ecrtui.tui import blocking as io
from ecrtui.tui import clipboard, messages
from ecrtui.tui.inspect_actions import InspectMixin
from ecrtui.tui.manifest.document import EMPTY, ManifestDocument, prepare_manifest
from ecrtui.tui.manifest.tree import StructureTree
from ecrtui.tui.manifest.view import ManifestView
from ecrtui.tui.retag.actions import RetagMixin
from ecrtui.tui.retag.retag_form import RetagSource
from ecrtui.tui.widgets.facts import Fact, FactsPanel
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage


@dataclass(frozen=True, slots=True)
class ImageState:
    """What is known of the image so far."""

    repository: Repository | None = None
    image: Image | None = None
    structure: ParsedManifest = field(default_factory=ParsedManifest)
    picked: Descriptor | None = None
    """What the cursor is on, in the manifest or in the tree; None for the image itself."""
    error: EcrTuiError | None = None


class ImageScreen(RetagMixin, InspectMixin):
    """The image with this digest, or the one that this tag is at.

    Args:
        connect: gives the session.
        repository: its name.
        subject: a digest, or a tag.
        prepared: the manifest of this digest, if it is on the screen already; it is on the first frame then.
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

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self) -> None:
        """Read the image and its manifest, and then what refers to it."""
        self.state = replace(self.state, error=None)
        self.set_status("loading…")
        try:
            session = await self.session()
            await _side_by_side(self._load_repository(session), *self._reads(session))
            if self.state.image is not None:
                self.set_status(_summary(self.state.image))
                await self._load_referrers(session, self.state.image)
        except EcrTuiError as error:
            self.set_status("")
            self.show_error(error)

    def _reads(self, session: Session) -> Iterable[Coroutine[Any, Any, object]]:
        """What can be read of the image at the same time: everything, if its digest is known."""
        if is_digest(self.subject):
            return self._load_image(session), self._load_manifest(session, self.subject)
        return (self._load_tagged(session),)

    async def _load_tagged(self, session: Session) -> None:
        image = await self._load_image(session)
        await self._load_manifest(session, image.digest)

    async def _load_repository(self, session: Session) -> None:
        repository = await io.run_blocking(session.registry.repository, self.repository_name)
        self.state = replace(self.state, repository=repository)

    async def _load_image(self, session: Session) -> Image:
        image = await io.run_blocking(_find, session, self.repository_name, self.subject)
        self.state = replace(self.state, image=image)
        return image

    async def _load_manifest(self, session: Session, digest: str) -> None:
        """Show the text as soon as it is there; what it says is found out when it stands on the screen."""
        view = self.query_one(ManifestView)
        if self._prepared is None:
            view.show(await io.run_blocking(_read, session, self.repository_name, digest))
        await self._drawn()
        structure = await io.run_blocking(parse_manifest, view.prepared.text)
        self.state = replace(self.state, structure=structure)

    async def _drawn(self) -> None:
        """Wait until what was changed stands on the screen.

        JSON is read in one go, however long it is: nothing else runs meanwhile.
        """
        drawn = asyncio.Event()
        self.call_after_refresh(drawn.set)
        await drawn.wait()

    async def _load_referrers(self, session: Session, image: Image) -> None:
        """What refers to the image comes last and is no reason to fail: the rest of the place stands without it."""
        tree = self.query_one(StructureTree)
        tree.show(_heading(image), self.state.structure)
        try:
            referrers = await io.run_blocking(session.registry.referrers, self.repository_name, image.digest)
        except EcrTuiError as error:
            self.notify(f"Referrers cannot be listed: {error}", severity="warning", markup=False)
            return
        if referrers:
            tree.show(_heading(image), self.state.structure, referrers)

    def show_error(self, error: EcrTuiError) -> None:
        self.state = replace(self.state, error=error)

    def watch_state(self, state: ImageState) -> None:
        if not self.is_mounted:
            return
        self.query_one(MessagePanel).message = None if state.error is None else PanelMessage.from_error(state.error)
        self.query_one(FactsPanel).show(self._facts(state))

    def _facts(self, state: ImageState) -> Iterable[Fact]:
        if state.picked is not None:
            return _descriptor_facts(state.picked)
        return _image_facts(state.image) if state.image is not None else ()

    def on_structure_tree_highlighted(self, message: StructureTree.Highlighted) -> None:
        self.state = replace(self.state, picked=message.descriptor)
        if message.descriptor is not None:
            self.query_one(ManifestView).go_to_digest(message.descriptor.digest)

    def on_structure_tree_selected(self, message: StructureTree.Selected) -> None:
        self._open(message.descriptor)

    def _open(self, part: Descriptor) -> None:
        """Enter on a part: an image opens, a config is read."""
        if part.is_image:
            self.post_message(messages.OpenImage(self.connect, self.repository_name, part.digest))
        elif part.role is DescriptorRole.CONFIG:
            self.action_config()

    def on_manifest_view_digest_selected(self, message: ManifestView.DigestSelected) -> None:
        """Enter on a digest in the manifest: the same as on the part in the tree."""
        part = next((entry for entry in self.state.structure.descriptors if entry.digest == message.digest), None)
        if part is not None:
            self._open(part)

    def on_manifest_view_digest_highlighted(self, message: ManifestView.DigestHighlighted) -> None:
        known = (entry for entry in self.state.structure.descriptors if entry.digest == message.digest)
        self.state = replace(self.state, picked=next(known, None))

    async def action_retag(self) -> None:
        """Tag what the cursor is on if that is an image, or else the image itself."""
        image, picked = self.state.image, self.state.picked
        if image is None:
            return
        if picked is None or picked.digest == image.digest:
            await self.begin_retag(_source(self.repository_name, image))
        elif picked.is_image:
            self._retag_part(image, picked)
        else:
            self.notify(f"A {picked.role} is not an image; only images can be tagged.", severity="warning")

    @work(exclusive=True, group="retag", exit_on_error=False)
    async def _retag_part(self, image: Image, picked: Descriptor) -> None:
        """Tag an image that is listed in this one; what is known of it is read first."""
        try:
            session = await self.session()
            child = await io.run_blocking(_find, session, self.repository_name, picked.digest)
        except EcrTuiError as error:
            self.notify_error(error)
            return
        await self.begin_retag(_source(self.repository_name, child, _part_of(image, picked)))

    async def refresh_after_write(self, report: Report) -> None:
        """The image's own tags may have changed."""
        if all(step.repository != self.repository_name for step in report.plan.steps):
            return
        try:
            session = await self.session()
            image = await self._load_image(session)
        except EcrTuiError as error:
            self.notify(f"The image could not be read again: {error}", severity="warning", markup=False)
            return
        self.set_status(_summary(image))

    def focus_content(self) -> None:
        self.query_one(ManifestView).focus()

    def action_refresh_screen(self) -> None:
        self.load()

    def action_retry(self) -> None:
        self.load()

    def on_message_panel_retry_requested(self) -> None:
        self.load()

    def action_switch_pane(self) -> None:
        """From the manifest to the tree, and back."""
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
        """Put an image into this repository; what the cursor is on to begin with."""
        picked, image = self.state.picked, self.state.image
        digest = picked.digest if picked is not None and picked.is_image else image.digest if image is not None else ""
        draft = messages.PutImageDraft(PutImageRequest(repository=self.repository_name), digest)
        self.post_message(messages.OpenPutImage(self.connect, draft))

    def action_copy_menu(self) -> None:
        """What can be copied of the image, and of the part under the cursor."""
        state = self.state
        if state.repository is None or state.image is None:
            return
        entries = clipboard.copy_items_for_image(state.repository, state.image, self.header_state.region)
        if state.picked is not None and state.picked.digest != state.image.digest:
            entries = (*clipboard.copy_items_for_part(state.repository, state.picked), *entries)
        self.post_message(messages.OfferCopies(entries))

    def action_config(self) -> None:
        """Show the config, of the platform under the cursor if there is one."""
        if digest := self._asked_about():
            self.show_config(self.repository_name, digest)

    def action_findings(self) -> None:
        """Show what the scan has found, of the platform under the cursor if there is one."""
        if digest := self._asked_about():
            self.show_findings(self.repository_name, digest)

    def _asked_about(self) -> str:
        """The digest of the platform under the cursor, or else of the image; empty while it is not known."""
        picked, image = self.state.picked, self.state.image
        if picked is not None and picked.is_image:
            return picked.digest
        return image.digest if image is not None else ""


def _find(session: Session, repository: str, subject: str) -> Image:
    """The image of this digest, or the one that this tag is at; raises NotFound."""
    if is_digest(subject):
        found = next(iter(session.registry.images_by_digest(repository, [subject])), None)
    else:
        found = session.registry.images_by_tag(repository, [subject]).get(subject)
    if found is None:
        raise NotFound(
            f"{repository} has no image {subject}",
            "It was deleted, or its tag was removed.",
            "Esc goes back to the list.",
        )
    return found


def _read(session: Session, repository: str, digest: str) -> ManifestDocument:
    """The manifest, ready to be drawn."""
    return prepare_manifest(session.catalog.manifest(repository, digest).text)


async def _side_by_side(*reads: Coroutine[Any, Any, object]) -> None:
    """Wait for all of them, and raise what the first in their order has raised."""
    for outcome in await asyncio.gather(*reads, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _source(repository: str, image: Image, note: str = "") -> RetagSource:
    return RetagSource(repository, image.digest, image.tags, units.format_age(image.pushed_at), note)


def _image_facts(image: Image) -> Iterable[Fact]:
    facts = (
        ("digest", image.digest),
        ("tags", " ".join(image.tags) or "untagged"),
        ("kind", str(image.kind)),
        ("media type", image.media_type),
        ("artifact", image.artifact_media_type),
        ("size", units.format_size(image.size)),
        ("pushed", units.format_date(image.pushed_at)),
        ("last pulled", units.format_date(image.last_pulled_at, "never")),
        ("findings", units.format_finding_counts(image.findings, image.scan_status.lower() or "not scanned")),
        ("status", image.status.lower() if image.archived else ""),
        ("refers to", image.subject),
    )
    return [fact for fact in facts if fact[1]]


def _descriptor_facts(descriptor: Descriptor) -> Iterable[Fact]:
    facts = (
        ("digest", descriptor.digest),
        ("is", f"{descriptor.role}, can be tagged (t)" if descriptor.is_image else str(descriptor.role)),
        ("platform", str(descriptor.platform or "")),
        ("media type", descriptor.media_type),
        ("artifact", descriptor.artifact_type),
        ("size", units.format_size(descriptor.size) if descriptor.size >= 0 else ""),
        *descriptor.annotations.items(),
    )
    return [fact for fact in facts if fact[1]]


def _heading(image: Image) -> str:
    return f"{image.kind} {short_digest(image.digest)}"


def _summary(image: Image) -> str:
    tags = " ".join(image.tags[:3]) + ("…" if len(image.tags) > 3 else "")
    return " · ".join(
        (tags or "untagged", units.format_size(image.size), f"pushed {units.format_age(image.pushed_at)}")
    )


def _part_of(image: Image, picked: Descriptor) -> str:
    """What the user should know before tagging a part for the whole."""
    if picked.role is DescriptorRole.SUBJECT:
        return (
            f"This is the subject that {short_digest(image.digest)} refers to, not {short_digest(image.digest)} itself."
        )
    if picked.is_attestation:
        return f"This is an attestation in the index {short_digest(image.digest)}; it cannot run."
    what = f"{picked.platform} alone" if picked.platform else "one manifest"
    return (
        f"This is {what}, not the index {short_digest(image.digest)} that holds it: other platforms will not find it."
    )
