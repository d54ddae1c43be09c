"""The screen with one image, in panes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from textual import work
from textual.containers import Container
from textual.reactive import var
from textual.widget import Widget

from ecrtui.catalog.image_lookup import find_image
from ecrtui.ecr import units
from ecrtui.ecr.digest import is_digest, short_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Annotation, DescriptorRole, ParsedManifest, Part
from ecrtui.ecr.put_image_request import PutImageRequest
from ecrtui.ecr.reference import Reference
from ecrtui.ecr.repository import Repository
from ecrtui.errors import EcrTuiError, ErrorKind, NotFound
from ecrtui.retag.plan import Report
from ecrtui.retag.write_history import WriteTarget
from ecrtui.session import SessionSource
from ecrtui.tui import blocking, clipboard, messages
from ecrtui.tui.comparison.actions import CompareMixin
from ecrtui.tui.image_watching import OneImageWatchMixin
from ecrtui.tui.inspector.image_loader import ImageLoader, without_errors
from ecrtui.tui.inspector.inspected import Inspected
from ecrtui.tui.inspector.pane import OpenPart, Pane, SavePane
from ecrtui.tui.inspector.pane_bar import PaneBar
from ecrtui.tui.inspector.pane_table import BY_ID, PANES
from ecrtui.tui.lifecycle_action import LifecycleMixin
from ecrtui.tui.manifest import facts
from ecrtui.tui.manifest.document import ManifestDocument
from ecrtui.tui.promote.actions import PromoteMixin
from ecrtui.tui.retag.actions import RetagMixin
from ecrtui.tui.retag.retag_form import RetagSource
from ecrtui.tui.retag.undo import UndoMixin
from ecrtui.tui.saving import SavesFiles
from ecrtui.tui.widgets.breadcrumb import Breadcrumb
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage


class ImageScreen(
    RetagMixin,
    UndoMixin,
    LifecycleMixin,
    PromoteMixin,
    CompareMixin,
    OneImageWatchMixin,
    SavesFiles,
):
    """One image, by digest or tag.

    Args:
        connect: the source of the session.
        repository: its name.
        subject: a digest or a tag.
        prepared: the manifest of this digest, if it is loaded already; the first frame shows it then.
        pane: the id of the pane to show first.
        parent: the digest of the index that the image was found in; empty if it is not known.
        image: its entry in a list; None if it is in no list.
    """

    DEFAULT_CSS = """
    ImageScreen #panes { height: 1fr; }
    """

    SCOPES = ("image", "inspector", "put_image")

    inspected: var[Inspected | None] = var[Inspected | None](None, always_update=True)
    """What is known of the image; None before there is a session."""

    def __init__(
        self,
        connect: SessionSource,
        repository: str,
        subject: str,
        prepared: ManifestDocument | None = None,
        *,
        pane: str = "overview",
        parent: str = "",
        image: Image | None = None,
    ) -> None:
        super().__init__(connect)
        self.repository_name = repository
        self.subject = subject
        self._prepared = prepared
        self._listed = image
        self._pane_id = pane
        self._index_digest = parent
        self._loader: ImageLoader | None = None

    @property
    def reference(self) -> Reference:
        digest = self.subject if is_digest(self.subject) else ""
        return Reference(self.repository_name, "" if digest else self.subject, digest)

    def breadcrumb(self) -> str:
        return " › ".join(("Repositories", self.repository_name, *self._names()))

    def _names(self) -> Iterable[str]:
        """Yield the names of the index of a platform, of the image, and of the platform that a pane shows."""
        known = self.inspected
        own = short_digest(self.subject) if is_digest(self.subject) else self.subject
        if known is not None and known.indexes:
            index = known.indexes[0]
            yield index.tags[0] if index.tags else short_digest(index.digest)
            own = f"{index.platform} {own}".strip()
        yield own
        pane = self.pane
        if known is not None and known.is_index and pane is not None and pane.PER_PLATFORM and known.platform:
            yield known.platform.name or short_digest(known.platform.digest)

    def body(self) -> Iterable[Widget]:
        bar = PaneBar()
        bar.current = self._pane_id
        yield bar
        yield MessagePanel()
        yield Container(id="panes")

    def on_mount(self) -> None:
        self.load()

    def on_unmount(self) -> None:
        """Free the manifest: the screen is a cycle, and the collector keeps it for long."""
        self._prepared = self._loader = None
        self.set_reactive(ImageScreen.inspected, None)

    # Reading

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self) -> None:
        """Read the image, its manifest, its platforms and its indexes."""
        self.query_one("#body > MessagePanel", MessagePanel).hide()
        self.set_status("loading…")
        try:
            session = await self.session()
        except EcrTuiError as error:
            self.set_status("")
            self.show_error(error)
            return
        known = self.inspected or Inspected(
            self.connect,
            session,
            self.reference,
            known_image=self._listed,
            known_document=self._prepared,
            listed_images=self._listed_images,
        )
        self._prepared = None
        for pane in self.query(Pane):
            pane.forget()
        self._loader = ImageLoader(without_errors(known), self._publish, self._after_refresh, self._index_digest)
        await self._loader.load()

    def _publish(self) -> None:
        """Show what is known. A loader that a refresh has replaced changes nothing."""
        if self._loader is not None:
            self.inspected = self._loader.inspected

    async def watch_inspected(self, inspected: Inspected | None) -> None:
        if inspected is None or inspected is not self.inspected or not self.is_mounted:
            return  # Textual calls it for each value, also after the value has changed again
        image = inspected.known_image
        if image is not None:
            self.set_status(facts.summary(image) if isinstance(image, Image) else "")
        if self.pane is None:
            await self._show_pane(self._pane_id)
            return
        for pane in self.query(Pane):
            pane.follow(inspected)
        self._show_path()

    def _show_path(self) -> None:
        self.query_one(Breadcrumb).path = self.breadcrumb()

    async def _after_refresh(self) -> None:
        drawn = asyncio.Event()
        self.call_after_refresh(drawn.set)
        await drawn.wait()

    def _listed_images(self) -> Sequence[Image] | None:
        """Return all images of the repository, if a screen below has listed them."""
        for screen in reversed(self.app.screen_stack):
            if isinstance(screen, RetagMixin) and screen.connect is self.connect and screen is not self:
                images = screen.all_images()
                if images is not None and screen.reference.repository == self.repository_name:
                    return images
        return None

    @property
    def awaits_content(self) -> bool:
        pane = self.pane
        shows_error = self.query_one("#body > MessagePanel", MessagePanel).message is not None
        return super().awaits_content or (not shows_error and (pane is None or pane.awaits_content))

    def show_error(self, error: EcrTuiError) -> None:
        self.query_one("#body > MessagePanel", MessagePanel).message = PanelMessage.from_error(error)

    @property
    def _image(self) -> Image | None:
        """The image, if it is known."""
        known = self.inspected
        return known.known_image if known is not None and isinstance(known.known_image, Image) else None

    # Watching

    @property
    def watched_image(self) -> Image | None:
        return self._image

    async def show_image(self) -> None:
        if self._loader is not None:
            await self._loader.load_image()

    def show_watch(self) -> None:
        self.query_one(Breadcrumb).age = " · ".join(self.watch_parts())

    @property
    def _structure(self) -> ParsedManifest:
        known = self.inspected
        if known is not None and isinstance(known.known_manifest, ParsedManifest):
            return known.known_manifest
        return ParsedManifest()

    # Panes

    @property
    def pane(self) -> Pane[Any] | None:
        """The pane on the screen; None while there is none, or its widgets are not mounted."""
        return next((pane for pane in cast(Iterable[Pane[Any]], self.query(Pane)) if pane.is_shown), None)

    async def _show_pane(self, pane_id: str) -> None:
        """Show a pane; create it the first time."""
        known = self.inspected
        if known is None:
            self._pane_id = pane_id
            return
        self._pane_id = pane_id
        self.query_one(PaneBar).current = pane_id
        shown = self.query_one_optional(f"#pane-{pane_id}", Pane)
        for pane in self.query(Pane):
            pane.set_class(pane is shown, "-shown")
        if shown is None:
            shown = BY_ID[pane_id].make(known)
            shown.id = f"pane-{pane_id}"
            shown.add_class("-shown")
            await self.query_one("#panes").mount(shown)
            known = self.inspected or known  # more may be known now
        if not shown.is_shown:
            return  # a key asked for another pane meanwhile, or the pane is being mounted for an earlier key
        shown.follow(known)
        if shown.PER_PLATFORM and known.platform is not None and not known.platform_digest and self._loader:
            self._loader.choose_platform(known.platform.digest)  # so that scans that are read later do not change it
        if not isinstance(self.focused, Widget) or self.focused not in shown.walk_children():
            shown.focus_content()
        self._show_path()
        self.refresh_bindings()

    async def action_show_pane(self, pane_id: str) -> None:
        """Show the pane with this id."""
        await self._show_pane(pane_id)

    async def action_step_pane(self, step: int) -> None:
        """Show the next or the previous pane."""
        ids = [entry.id for entry in PANES]
        await self._show_pane(ids[(ids.index(self._pane_id) + step) % len(ids)])

    def action_step_platform(self, step: int) -> None:
        """Select the next or the previous platform."""
        known = self.inspected
        if known is None or self._loader is None or known.platform is None:
            return
        digests = [entry.digest for entry in known.platforms]
        self._loader.choose_platform(digests[(digests.index(known.platform.digest) + step) % len(digests)])

    def action_parent(self) -> None:
        """Go up to the index of a platform, or to the subject of a referrer."""
        known, image = self.inspected, self._image
        subjects = [entry.digest for entry in self._structure.with_role(DescriptorRole.SUBJECT)]
        subject = image.subject if image is not None and image.subject else next(iter(subjects), "")
        if known is not None and known.indexes:
            self._go_up(known.indexes[0].digest)
        elif subject:
            self._go_up(subject)

    def _go_up(self, digest: str) -> None:
        below = self.app.screen_stack[-2] if len(self.app.screen_stack) > 1 else None
        if isinstance(below, ImageScreen) and below.shows_digest(digest):
            self.post_message(messages.GoBack())
        else:
            self.post_message(messages.OpenImage(self.connect, self.repository_name, digest))

    def shows_digest(self, digest: str) -> bool:
        """Return True if this screen shows the image with this digest."""
        return digest in (self.subject, self._image.digest if self._image else "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "show_pane" and parameters and parameters[0] not in BY_ID:
            return False
        return super().check_action(action, parameters) and not self.why_not(action)

    def why_not(self, action: str) -> str:
        known = self.inspected
        if action == "step_platform" and (known is None or len(known.platforms) < 2):
            return "The image has one platform."
        if action == "parent" and not (known and known.indexes) and not self._subject_is_known():
            return "No index of this image is known, and it has no subject."
        return super().why_not(action)

    def _subject_is_known(self) -> bool:
        has_subject = self._image is not None and bool(self._image.subject)
        return has_subject or bool(self._structure.with_role(DescriptorRole.SUBJECT))

    async def on_show_pane(self, message: messages.ShowPane) -> None:
        message.stop()
        if message.platform and self._loader is not None:
            self._loader.choose_platform(message.platform)
        if message.pane in BY_ID:
            await self._show_pane(message.pane)
        if message.tag:
            from ecrtui.tui.inspector.tags_pane import TagsPane

            if isinstance(self.pane, TagsPane):
                self.pane.show_tag(message.tag)

    async def on_pane_bar_picked(self, message: PaneBar.Picked) -> None:
        await self._show_pane(message.pane_id)

    async def on_save_pane(self, message: SavePane) -> None:
        await self.ask_for_file(message.contents)

    def on_pane_badge_changed(self, message: Pane.BadgeChanged) -> None:
        bar = self.query_one(PaneBar)
        bar.badges = {**bar.badges, message.pane_id: message.badge}

    def on_message_panel_retry_requested(self) -> None:
        self.action_retry()

    def action_refresh_screen(self) -> None:
        self.load()

    def action_retry(self) -> None:
        """Read again what could not be read."""
        pane, known = self.pane, self.inspected
        if pane is not None and known is not None and not known.has_error:
            pane.retry()
        else:
            self.load()

    def focus_content(self) -> None:
        if self.pane is not None:
            self.pane.focus_content()

    # Parts

    def on_open_part(self, message: OpenPart) -> None:
        """Open the image that a part names, on its own screen."""
        part = message.part
        if isinstance(part, Annotation):
            self._with_named_image(part, self._open_image)
            return
        parent = self._image.digest if part.role is DescriptorRole.MANIFEST and self._image is not None else ""
        self.post_message(messages.OpenImage(self.connect, self.repository_name, part.digest, parent=parent))

    async def _open_image(self, image: Image) -> None:
        self.post_message(messages.OpenImage(self.connect, self.repository_name, image.digest))

    @property
    def _picked(self) -> Part | None:
        return None if self.pane is None else self.pane.picked

    async def action_retag(self) -> None:
        """Tag the image under the cursor; without a part under the cursor, tag the image itself."""
        image, picked = self._image, self._picked
        if image is None:
            return
        if picked is None or picked.digest == image.digest:
            await self.begin_retag(_source(self.repository_name, image))
        elif isinstance(picked, Annotation) or picked.is_image:
            warning = facts.part_warning(image, self._structure, picked)
            self._with_named_image(picked, lambda found: self._retag_part(found, warning))
        else:
            self.notify(f"Only images can be tagged; this is a {picked.role}.", severity="warning")

    def lifecycle_request(self) -> messages.OpenLifecycle:
        return messages.OpenLifecycle(self.connect, self.repository_name)

    def undo_target(self) -> WriteTarget | None:
        return None if self._image is None else WriteTarget(self.repository_name, self._image.digest)

    async def action_promote(self) -> None:
        """Copy the image to another repository, with all its parts."""
        image = self._image
        if image is not None:
            # A target without a tag gets the first one.
            tags = tuple(sorted(image.tags, key=lambda tag: tag != self.subject))
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
            named = Reference(self.repository_name, digest=part.digest)
            image = await blocking.run_blocking(find_image, session.registry, named)
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
        if any(step.repository == self.repository_name for step in report.plan.steps):
            await self.show_image()

    def action_back(self) -> None:
        """End the search of the pane; without one, leave this screen."""
        if self.pane is None or not self.pane.clear_search():
            super().action_back()

    def action_put_image(self) -> None:
        """Open the Put image form with the selected image."""
        draft = messages.PutImageDraft(PutImageRequest(repository=self.repository_name), self._selected_digest())
        self.post_message(messages.OpenPutImage(self.connect, draft))

    def action_copy_menu(self) -> None:
        """Copy a digest, a URI or a command of the image or the selected part, or the text of the pane."""
        known, image, pane = self.inspected, self._image, self.pane
        if known is None or image is None:
            return
        tag = self.subject if self.subject in image.tags else ""
        texts = () if pane is None else pane.text_items()
        if isinstance(known.known_repository, Repository):
            part = () if pane is None else pane.copy_items()
            own = clipboard.copy_items_for_image(known.known_repository, image, self.aws_options(), tag)
            items = (*part, *own, *texts)
        else:  # a URI needs the repository, which may be denied
            items = (*clipboard.copy_words(("digest", image.digest), ("tag", tag)), *texts)
        self.post_message(messages.OfferCopies(items))

    async def action_config(self) -> None:
        """Show the config of the selected platform, or of the image."""
        await self._show_pane_of_picked("config")

    def compared_image(self) -> Reference | None:
        digest = self._selected_digest()
        return Reference(self.repository_name, digest=digest) if digest else None

    async def action_findings(self) -> None:
        """Show the scan findings of the selected platform, or of the image."""
        await self._show_pane_of_picked("findings")

    async def _show_pane_of_picked(self, pane_id: str) -> None:
        """Show a pane of the part under the cursor: of a platform here, of another image on its own screen."""
        digest, known = self._selected_digest(), self.inspected
        platforms = () if known is None else [entry.digest for entry in known.platforms]
        if digest in platforms and self._loader is not None:
            self._loader.choose_platform(digest)
        elif self._image is not None and digest != self._image.digest:
            self.post_message(messages.OpenImage(self.connect, self.repository_name, digest, pane=pane_id))
            return
        await self._show_pane(pane_id)

    def _selected_digest(self) -> str:
        """Return the digest under the cursor unless it is that of a config or a layer; else that of the image.

        It is empty while the image is not known.
        """
        picked, image = self._picked, self._image
        if picked is not None and picked.digest and (isinstance(picked, Annotation) or picked.is_image):
            return picked.digest
        return image.digest if image is not None else ""

    async def action_describe(self) -> None:
        """Show the reply of DescribeImages as JSON."""
        await self._show_raw(json=True)

    async def action_yaml(self) -> None:
        """Show the reply of DescribeImages as YAML."""
        await self._show_raw(json=False)

    async def _show_raw(self, *, json: bool) -> None:
        from ecrtui.tui.inspector.raw_pane import RawPane

        await self._show_pane("raw")
        if isinstance(self.pane, RawPane):
            self.pane.show_as(json=json)


def _source(repository: str, image: Image, note: str = "") -> RetagSource:
    return RetagSource(repository, image.digest, image.tags, units.format_age(image.pushed_at), note)
