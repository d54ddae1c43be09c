"""What the places with a list have in common: loading page by page, sorting, filtering, marks, and telling how far."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from textual import work
from textual.reactive import var
from textual.widget import Widget

from ecrtui.catalog.rows import Rows
from ecrtui.ecr import units
from ecrtui.errors import EcrTuiError
from ecrtui.tui import blocking as io
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.table.columns import Column
from ecrtui.tui.table.table import Table
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage

if TYPE_CHECKING:
    from ecrtui.catalog.cache.store import Cache
    from ecrtui.catalog.catalog import Batch, Snapshot
    from ecrtui.catalog.filter import Filter
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.session import Session

Item = TypeVar("Item")


class BatchSource(Protocol[Item]):
    """Rows as they come: what iterates blocks, and can be closed."""

    def __iter__(self) -> Iterator[Batch[Item]]: ...

    def __next__(self) -> Batch[Item]: ...

    def close(self) -> None:
        """No more rows are wanted."""


CHUNK = 2_000
"""Rows from last time that are taken in at once, so that the keyboard is heard in between."""


class ListState(NamedTuple):
    """All that a list place tells besides its rows."""

    sort: str
    descending: bool
    filter_text: str = ""
    loaded: int = 0
    loading: bool = False
    complete: bool = False
    stale: float | None = None
    """Seconds since the rows were last known to be so; None once they are live."""
    waiting: float = 0.0
    """Seconds that the service asked to wait for the next page."""
    error: EcrTuiError | None = None


class ListScreen(AppScreen, Generic[Item]):
    """A place that is a list of repositories or images."""

    SCOPES: ClassVar[tuple[str, ...]] = ("list",)
    FILTER_EXAMPLE: ClassVar[str] = ""
    NOUNS: ClassVar[tuple[str, str]] = ("row", "rows")
    EMPTY: ClassVar[str] = ""
    """What is said where the rows would be when there are none."""
    FIRST_DESCENDING: ClassVar[frozenset[str]] = frozenset()
    """The columns whose greatest value comes first when they are chosen: dates and sizes."""
    MARKABLE: ClassVar[bool] = False
    RECALLS_AT_ONCE: ClassVar[bool] = False
    """Whether the rows of the last time are few enough to be on the first frame."""

    state: var[ListState] = var(ListState("", False))

    columns: Sequence[Column[Item]]
    rows: Rows[Item]
    _listing: BatchSource[Item] | None = None
    _asked: int = 0
    _recalled: RegistryLocation | None = None
    """Whose rows were shown before the connection stood."""

    def body(self) -> Iterable[Widget]:
        yield FilterBar(self.FILTER_EXAMPLE)
        yield MessagePanel()
        state = self.state
        yield Table(
            self.rows,
            self.columns,
            sort=state.sort,
            descending=state.descending,
            markable=self.MARKABLE,
            note="loading…",
        )

    def on_mount(self) -> None:
        self.start()

    def start(self) -> None:
        """What the place starts with. Textual runs every ``on_mount`` of a class and its bases; this runs once."""
        self.table.focus()
        if self.RECALLS_AT_ONCE and (known := self._recall()):
            self.table.merge(known.items)
            self.state = self.state._replace(stale=known.age)
        self.call_after_refresh(self.load)

    @property
    def table(self) -> Table[Item]:
        """The table that draws the rows."""
        return self.query_one(Table)

    @property
    def current(self) -> Item | None:
        """The row under the cursor."""
        return self.rows.current

    def last_known(self, cache: Cache) -> Snapshot[Item] | None:
        """The rows from the last time, if something is kept of them."""
        return None

    def list_all(self, session: Session) -> BatchSource[Item]:
        """A fresh listing of all rows."""
        raise NotImplementedError

    def parse_filter(self, line: str) -> Filter[Item]:
        """The filter that a line says; raises FilterError."""
        raise NotImplementedError

    def rows_loaded(self) -> None:
        """All rows are there; places override it."""

    async def prepare(self, session: Session) -> None:
        """Read what the place needs besides its rows."""

    def totals(self) -> str:
        """What is told of the rows when all of them are there."""
        return units.format_count(self.rows.total, *self.NOUNS)

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self, *, resume: bool = False) -> None:
        """Load all rows in the background; those that are there stay until the truth is known."""
        self.state = self.state._replace(loading=True, complete=False, error=None)
        try:
            await self._recall_slowly()
            session = await self.session()
            self._forget_others(session)
            await self.prepare(session)
            listing = self._listing if resume and self._listing is not None else await self._begin(session)
            async for batch in io.iterate_blocking(listing):
                self.table.merge((*batch.items, *batch.changed), self._asked)
                self.state = self.state._replace(loaded=batch.loaded, waiting=batch.throttled)
                if batch.complete:  # not at the end of the iteration: before that, the rows are kept on disk
                    self.table.finish_reload()
                    self.rows_loaded()
                    self.state = self.state._replace(loading=False, complete=True, stale=None, waiting=0.0)
        except EcrTuiError as error:
            self.show_error(error)

    def _recall(self) -> Snapshot[Item] | None:
        """The rows from the last time, before anything is connected."""
        cache = self.connect.cached_snapshot()
        self._recalled = None if cache is None else cache.location
        return None if cache is None else self.last_known(cache)

    async def _recall_slowly(self) -> None:
        """Show the rows from the last time, as many as there are, without a stall."""
        if self.rows.total or not (known := await io.run_blocking(self._recall)):
            return
        self.state = self.state._replace(stale=known.age)
        for start in range(0, len(known.items), CHUNK):
            self.table.merge(known.items[start : start + CHUNK])
            await asyncio.sleep(0)

    def _forget_others(self, session: Session) -> None:
        """Drop what was recalled if the way leads to another registry than the last time."""
        if self._recalled not in (None, session.location):
            self.table.clear()
            self.state = self.state._replace(stale=None)
        self._recalled = None

    async def _begin(self, session: Session) -> BatchSource[Item]:
        """A fresh listing; the rows from last time stand meanwhile."""
        if self._listing is not None:
            self._listing.close()
        self._listing = self.list_all(session)
        self._asked = self.rows.version
        self.table.begin_reload()
        self.state = self.state._replace(loaded=0)
        return self._listing

    def show_error(self, error: EcrTuiError) -> None:
        self.state = self.state._replace(loading=False, error=error)

    def on_unmount(self) -> None:
        if self._listing is not None:
            self._listing.close()
        self.rows.clear()  # asyncio and the collector may hold the place for long, and with it all its rows

    def watch_state(self, state: ListState) -> None:
        if not self.is_mounted:
            return
        self.set_status(self._progress())
        self.table.set_placeholder(self._note(state))
        self.query_one(MessagePanel).message = None if state.error is None else PanelMessage.from_error(state.error)

    def _note(self, state: ListState) -> str:
        """What stands where the rows would be."""
        if state.error is not None:
            return ""
        if not state.complete:
            return "loading…"
        return f"Nothing matches {state.filter_text}. Esc drops the filter." if self.rows.total else self.EMPTY

    def _progress(self) -> str:
        state = self.state
        words = []
        if state.filter_text:
            words.append(f"{units.format_number(len(self.rows))} match")
        if state.waiting:
            words.append(f"slowed down by the service, {state.waiting:.0f} s")
        if state.complete:
            words.append(self.totals())
        elif state.loading:
            words.append(f"loading… {units.format_number(state.loaded)}" + (", more is coming" if state.loaded else ""))
        elif state.error and state.loaded:
            words.append(f"stopped at {units.format_number(state.loaded)}")
        if state.stale is not None:
            words.append(f"as of {units.format_short_duration(state.stale)} ago")
        if self.rows.marked_count:
            words.append(f"{units.format_number(self.rows.marked_count)} marked")
        return " · ".join(words)

    def action_refresh_screen(self) -> None:
        self.load()

    def action_retry(self) -> None:
        """Go on from where the loading stopped."""
        if self.state.error is not None and self.state.error.retryable:
            self.load(resume=not self.state.complete)  # what is complete has nothing left to go on with
        elif self.state.error is not None:
            self.load()

    def on_message_panel_retry_requested(self) -> None:
        self.action_retry()

    def action_filter(self) -> None:
        """Open the line for a filter."""
        self.query_one(FilterBar).open()

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        from ecrtui.catalog.filter import FilterError

        bar = self.query_one(FilterBar)
        try:
            parsed = self.parse_filter(message.value)
        except FilterError as problem:
            bar.show_problem(problem.title + (f": {problem.hint}" if problem.hint else ""), problem.position)
            return
        bar.show_problem("")
        self.state = self.state._replace(filter_text=message.value.strip())
        if parsed:
            self.table.filter(parsed.matches, parsed.spans)
        else:
            self.table.filter(None)

    def on_table_sort_filter_done(self) -> None:
        self.set_status(self._progress())

    def on_table_marks_changed(self) -> None:
        self.set_status(self._progress())

    def on_filter_bar_closed(self) -> None:
        self.table.focus()

    def action_back(self) -> None:
        bar = self.query_one(FilterBar)
        if bar.field.value:  # and not the state, which follows: Esc may come right behind what was typed
            bar.clear()
        else:
            super().action_back()

    def action_sort(self) -> None:
        """Sort by the next column."""
        sortable = [column.id for column in self.columns if column.sort_key is not None]
        here = sortable.index(self.state.sort) if self.state.sort in sortable else -1
        self._sort_by(sortable[(here + 1) % len(sortable)])

    def action_reverse(self) -> None:
        """Turn the order."""
        self._sort_by(self.state.sort)

    def on_table_sort_requested(self, message: Table.SortRequested) -> None:
        self._sort_by(message.column)

    def _sort_by(self, column: str) -> None:
        turned = column == self.state.sort
        descending = not self.state.descending if turned else column in self.FIRST_DESCENDING
        self.state = self.state._replace(sort=column, descending=descending)
        self.table.sort_by(column, descending)

    def action_open(self) -> None:
        """Go into the row under the cursor."""
        self.table.activate()

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark."""
        self.table.toggle_mark()

    def action_mark_range(self) -> None:
        """Mark from the last mark to the cursor."""
        self.table.mark_range()

    def action_mark_all(self) -> None:
        """Mark everything that is shown, or nothing."""
        self.table.mark_all()
