"""The screen with one image, in panes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from textual import work
from textual.reactive import var
from textual.widget import Widget

from ecrtui.ecr.digest import is_digest, short_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.reference import Reference
from ecrtui.errors import EcrTuiError
from ecrtui.retag.plan import Report
from ecrtui.session import Session, SessionSource
from ecrtui.tui import messages
from ecrtui.tui.inspector.image_loader import ImageLoader, without_errors
from ecrtui.tui.inspector.inspected import Inspected
from ecrtui.tui.inspector.pane import Pane, SavePane
from ecrtui.tui.inspector.pane_stack import PaneStack
from ecrtui.tui.inspector.pane_table import BY_ID, PANES, TABS
from ecrtui.tui.inspector.part_actions import PartActionsMixin
from ecrtui.tui.line_parts import LinePart, read_part
from ecrtui.tui.manifest import facts
from ecrtui.tui.manifest.document import ManifestDocument
from ecrtui.tui.retag.actions import RetagMixin
from ecrtui.tui.safe_text import visible
from ecrtui.tui.saving import SavesFiles
from ecrtui.tui.textual_fixes.drawn_changes import draw_changes
from ecrtui.tui.watch.image_watching import OneImageWatchMixin
from ecrtui.tui.widgets.breadcrumb import Breadcrumb
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage
from ecrtui.tui.widgets.tab_line import TabLine

REQUEST_TIME = 0.002
"""Seconds that the screen is not built, so that the request can leave. Building it holds the interpreter."""


class ImageScreen(PartActionsMixin, OneImageWatchMixin, SavesFiles):
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

    SCOPES = ("image", "inspector", "put_image")

    inspected: var[Inspected | None] = var[Inspected | None](None, always_update=True)

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
        self._begun: Inspected | None = None
        """What :meth:`begin` began to read."""
        self._tag = ""
        """The tag in the path, if the image was opened by its digest."""
        if image is not None:
            self._choose_tag(image)
        self._read_at: float | None = None
        """Time on the monotonic clock, in seconds, when the image was read; None if it was not yet."""
        self._is_missing = False
        """The image could not be read, so the footer leaves out what needs it."""

    @property
    def reference(self) -> Reference:
        digest = self.subject if is_digest(self.subject) else ""
        return Reference(self.repository_name, "" if digest else self.subject, digest)

    def breadcrumb(self) -> str:
        return " › ".join(("Repositories", self.repository_name, *self._names()))

    def _names(self) -> Iterable[str]:
        """Yield the names of the index of a platform, of the image, and of the platform that a pane shows."""
        known = self.inspected
        own = self._own_name
        if known is not None and known.indexes:
            index = known.indexes[0]
            yield index.tags[0] if index.tags else short_digest(index.digest)
            own = f"{index.platform} {own}".strip()
        yield own
        pane = self.pane
        if known is not None and known.is_index and pane is not None and pane.PER_PLATFORM and known.platform:
            yield known.platform.name or short_digest(known.platform.digest)

    @property
    def _own_name(self) -> str:
        """The tag that was opened; else a tag of the image: people know it by its tags. Without one, the digest."""
        return self.subject if not is_digest(self.subject) else self._tag or short_digest(self.subject)

    def _choose_tag(self, image: Image) -> None:
        """Name the image by its first tag. A tag that is written later does not rename it."""
        if self._tag not in image.tags:
            self._tag = next(iter(self.order_tags(image.tags)), "")

    def body(self) -> Iterable[Widget]:
        yield TabLine(TABS, self._pane_id)
        yield MessagePanel()
        yield PaneStack()

    def on_mount(self) -> None:
        self.load()

    def on_unmount(self) -> None:
        """Free the manifest: the screen is a cycle, and the collector keeps it for long."""
        self._prepared = self._begun = self._loader = None
        self.set_reactive(ImageScreen.inspected, None)

    # Reading

    async def begin(self) -> None:
        """Request the manifest before the screen is built, which takes as long as the reply.

        Without a session, or if the manifest is at hand, do nothing.
        """
        session = self.connect.opened
        if session is not None and self.reference.digest and self._prepared is None:
            self._begun = self._first_known(session)
            await asyncio.wait([self._begun.start_manifest_of(self._begun.digest)], timeout=REQUEST_TIME)

    def _first_known(self, session: Session) -> Inspected:
        known = Inspected(
            self.connect,
            session,
            self.reference,
            known_document=self._prepared,
            listed_images=self._listed_images,
        )
        return known if self._listed is None else known.with_image(self._listed)

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
        if self.inspected is not None:
            known = without_errors(self.inspected)
        else:
            known = self._begun or self._first_known(session)
        self._prepared = self._begun = None
        for pane in self.query_one(PaneStack).panes:
            pane.forget()
        self._loader = ImageLoader(known, self._publish, partial(draw_changes, self), self._index_digest)
        await self._loader.load()
        self._mark_read()

    def _publish(self) -> None:
        """Show what is known. A loader that a refresh has replaced changes nothing."""
        if self._loader is not None:
            self.inspected = self._loader.inspected

    async def watch_inspected(self, inspected: Inspected | None) -> None:
        if inspected is None or inspected is not self.inspected or not self.is_mounted:
            return  # Textual calls it for each value, also after the value has changed again
        if self._loader is not None and (shown := self._shown_platform(inspected)):
            self._loader.choose_platform(shown)
            return
        image = inspected.known_image
        if isinstance(image, Image):
            self._choose_tag(image)
        if image is not None:
            self.set_status(facts.summary(image) if isinstance(image, Image) else "")
        if isinstance(image, EcrTuiError) != self._is_missing:
            self._is_missing = not self._is_missing
            self.refresh_bindings()
        if self.pane is None:
            await self.show_pane(self._pane_id)
            return
        for pane in self.query_one(PaneStack).panes:
            pane.follow(inspected)
        self._show_path()

    def _shown_platform(self, inspected: Inspected) -> str:
        """Return the platform to keep when scans arrive: the one that the pane shows, if the user selected none."""
        pane = self.pane
        if inspected.platform_digest or pane is None or not pane.PER_PLATFORM or not pane.shows_content:
            return ""
        shown = pane.inspected.platform
        digests = [entry.digest for entry in inspected.platforms]
        return shown.digest if shown is not None and shown.digest in digests else ""

    def _show_path(self) -> None:
        self.query_one(Breadcrumb).path = self.breadcrumb()

    def _listed_images(self) -> Sequence[Image] | None:
        """Return all images of the repository, if a screen below has listed them."""
        for screen in reversed(self.app.screen_stack):
            if isinstance(screen, RetagMixin) and screen.connect is self.connect and screen is not self:
                images = screen.all_images()
                if images is not None and screen.reference.repository == self.repository_name:
                    return images
        return None

    def list_loaded(self) -> None:
        if (stack := self.query_one_optional(PaneStack)) is not None:
            for pane in stack.panes:
                pane.list_loaded()

    @property
    def awaits_content(self) -> bool:
        pane = self.pane
        shows_error = self.query_one("#body > MessagePanel", MessagePanel).message is not None
        return super().awaits_content or (not shows_error and (pane is None or pane.awaits_content))

    def show_error(self, error: EcrTuiError) -> None:
        self.query_one("#body > MessagePanel", MessagePanel).message = PanelMessage.from_error(error)

    # Watching

    @property
    def watched_image(self) -> Image | None:
        return self.image

    async def show_image(self) -> None:
        if self._loader is not None:
            await self._loader.load_image()
            self._mark_read()

    def show_watch(self) -> None:
        self.query_one(Breadcrumb).age = (*self._age_parts(), *self.watch_parts())

    def show_age(self) -> None:
        self.show_watch()

    def _age_parts(self) -> Iterable[LinePart]:
        """Yield how long ago the image was read."""
        if self._read_at is not None and self.image is not None and not self.reads_on_time:
            yield read_part(time.monotonic() - self._read_at)

    async def read_changes(self, session: Session) -> bool:
        throttled = await super().read_changes(session)
        if self._loader is not None and await self._loader.read_pending_scans():
            for pane in self.query_one(PaneStack).panes:
                pane.scans_finished()
        self._mark_read()
        return throttled

    def _mark_read(self) -> None:
        """Show from now on how long ago the image was read."""
        self._read_at = time.monotonic()
        self.show_watch()

    # Panes

    @property
    def pane(self) -> Pane[Any] | None:
        stack = self.query_one_optional(PaneStack)
        return None if stack is None else stack.shown

    async def show_pane(self, pane_id: str, platform: str = "") -> None:
        if platform and self._loader is not None:
            self._loader.choose_platform(platform)
        self._pane_id = pane_id
        known = self.inspected
        if known is None:
            return
        self.query_one(TabLine).current = pane_id
        pane = await self.query_one(PaneStack).show(pane_id, known)
        if pane is None or self not in self.app.screen_stack:  # a click can leave the screen meanwhile
            return
        known = self.inspected or known  # more may be known now
        pane.follow(known)
        if pane.PER_PLATFORM and known.platform is not None and not known.platform_digest and self._loader:
            self._loader.choose_platform(known.platform.digest)  # so that scans that are read later do not change it
        if not isinstance(self.focused, Widget) or self.focused not in pane.walk_children():
            pane.focus_content()
        self._show_path()
        self.refresh_bindings()

    async def action_show_pane(self, pane_id: str) -> None:
        """Show the pane with this id."""
        await self.show_pane(pane_id)

    async def action_step_pane(self, step: int) -> None:
        """Show the next or the previous pane."""
        ids = [entry.id for entry in PANES]
        await self.show_pane(ids[(ids.index(self._pane_id) + step) % len(ids)])

    def action_step_platform(self, step: int) -> None:
        """Select the next or the previous platform."""
        known = self.inspected
        if known is None or self._loader is None or known.platform is None:
            return
        digests = [entry.digest for entry in known.platforms]
        chosen = known.platforms[(digests.index(known.platform.digest) + step) % len(digests)]
        self._loader.choose_platform(chosen.digest)
        if self.pane is not None and not self.pane.PER_PLATFORM:  # it shows all of them
            name = visible(chosen.name) or short_digest(chosen.digest)
            self.notify(f"{name} is selected for the panes that show one platform.")

    def action_parent(self) -> None:
        """Go up to the index of a platform, or to the subject of a referrer."""
        known = self.inspected
        if known is not None and known.indexes:
            self._go_up(known.indexes[0].digest)
        elif known is not None and known.subject:
            self._go_up(known.subject)

    def _go_up(self, digest: str) -> None:
        below = self.app.screen_stack[-2] if len(self.app.screen_stack) > 1 else None
        if isinstance(below, ImageScreen) and below.shows_digest(digest):
            self.post_message(messages.GoBack(self))
        else:
            self.post_message(messages.OpenImage(self.connect, self.repository_name, digest))

    def shows_digest(self, digest: str) -> bool:
        """Return True if this screen shows the image with this digest."""
        return digest in (self.subject, self.image.digest if self.image else "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "show_pane" and parameters and parameters[0] not in BY_ID:
            return False
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        known = self.inspected
        if action == "step_platform" and (known is None or not known.is_read):
            return "The platforms are not read yet."
        if action == "step_platform" and known is not None and len(known.platforms) < 2:
            return "The image has one platform." if known.platforms else "No platform is known."
        if action == "parent" and not (known and (known.indexes or known.subject)):
            return "No index of this image is known, and it has no subject."
        return super().why_not(action)

    async def on_show_pane(self, message: messages.ShowPane) -> None:
        message.stop()
        if message.pane in BY_ID:
            await self.show_pane(message.pane, message.platform)
        if message.tag:
            from ecrtui.tui.inspector.tags_pane import TagsPane

            if isinstance(self.pane, TagsPane):
                self.pane.show_tag(message.tag)

    async def on_tab_line_picked(self, message: TabLine.Picked) -> None:
        await self.show_pane(message.tab_id)

    async def on_save_pane(self, message: SavePane) -> None:
        await self.ask_for_file(message.contents)

    def on_pane_badge_changed(self, message: Pane.BadgeChanged) -> None:
        tabs = self.query_one(TabLine)
        tabs.badges = {**tabs.badges, message.pane_id: message.badge}

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

    async def refresh_after_write(self, report: Report) -> None:
        """Read the image again; its tags may have changed."""
        if any(step.repository == self.repository_name for step in report.plan.steps):
            await self.show_image()

    def action_back(self) -> None:
        """End the search of the pane; without one, leave this screen."""
        if self.pane is None or not self.pane.clear_search():
            super().action_back()

    async def action_describe(self) -> None:
        """Show the reply of DescribeImages as JSON."""
        await self._show_raw(json=True)

    async def action_yaml(self) -> None:
        """Show the reply of DescribeImages as YAML."""
        await self._show_raw(json=False)

    async def _show_raw(self, *, json: bool) -> None:
        from ecrtui.tui.inspector.raw_pane import RawPane

        await self.show_pane("raw")
        if isinstance(self.pane, RawPane):
            self.pane.show_as(json=json)
