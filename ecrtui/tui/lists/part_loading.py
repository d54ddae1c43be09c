"""Find out which images of a list are parts of indexes, so that they are shown with their index and not as unused.

Only the manifest of an index names its parts, and ECR records a pull for each manifest that is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from textual import work
from textual.worker import Worker

from ecrtui.catalog.filter import Knowledge
from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.catalog.index_parts import INDEXES_PER_REQUEST, EarlyParts, KnownParts, find_parts
from ecrtui.catalog.read_ahead import may_read_ahead
from ecrtui.catalog.totals.image_totals import ImageCounts
from ecrtui.ecr.image import Image, is_index
from ecrtui.ecr.units import format_count, format_number
from ecrtui.errors import EcrTuiError
from ecrtui.session import Session, SessionSource
from ecrtui.tui import blocking
from ecrtui.tui.bindings import press
from ecrtui.tui.line_parts import Drop, LinePart, line_part
from ecrtui.tui.lists.list_screen import BatchSource, ListScreen, in_parts
from ecrtui.tui.textual_fixes.worker_description import LARGE_ARGUMENTS

MAX_READ_AHEAD = 1_000
"""The greatest number of manifests that ecrtui reads unasked, where ECR records no pulls: ten requests."""


class PartLoadingMixin(ListScreen[Image]):
    """A list of images that knows the parts of its indexes."""

    repository_name: str
    groups: ImageGroups
    _search: Worker[None] | None = None
    """The last search for parts."""
    _early: EarlyParts | None = None
    """What is known of the indexes of the rows that have arrived; None while none are loading."""
    _shown_known: KnownParts | None = None
    """What was known of the indexes when the rows were last grouped."""
    _undecided: int = 0
    """The number of images about which the filter cannot decide."""
    _awaits_parts = False
    """True until the rows of a short list are grouped for the first time."""

    def __init__(self, connect: SessionSource) -> None:
        super().__init__(connect)
        self._grouped = asyncio.Event()
        """Set when the rows are grouped by what is known of the indexes."""

    def scanned(self, image: Image) -> Sequence[Image]:
        return self.groups.scanned(image)

    def has_owner(self, image: Image) -> bool:
        return self.groups.has_owner(image)

    @property
    def awaits_content(self) -> bool:
        return super().awaits_content or self._awaits_parts

    async def _start_listing(self, session: Session) -> BatchSource[Image]:
        self._early = EarlyParts(session.catalog, self.repository_name)
        return await super()._start_listing(session)

    async def _merge(self, items: Sequence[Image], *, more: bool) -> None:
        """Merge the rows of a batch, and look up meanwhile what is known of its indexes."""
        if self._early is None:
            await super()._merge(items, more=more)
        else:
            looked_up = blocking.start_blocking(self._early.add, items)
            await super()._merge(items, more=more)
            await looked_up

    def rows_loaded(self) -> None:
        super().rows_loaded()
        is_short = self._shown_known is None and self.rows.total <= INDEXES_PER_REQUEST  # one request reads all
        self._awaits_parts = is_short and any(is_index(image.media_type) for image in self.rows.everything())
        early, self._early = self._early, None
        self.load_parts(early=None if early is None else early.known)

    def on_screen_resume(self) -> None:
        """Find the parts of the indexes that the user has opened meanwhile."""
        if self.state.complete and self.groups.known is not self._shown_known:  # the screen above has read indexes
            self._show_parts()
        is_searching = self._search is not None and not self._search.is_finished
        if self.state.complete and not self.groups.known.complete and not is_searching:
            self._search = self._find_parts(known=self.groups.known)

    def action_read_indexes(self) -> None:
        """Read the manifests of all indexes of the repository."""
        if self.state.complete and not self.groups.known.complete:
            self.load_parts(read=True)

    def load_parts(self, *, read: bool = False, early: KnownParts | None = None) -> None:
        """Find the parts of the indexes: of those that were read before, or that may be read.

        Args:
            read: the user asks for it.
            early: what was found out about these images while they arrived.
        """
        self._grouped.clear()
        self._search = self._find_parts(read=read, early=early)

    async def rows_arranged(self) -> None:
        await self._grouped.wait()

    def rows_kept(self) -> None:
        self._keep_counts()

    @work(exclusive=True, group="parts", exit_on_error=False, description=LARGE_ARGUMENTS)
    async def _find_parts(
        self, *, read: bool = False, known: KnownParts | None = None, early: KnownParts | None = None
    ) -> None:
        """Find the parts of the indexes.

        Args:
            read: read the indexes; the user asks for it.
            known: what is known of these images, to look at no other index and to read none; None to look at all.
            early: what was found out about these images while they arrived.
        """
        before = len(self.groups.known.parts)
        if early is not None and early.complete:
            self.groups.known = early
        else:
            await self._look_up_parts(known or early, read=read, may_read=known is None)
        self._awaits_parts = False
        if len(self.groups.known.parts) != before or known is None:
            self._show_parts()
        if not self.table.is_arranging:
            self._grouped.set()

    async def _look_up_parts(self, known: KnownParts | None, *, read: bool, may_read: bool) -> None:
        """Look up the parts of all indexes but the known ones; read them if the user asks, or if that leaves no trace.

        Args:
            known: what is known of these images.
            read: read the indexes; the user asks for it.
            may_read: read few indexes unasked where ECR records no pulls.
        """
        images = list(self.rows.everything())
        try:
            session = await self.session()
            unasked = may_read and await blocking.run_blocking(_may_read, session, self.repository_name, images)
            if read or unasked:
                self._grouped.set()  # rows are kept on disk without waiting for requests
            found = find_parts(session.catalog, self.repository_name, images, read=read or unasked, known=known)
            async for self.groups.known in blocking.iterate_blocking(found):
                self.show_progress()
        except EcrTuiError as error:
            if read:
                self.notify_error(error)

    def _show_parts(self) -> None:
        self._shown_known = self.groups.known
        self.refresh_bindings()
        self.table.regroup()
        self.table.redraw()
        self.table.set_placeholder(self._note)
        self.show_progress()

    @property
    def counts(self) -> ImageCounts:
        """The numbers of all images, shown or not."""
        rows = self.rows
        images = rows.total - rows.inside_count
        return ImageCounts(images, rows.alone_count, rows.inside_count, self.groups.known.complete)

    def on_table_sort_filter_done(self) -> None:
        self._grouped.set()
        self._count_undecided()
        self._keep_counts()

    @work(exclusive=True, group="counts", exit_on_error=False)
    async def _keep_counts(self) -> None:
        """Let the list of repositories show the same numbers."""
        counts = self.counts
        if not (self.state.complete and counts.complete):
            return
        session = await self.session()
        await blocking.run_blocking(session.catalog.known_totals.keep_counts, self.repository_name, counts)

    @work(exclusive=True, group="undecided", exit_on_error=False)
    async def _count_undecided(self) -> None:
        """Count the images about which the filter cannot decide.

        Threads do it, part by part: there can be many images, and the next letter of the filter needs another number.
        """
        chosen = self._filter
        self._undecided = undecided = 0
        if chosen is not None and self._needs_parts and self.state.complete:
            counts = (len(chosen.undecided(some)) for some in in_parts(list(self.rows.everything())))
            async for count in blocking.iterate_blocking(counts):
                undecided += count
            self._undecided = undecided
        self.show_progress()

    @property
    def _needs_parts(self) -> bool:
        return self._filter is not None and Knowledge.INDEX_PARTS in self._filter.needs

    @property
    def _unread(self) -> str:
        """How many indexes a filter needs to know; empty if it knows them all."""
        known = self.groups.known
        if not self._needs_parts or not self.state.complete or known.complete:
            return ""
        return format_count(len(known.unread), "index", "indexes")

    def status_parts(self) -> Iterable[LinePart]:
        """Yield of how many images the filter knows enough, and what else the screen loads."""
        if self._undecided and self._needs_parts:
            known, total = (format_number(number) for number in (self.rows.total - self._undecided, self.rows.total))
            yield line_part(f"known for {known} of {total}", f"known for {known}/{total}", drop=Drop.LAST)
        if self._unread:
            yield line_part(f"{self._unread} not read", drop=Drop.LAST)
        yield from super().status_parts()

    def _note(self) -> str:
        if not self._unread:
            return super()._note()
        read = press(self, "images.read_indexes", "read them (ECR records a pull of each)")
        note = f"No match so far: the parts of {self._unread} are not known, so images without tags may be in use. "
        return self.no_match((note + read).rstrip(". "))


def _may_read(session: Session, repository: str, images: Sequence[Image]) -> bool:
    """Return True if ecrtui may read the indexes of these images unasked. Blocks."""
    indexes = sum(is_index(image.media_type) for image in images)
    return 0 < indexes <= MAX_READ_AHEAD and may_read_ahead(session.registry, session.settings.prefetch, repository)


def count_parts(counts: ImageCounts) -> Iterable[LinePart]:
    """Yield the numbers of images in words, as parts of a status."""
    yield line_part(format_count(counts.images, "image"), drop=Drop.LATE)
    yield line_part(f"{format_number(counts.tagged)} tagged", drop=Drop.EARLY)
    if counts.orphans:
        yield line_part(format_count(counts.orphans, "orphan"), drop=Drop.LATE)
    elif not counts.is_exact:
        untagged = format_number(counts.images - counts.tagged)
        yield line_part(f"{untagged} orphans or parts", f"{untagged} orphans/parts", drop=Drop.LATE)
    if counts.parts:
        yield line_part(format_count(counts.parts, "part"), drop=Drop.EARLY)
