"""The base class of screens with a list: cached rows, loading in pages, progress, and the age of the rows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

from textual import work
from textual.timer import Timer

from ecrtui.ecr import units
from ecrtui.errors import EcrTuiError
from ecrtui.tui import blocking
from ecrtui.tui.bindings import press
from ecrtui.tui.line_parts import Drop, LinePart, line_part, read_part, throttled_part
from ecrtui.tui.lists.list_state import ListState
from ecrtui.tui.lists.table_screen import TableScreen
from ecrtui.tui.messages import LastKnown, ListLoaded
from ecrtui.tui.widgets.breadcrumb import Breadcrumb
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage
from ecrtui.tui.yielding import yield_to_keys

if TYPE_CHECKING:
    from ecrtui.catalog.cache.store import Cache
    from ecrtui.catalog.catalog import Batch, Snapshot
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.session import Session

Item = TypeVar("Item")


class BatchSource(Protocol[Item]):
    """A source of rows in batches. Iterating blocks."""

    def __iter__(self) -> Iterator[Batch[Item]]: ...

    def __next__(self) -> Batch[Item]: ...

    def close(self) -> None:
        """Stop; no more rows are needed."""


CHUNK = 1_000
"""Rows that are merged at once. Keys are handled between two chunks."""

LONG_LIST = 4_000
"""Rows of a list that leaves much freed memory behind."""

SPINNER_DELAY = 2
"""Seconds of loading before the status shows a spinner and the time."""

SPINNER = "⠋⠙⠸⠴⠦⠇"
"""Signs that take turns, one a second."""

PART = 8_192
"""Rows that a thread looks at before it looks whether its answer is still wanted."""

COUNT_INTERVAL = 0.25
"""Seconds between two counts of loaded rows on the screen."""


def in_parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Yield items in parts, for threads that stop between two of them."""
    return (items[start : start + PART] for start in range(0, len(items), PART))


