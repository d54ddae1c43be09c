"""The screen with the images of one repository."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from textual import work
from textual.containers import Horizontal
from textual.widget import Widget

from ecrtui.catalog.cache.store import Cache
from ecrtui.catalog.catalog import Listing, Snapshot
from ecrtui.catalog.filter import Filter, parse
from ecrtui.catalog.filter.completion import complete
from ecrtui.catalog.filter.image_masks import all_tags
from ecrtui.catalog.filter.images import image_schema
from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.catalog.rows.column_cache import cached_column
from ecrtui.catalog.rows.rows import Rows
from ecrtui.catalog.totals.image_totals import ImageTotals
from ecrtui.ecr import tag as tags
from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.documents import image_document
from ecrtui.ecr.findings import ImageScan
from ecrtui.ecr.image import Image
from ecrtui.ecr.put_image_request import PutImageRequest
from ecrtui.ecr.reference import Reference
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.tag import two_tags
from ecrtui.errors import EcrTuiError
from ecrtui.retag.engine import Engine
from ecrtui.retag.plan import Plan, Report
from ecrtui.retag.write_history import WriteTarget
from ecrtui.session import Session, SessionSource
from ecrtui.tui import blocking, messages
from ecrtui.tui.base_screen import WIDE
from ecrtui.tui.bindings import press
from ecrtui.tui.clipboard.copy_items import copy_items_for_image, copy_items_for_repository
from ecrtui.tui.comparison.actions import CompareMixin
from ecrtui.tui.image_facts import ImageFacts, KnownImages
from ecrtui.tui.lifecycle_action import LifecycleMixin
from ecrtui.tui.line_parts import Drop, LinePart, line_part
from ecrtui.tui.lists.folding_actions import FoldingMixin
from ecrtui.tui.lists.image_columns import image_columns
from ecrtui.tui.lists.list_screen import ListScreen
from ecrtui.tui.lists.list_state import ListState
from ecrtui.tui.lists.part_loading import PartLoadingMixin, count_parts
from ecrtui.tui.lists.scan_loading import ScanLoadingMixin
from ecrtui.tui.lists.tag_cell import TagCells
from ecrtui.tui.manifest.view import ManifestView
from ecrtui.tui.manifest_preview import PREFETCH_RADIUS, PREVIEW_DELAY, ManifestPreview
from ecrtui.tui.messages import PlanRequest
from ecrtui.tui.promote.actions import PromoteMixin
from ecrtui.tui.retag.actions import RetagMixin
from ecrtui.tui.retag.undo import UndoMixin
from ecrtui.tui.table.table import Table
from ecrtui.tui.watch.image_watching import ImageWatchMixin

MAX_TAGS_IN_QUESTION = 4
"""Tags of the image that the question for tags to remove names."""


_NO_PAIR = "Mark the image that has the tags, then select the image to copy them to."
"""What to do before ``copy_tags``, which needs a marked and a selected image."""


class ImagesScreen(
    RetagMixin,
    UndoMixin,
    LifecycleMixin,
    PromoteMixin,
    CompareMixin,
    ImageWatchMixin,
    FoldingMixin,
    PartLoadingMixin,
    ScanLoadingMixin,
):
    """All images of a repository, newest first; where there is room, the facts or the manifest of the selected one."""

    DEFAULT_CSS = """
    ImagesScreen {
        #list { height: 1fr; }
        #list Table { width: 2fr; }
        &.-wide #list Table { max-width: 124; }  /* from 200 columns on, the facts have room for a whole digest */
        #facts, #preview { display: none; width: 1fr; border-left: solid $separator; }
        &.-wide #facts, &.-wide.-manifest #preview { display: block; }
        &.-wide.-manifest #facts { display: none; }
    }
    """
    COLUMN_LIST = "images"
    SCOPES = ("images", "image", "row", "marks", "put_image")
    FILTER_LIST = "images"
    FILTER_EXAMPLE = "release !rc tag:v1 size>100MB pushed<7d pulled:never is:untagged severity>=high /regex/ ~fuzzy"
    NOUNS = ("image", "images")
    EMPTY = "This repository has no images."
    MARKABLE = True
    FIRST_DESCENDING = frozenset({"pushed", "size", "pulled", "findings"})

    def __init__(self, connect: SessionSource, repository: str) -> None:
        super().__init__(connect)
        self.repository_name = repository
        self.repository: Repository | None = None
        self._pull_times = True
        """The registry records when an image was last pulled."""
        self.image_totals = ImageTotals()
        self.groups = ImageGroups()
        self.rows = Rows(lambda image: image.digest, self.image_totals, groups=self.groups)
        self.groups.find = self.rows.get
        self.preview = ManifestPreview(repository)
        self._known_images = KnownImages(connect, self.groups, self.rows.get)
        self.tag_cells = TagCells()
        self.columns = image_columns(self.tag_cells, self.groups, self.unknown_scan, self._unknown_pull)
        self.set_reactive(ListScreen.state, ListState("pushed", descending=True))

    @property
    def reference(self) -> Reference:
        return Reference(self.repository_name)

    @property
    def no_image(self) -> str:
        return "The images are not read yet." if self.state.loading and not self.rows.total else super().no_image

    @property
    def text_to_find(self) -> str:
        return super().text_to_find or (self.current.digest if self.current is not None else "")

    def breadcrumb(self) -> str:
        return f"Repositories › {self.repository_name}"

    def body(self) -> Iterable[Widget]:
        for widget in super().body():
            if isinstance(widget, Table):
                yield Horizontal(widget, ImageFacts(), ManifestView(id="preview"), id="list")
            else:
                yield widget

    async def prepare(self, session: Session) -> None:
        await super().prepare(session)
        self._pull_times = session.registry.capabilities.pull_times
        if self.tag_cells.protect(session.settings.protected_tags):
            self.table.redraw()
        self.repository = await blocking.run_blocking(session.registry.repository, self.repository_name)

    def last_known(self, cache: Cache) -> Snapshot[Image] | None:
        return cache.images(self.repository_name)

    def list_all(self, session: Session) -> Listing[Image]:
        return session.catalog.images(self.repository_name)

    def parse_filter(self, line: str) -> Filter[Image]:
        return parse(line, groups=self.groups, protects=self.tag_cells.protects)

    def read_for_word(self, rows: Sequence[Image]) -> None:
        _ = cached_column(rows, all_tags).lowered

    def complete_filter(self, line: str) -> Iterable[str]:
        return complete(line, image_schema(self.groups, self.tag_cells.protects), self.rows.at_hand())

    def no_match(self, reason: str) -> str:
        from ecrtui.catalog.filter import expression_hint
        from ecrtui.catalog.filter.cell_texts import cell_hint

        line = self.state.filter_text
        hints = (super().no_match(reason), cell_hint(line, self.parse_filter), expression_hint(line))
        return " ".join(filter(None, hints))

    def totals(self) -> Iterable[LinePart]:
        yield from count_parts(self.counts)
        yield line_part(units.format_size(self.image_totals.size), drop=Drop.FIRST)

    def _unknown_pull(self) -> str:
        return "never" if self._pull_times else "not supported"

    def has_changed(self, before: Image, after: Image) -> bool:
        """Leave out the scan: a refresh forgets it and reads it again."""
        return (
            after.tags != before.tags or after.status != before.status or after.last_pulled_at != before.last_pulled_at
        )

    def on_table_activated(self, message: Table.Activated) -> None:
        view = self.query_one("#preview", ManifestView)
        prepared = self.preview.shown(view, message.item)
        self.post_message(
            messages.OpenImage(self.connect, self.repository_name, message.item.digest, prepared, image=message.item)
        )

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        state = self.state
        if self.rows.anchored or not state.loading or state.stale is not None:  # else the next page replaces the row
            self._update_preview(message.index)

    async def read_changes(self, session: Session) -> bool:
        throttled = await super().read_changes(session)
        return await self.read_pending_scans(session) or throttled

    def rows_loaded(self) -> None:
        super().rows_loaded()
        if self.rows.cursor is not None:
            self._update_preview(self.rows.cursor)

    def on_resize(self) -> None:
        if self.rows.cursor is not None:  # the preview may have become visible
            self._update_preview(self.rows.cursor)

    @work(exclusive=True, group="preview", exit_on_error=False)
    async def _update_preview(self, index: int) -> None:
        """Show the facts or the manifest of the row, where the screen is wide, and read its neighbours ahead."""
        try:
            session = await self.session()
        except EcrTuiError:
            return  # loading the list shows the error
        await self._show_preview(session)
        await self._show_facts(session, writes=False)
        await asyncio.sleep(PREVIEW_DELAY)
        first, last = max(index - PREFETCH_RADIUS, 0), min(index + PREFETCH_RADIUS, len(self.rows))
        if await self.preview.read_ahead(session, [self.rows[row] for row in range(first, last)]):
            self.table.redraw()
        if not await self._show_preview(session):
            self.preview.clear(self.query_one("#preview", ManifestView), self.current)
        await self._show_facts(session)

    async def _show_facts(self, session: Session, *, writes: bool = True) -> None:
        """Show the facts of the row, where the screen is wide; with its writes only where the cursor rests."""
        view, image = self.query_one(ImageFacts), self.current
        if image is None:
            view.show_data(None)
        elif view.display:
            facts = await self._known_images.facts(session, self.repository_name, image, writes=writes)
            if self.current == image:  # else the cursor has moved on, or a newer read shows what has changed
                view.show_data(facts)

    @work(exclusive=True, group="facts", exit_on_error=False)
    async def _update_facts(self) -> None:
        """Show the facts of the row again: more is at hand, or something was written."""
        await self._show_facts(await self.session())

    def show_scans(self, scans: Mapping[str, ImageScan]) -> None:
        super().show_scans(scans)
        image = self.current
        if image is not None and any(shown.digest in scans for shown in self.scanned(image)):
            self._update_facts()

    def _show_parts(self) -> None:
        super()._show_parts()
        self._update_facts()

    def action_manifest(self) -> None:
        """Show the manifest beside the list, or the facts again."""
        self.toggle_class("-manifest")
        if self.rows.cursor is not None:
            self._update_preview(self.rows.cursor)

    async def _show_preview(self, session: Session) -> bool:
        view, image = self.query_one("#preview", ManifestView), self.current
        return image is not None and view.display and await self.preview.show(view, session, image)

    async def action_retag(self) -> None:
        """Tag the selected image; with marks, plan new tags for all marked images by a rule.

        One mark on another row is there to compare with, so it does not count.
        """
        marked = self.rows.marked()
        if len(marked) > 1 or (marked and marked[0] == self.current):
            self._open_plan(
                f"Retag {units.format_count(len(marked), 'image')} in {self.repository_name}",
                lambda engine, rule: engine.plan_rename(self.repository_name, marked, rule),
                "a rule for the new tags: {tag}-rel, {tag|strip:rc-}, /rc-(.*)/\\1/",
            )
        elif (image := self._selected()) is not None:
            note = "Only the image under the cursor is tagged, not the marked one." if marked else ""
            await self.begin_retag(self.image_to_write(self.repository_name, image, note))

    async def action_promote(self) -> None:
        """Copy the marked images to another repository; without marks, the selected image."""
        images = self.rows.marked() or [image for image in (self._selected(),) if image is not None]
        if images:
            await self.begin_promotion(*(self.image_to_write(self.repository_name, image) for image in images))

    def lifecycle_request(self) -> messages.OpenLifecycle:
        return messages.OpenLifecycle(self.connect, self.repository_name, self.all_images(), self.groups)

    def undo_target(self) -> WriteTarget | None:
        return None if self.current is None else WriteTarget(self.repository_name, self.current.digest)

    def action_config(self) -> None:
        """Show the config of the selected image."""
        self._open_pane("config")

    def action_findings(self) -> None:
        """Show the scan findings of the selected image."""
        self._open_pane("findings")

    def _open_pane(self, pane: str) -> None:
        if (image := self._selected()) is not None:
            self.post_message(messages.OpenImage(self.connect, self.repository_name, image.digest, pane=pane))

    def _selected(self) -> Image | None:
        """Return the selected image; if there is none, say so and return None."""
        if self.current is None:
            self.notify(self.no_image)
        return self.current

    def action_untag(self) -> None:
        """Plan to remove tags of the selected image."""
        image = self._selected()
        if image is None:
            return
        if not image.tags:
            self.notify("This image has no tag to remove.")
            return
        shown = self.order_tags(image.tags)[:MAX_TAGS_IN_QUESTION]
        names = " ".join(shown) + (" …" if len(image.tags) > len(shown) else "")
        self._open_plan(
            f"Remove tags of {short_digest(image.digest)}",
            lambda engine, line: engine.plan_untag(self.repository_name, tags.parse_tags(line)),
            f"tags to remove, but not all of: {names}",
        )

    def compared_image(self) -> Reference | None:
        return None if self.current is None else self._by_digest(self.current)

    def marked_images(self) -> Sequence[Reference]:
        return [self._by_digest(image) for image in self.rows.marked()]

    def _by_digest(self, image: Image) -> Reference:
        return Reference(self.repository_name, digest=image.digest)

    def action_swap(self) -> None:
        """Plan to exchange the images of two tags."""
        self._open_plan(
            f"Swap two tags in {self.repository_name}",
            lambda engine, line: engine.plan_swap(
                self.repository_name, *two_tags(line, "Enter two tags, separated by a space.")
            ),
            "the two tags",
        )

    def action_copy_tags(self) -> None:
        """Plan to move all tags of the marked image to the selected image."""
        if (pair := self._marked_and_current()) is None:
            self.notify(_NO_PAIR)
            return
        source, target = (image.digest for image in pair)
        self._open_plan(
            f"Copy all tags of {short_digest(source)} to {short_digest(target)}",
            lambda engine, line: engine.plan_copy_tags(self.repository_name, source, target),
        )

    def why_not(self, action: str) -> str:
        if action == "manifest" and not self.has_class("-wide"):
            return f"There is room beside the list from {WIDE} columns on. {press(self, 'row.open', 'open the image')}"
        if action == "read_indexes" and not self.state.complete:
            return "The images are not read yet."
        if action == "read_indexes" and self.groups.known.complete:
            return "The parts of all indexes are known."
        if action == "copy_tags" and self._marked_and_current() is None:
            return _NO_PAIR
        return super().why_not(action)

    def _marked_and_current(self) -> tuple[Image, Image] | None:
        """Return the only marked image and the selected one; None if there are not two such images."""
        marked, image = self.rows.marked(), self.current
        if len(marked) != 1 or image is None or marked[0].digest == image.digest:
            return None
        return marked[0], image

    def _open_plan(self, title: str, make: Callable[[Engine, str], Plan], question: str = "") -> None:
        self.post_message(messages.OpenPlan(self.connect, PlanRequest(title, make, question)))

    def all_images(self) -> Sequence[Image] | None:
        return tuple(self.rows.everything()) if self.state.complete else None

    def focus_content(self) -> None:
        self.table.focus()

    async def refresh_after_write(self, report: Report) -> None:
        """Read the images that the write changed, so that the list is right without a reload."""
        tags = report.tags_in(self.repository_name)
        shown = (image.digest for image in self.rows.everything() if not tags.isdisjoint(image.tags))
        changed = sorted({*shown, *report.digests_in(self.repository_name)})
        if not changed:
            return
        session = await self.session()
        if report.location != session.location:
            return
        images = await self.images_after_write(self.connect, self.repository_name, changed)
        if images is None:
            return
        self.table.update(self.complete_rows(session, images))
        self.table.remove_rows(set(changed) - {image.digest for image in images})
        self.post_message(messages.ListLoaded(self.is_long))
        self._update_facts()
        self.load_parts()
        self.show_progress()

    def action_put_image(self) -> None:
        """Open the Put image form with the selected image."""
        image = self.current.digest if self.current is not None and not self.current.archived else ""
        draft = messages.PutImageDraft(PutImageRequest(repository=self.repository_name), image)
        self.post_message(messages.OpenPutImage(self.connect, draft))

    def action_copy_menu(self) -> None:
        """Copy a URI, the digest or a command of the selected image; without one, of the repository."""
        if self.repository is None:
            return
        if self.current is None:
            items = copy_items_for_repository(self.repository, self.aws_options())
        else:
            image = replace(self.current, tags=self.order_tags(self.current.tags))
            items = copy_items_for_image(self.repository, image, self.aws_options())
        self.post_message(messages.OfferCopies(items))

    def empty_hints(self) -> Iterable[str]:
        yield press(self, "screen.copy", "copy a push command")
        yield from super().empty_hints()
        yield press(self, "watch.toggle", "watch it")

    def document(self, row: Image) -> tuple[str, Mapping[str, Any]] | None:
        if self.repository is None:
            return None
        title = f"{self.repository_name}@{short_digest(row.digest)}"
        document = image_document(self.repository_name, row, self.repository.registry_id)
        unknown = {} if row.scan_known else {"imageScanStatus": {"status": self.unknown_scan()}}
        return title, document | unknown