class ListScreen(TableScreen[Item], Generic[Item]):
    """A screen with a table whose rows are loaded in pages."""

    NOUNS: ClassVar[tuple[str, str]] = ("row", "rows")
    EMPTY: ClassVar[str] = ""
    """The text in place of the rows when there are none."""
    CACHED_ROWS_IN_FIRST_FRAME: ClassVar[bool] = False
    """True if the cached rows are few enough to be read before the first frame."""

    _listing: BatchSource[Item] | None = None
    _version_at_start: int = 0
    """The version of the rows when the current listing started."""
    _count_due: float = 0.0
    """Time on the monotonic clock, in seconds, to show the next count of loaded rows."""
    _read_at: float | None = None
    """Time on the monotonic clock, in seconds, when the rows were read; None if they were not yet."""
    _loading_since: float = 0.0
    """Time on the monotonic clock, in seconds, when loading began."""
    _clock: Timer | None = None
    """Runs while rows are loading."""
    _cached_location: RegistryLocation | None = None
    """The registry of the cached rows that are shown."""

    def on_mount(self) -> None:
        self.start()

    def _watch_the_clock(self, *, loading: bool) -> None:
        """Update the status once a second while rows are loading."""
        if self._clock is not None:
            self._clock.stop()
        self._loading_since = time.monotonic()
        self._clock = self.set_interval(1.0, self.show_progress) if loading else None

    def start(self) -> None:
        """Start the screen. Textual runs ``on_mount`` of every base class; this runs once."""
        self.table.focus()
        if self.first_filter:
            self.query_one(FilterBar).show_filter(self.first_filter)
        if self.CACHED_ROWS_IN_FIRST_FRAME and (known := self._cached_rows()):
            self.table.merge(known.items)
            self.state = self.state._replace(stale=known.age)
        self.call_after_refresh(self.load)

    @property
    def awaits_content(self) -> bool:
        state = self.state
        awaits_first_rows = not (self.rows.total or state.complete or state.error)
        return super().awaits_content or awaits_first_rows

    def last_known(self, cache: Cache) -> Snapshot[Item] | None:
        """Return the cached rows, if there are any. Screens override it."""
        return None

    def list_all(self, session: Session) -> BatchSource[Item]:
        """Start a listing of all rows."""
        raise NotImplementedError

    def rows_loaded(self) -> None:
        """Called when all rows are loaded. Screens override it."""

    async def rows_arranged(self) -> None:
        """Wait until the screen shows all rows in their final order. Then they are kept on disk, which takes long.

        Screens override it.
        """

    def rows_kept(self) -> None:
        """Called when the rows are kept on disk. Screens override it."""

    def complete_rows(self, session: Session, items: Sequence[Item]) -> Sequence[Item]:
        """Return rows of the listing with what is known besides. Screens override it."""
        return items

    def status_parts(self) -> Iterable[LinePart]:
        """Return further parts of the status. Screens override it."""
        return ()

    def unknown_parts(self) -> Iterable[LinePart]:
        """Yield what is not known of any row. Screens override it."""
        return ()

    def set_status(self, status: str | Iterable[LinePart]) -> None:
        self.query_one(Breadcrumb).age = tuple(self.age_parts())
        super().set_status(status)

    def mark_read(self) -> None:
        """Record that the rows were read now."""
        self._read_at = time.monotonic()

    @property
    def is_long(self) -> bool:
        """True if the list takes much memory."""
        return self.rows.total >= LONG_LIST

    def age_parts(self) -> Iterable[LinePart]:
        """Yield how old the rows are, in minutes."""
        if self._read_at is not None and not self.state.loading:
            yield read_part(time.monotonic() - self._read_at)

    async def prepare(self, session: Session) -> None:
        """Read what the screen needs besides its rows. Screens override it."""

    def totals(self) -> Iterable[LinePart]:
        """Yield the summary of all rows."""
        yield line_part(units.format_count(self.rows.total, *self.NOUNS), drop=Drop.LATE)

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self, *, resume: bool = False) -> None:
        """Load all rows in the background; old rows stay until the new ones are known."""
        self.state = self.state._replace(loading=True, complete=False, error=None)
        try:
            await self._show_cached_rows()
            session = await self.session()
            self._drop_foreign_rows(session)
            await self.prepare(session)
            listing = self._listing if resume and self._listing is not None else await self._start_listing(session)
            async for batch in blocking.iterate_blocking(listing):
                await self._merge(self.complete_rows(session, (*batch.items, *batch.changed)), more=not batch.complete)
                self.state = self.state._replace(loaded=batch.loaded, waiting=batch.throttled)
                if batch.complete:  # not at the end of the iteration: before that, the rows are kept on disk
                    self.table.finish_reload()
                    self.mark_read()
                    self.rows_loaded()
                    self.state = self.state._replace(loading=False, complete=True, stale=None, waiting=0.0)
                    await self.rows_arranged()
            self.rows_kept()
            if self.is_long:
                from ecrtui.freed_memory import return_freed_memory  # the first frame does not need it

                await blocking.run_blocking(return_freed_memory)
            self.post_message(ListLoaded(self.is_long))
        except EcrTuiError as error:
            self.show_error(error)

    async def _merge(self, items: Sequence[Item], *, more: bool) -> None:
        """Merge the rows of a batch in chunks."""
        for start in range(0, max(len(items), 1), CHUNK):
            await yield_to_keys()
            follows = more or start + CHUNK < len(items)
            if not follows and self.rows.has_waiting:
                await self.table.show_arrived_in_slices()
                await yield_to_keys()
            self.table.merge(items[start : start + CHUNK], self._version_at_start, more=follows)

    def _cached_rows(self) -> Snapshot[Item] | None:
        """Return the cached rows; needs no connection."""
        cache = self.connect.cached_snapshot()
        self._cached_location = None if cache is None else cache.location
        if cache is None:
            return None
        if not self.header_state.registry_id:
            self.post_message(LastKnown(self.connect, cache.location, cache.alias()))
        return self.last_known(cache)

    async def _show_cached_rows(self) -> None:
        """Show the cached rows in chunks, without blocking the keyboard."""
        if self.rows.total or not (known := await blocking.run_blocking(self._cached_rows)):
            return
        self.state = self.state._replace(stale=known.age)
        for start in range(0, len(known.items), CHUNK):
            self.table.merge(known.items[start : start + CHUNK], more=True)
            await yield_to_keys()
        await self.table.show_arrived_in_slices()

    def _drop_foreign_rows(self, session: Session) -> None:
        """Remove the cached rows if they belong to another registry."""
        if self._cached_location not in (None, session.location):
            self.table.clear()
            self.state = self.state._replace(stale=None)
        self._cached_location = None

    async def _start_listing(self, session: Session) -> BatchSource[Item]:
        """Start a new listing; the old rows stay meanwhile."""
        if self._listing is not None:
            self._listing.close()
        self._listing = self.list_all(session)
        self._version_at_start = self.rows.version
        self.table.begin_reload()
        self.state = self.state._replace(loaded=0)
        return self._listing

    def show_error(self, error: EcrTuiError) -> None:
        self.state = self.state._replace(loading=False, error=error)

    def on_unmount(self) -> None:
        if self._listing is not None:
            self._listing.close()
        self.rows.clear()  # asyncio may keep the screen alive for long

    def watch_state(self, before: ListState, state: ListState) -> None:
        if not self.is_mounted:
            return
        if before.loading != state.loading:
            self._watch_the_clock(loading=state.loading)
        if self._can_wait(before, state):
            return
        if state.error is not None:
            self.table.show_arrived()
        self.show_progress()
        self.table.set_placeholder(self._note)
        self.query_one(MessagePanel).message = None if state.error is None else PanelMessage.from_error(state.error)

    def _can_wait(self, before: ListState, state: ListState) -> bool:
        """Return True if only the number of loaded rows has changed, soon after the last change."""
        now = time.monotonic()
        if before.loaded and before._replace(loaded=state.loaded) == state and now < self._count_due:
            return True
        self._count_due = now + COUNT_INTERVAL
        return False

    def _note(self) -> str:
        """Return the text in place of the rows."""
        state = self.state
        if state.error is not None:
            return ""
        if not state.complete:
            return "loading…"
        if not self.rows.total:
            return " ".join(filter(None, (self.EMPTY, *self.empty_hints())))
        return self.no_match(f"Nothing matches {units.format_quoted(state.filter_text)}")

    def action_filter(self) -> None:
        super().action_filter()
        self._show_note_again()

    def on_filter_bar_closed(self) -> None:
        self._show_note_again()

    def _show_note_again(self) -> None:
        """Show the text in place of the rows again: the keys that it names depend on the focus."""
        self.table.set_placeholder(self._note)

    def empty_hints(self) -> Iterable[str]:
        """Yield what to do when there is nothing to list; an empty text for an action without a key."""
        yield press(self, "screen.refresh", "look again")

    def show_age(self) -> None:
        self.show_progress()

    def show_progress(self) -> None:
        self.set_status(self.progress_parts())

    def progress_parts(self) -> Iterable[LinePart]:
        """Yield the parts of the status."""
        state = self.state
        yield from self.marked_part()
        if (matches := self.count_matches()) is not None:
            yield line_part(f"{units.format_number(matches)} match")
        yield from self.status_parts()
        if (column := self.hidden_sort) is not None:
            yield line_part(f"sorted by {column.title}", f"by {column.title}", drop=Drop.EARLY)
        if state.waiting:
            yield throttled_part(state.waiting)
        if state.stale is not None:
            yield line_part(f"as of {units.format_short_duration(state.stale)} ago", drop=Drop.LAST)
        if state.complete:
            count, *more = self.totals()
            yield from (count, *self.unknown_parts(), *more)
        elif state.loading:
            yield from self._loading_part(state)
        elif state.error and state.loaded:
            yield line_part(f"stopped at {units.format_number(state.loaded)}", drop=Drop.LAST)

    def marked_part(self) -> Iterable[LinePart]:
        """Yield the number of marked rows, if there are any."""
        if self.rows.marked_count:
            yield line_part(f"{units.format_number(self.rows.marked_count)} marked")

    def _loading_part(self, state: ListState) -> Iterable[LinePart]:
        """Yield how many rows are loaded, and for how long they load, once the user may wonder.

        Before that, a table without rows says that it loads; the status would be one more frame.
        """
        seconds = int(time.monotonic() - self._loading_since)
        if seconds < SPINNER_DELAY and not self.rows.total:
            return
        clock = f" {SPINNER[seconds % len(SPINNER)]} {seconds} s ·" if seconds >= SPINNER_DELAY else "…"
        words = f"loading{clock} {units.format_number(state.loaded)}"
        yield line_part(*([f"{words} so far"] if state.loaded else []), words)

    def action_refresh_screen(self) -> None:
        self.load()

    def action_retry(self) -> None:
        """Continue where loading stopped."""
        if self.state.error is not None and self.state.error.retryable:
            self.load(resume=not self.state.complete)
        elif self.state.error is not None:
            self.load()
