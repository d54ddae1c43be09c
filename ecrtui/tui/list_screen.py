"""The base class of screens with a list: loading in pages, sorting, filtering, marks and progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from textual import work
from textual.reactive import var
from textual.timer import Timer
from textual.widget import Widget

from ecrtui.catalog.rows import Rows
from ecrtui.ecr import units
from ecrtui.errors import EcrTuiError
from ecrtui.tui import blocking
from ecrtui.tui.bindings import press
from ecrtui.tui.column_choice import ChosenColumnsScreen
from ecrtui.tui.messages import LastKnown, ListLoaded, ShowText
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table
from ecrtui.tui.widgets.breadcrumb import COUNT_SEPARATOR, Breadcrumb
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage
from ecrtui.tui.yielding import yield_to_keys

if TYPE_CHECKING:
    from ecrtui.catalog.cache.store import Cache
    from ecrtui.catalog.catalog import Batch, Snapshot
    from ecrtui.catalog.filter import Filter
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

AGE_INTERVAL = 60.0
"""Seconds between two looks at the age of the rows. The age has no seconds, so an idle terminal gets nothing else."""

PATIENCE = 2
"""Seconds of loading before the status shows a spinner and the time."""

SPINNER = "⠋⠙⠸⠴⠦⠇"
"""Signs that take turns, one a second."""

COUNT_INTERVAL = 0.25
"""Seconds between two counts of loaded rows on the screen."""


class ListState(NamedTuple):
    """The state of a list besides its rows."""

    sort: str
    descending: bool
    filter_text: str = ""
    """The last valid filter, which applies."""
    filter_problem: str = ""
    """Why what the user typed since then is not valid; empty if it is."""
    loaded: int = 0
    loading: bool = False
    complete: bool = False
    stale: float | None = None
    """Age of cached rows in seconds; None once the rows are live."""
    waiting: float = 0.0
    """Seconds until the next page, because the service throttles requests."""
    error: EcrTuiError | None = None


class ListScreen(ChosenColumnsScreen[Item], Generic[Item]):
    """A screen with a list."""

    SCOPES: ClassVar[tuple[str, ...]] = ("list",)
    FILTER_EXAMPLE: ClassVar[str] = ""
    NOUNS: ClassVar[tuple[str, str]] = ("row", "rows")
    EMPTY: ClassVar[str] = ""
    """The text in place of the rows when there are none."""
    FIRST_DESCENDING: ClassVar[frozenset[str]] = frozenset()
    """The columns that sort descending first, such as dates and sizes."""
    MARKABLE: ClassVar[bool] = False
    CACHED_ROWS_IN_FIRST_FRAME: ClassVar[bool] = False
    """True if the cached rows are few enough to be read before the first frame."""

    state: var[ListState] = var(ListState("", False))

    rows: Rows[Item]
    first_filter: str = ""
    """The filter to start with; set it before the screen is opened."""
    _listing: BatchSource[Item] | None = None
    _filter: Filter[Item] | None = None
    """The filter that applies; None for all rows."""
    _known_matches: int | None = None
    """The number of matches of the last filter that was complete; None without one."""
    _version_at_start: int = 0
    """The version of the rows when the current listing started."""
    _count_due: float = 0.0
    """Time on the monotonic clock, in seconds, to show the next count of loaded rows."""
    _hides_sort: bool = False
    """There is no room for the sorted column, and the status names it."""
    _read_at: float | None = None
    """Time on the monotonic clock, in seconds, when the rows were read; None if they were not yet."""
    _loading_since: float = 0.0
    """Time on the monotonic clock, in seconds, when loading began."""
    _clock: Timer | None = None
    """Runs while rows are loading."""
    _cached_location: RegistryLocation | None = None
    """The registry of the cached rows that are shown."""

    def body(self) -> Iterable[Widget]:
        yield FilterBar(self.FILTER_EXAMPLE)
        yield MessagePanel()
        state = self.state
        yield Table(
            self.rows,
            self.columns,
            chosen=self.chosen,
            sort=state.sort,
            descending=state.descending,
            markable=self.MARKABLE,
            note="loading…",
            differs=self.has_changed,
            note_of=self.note_of,
        )

    def on_mount(self) -> None:
        self.start()
        self.set_interval(AGE_INTERVAL, lambda: self.set_status(self._progress()))

    def _watch_the_clock(self, *, loading: bool) -> None:
        """Update the status once a second while rows are loading."""
        if self._clock is not None:
            self._clock.stop()
        self._loading_since = time.monotonic()
        self._clock = self.set_interval(1.0, lambda: self.set_status(self._progress())) if loading else None

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
    def table(self) -> Table[Item]:
        """The table with the rows."""
        return self.query_one(Table)

    @property
    def current(self) -> Item | None:
        """The selected row."""
        return self.rows.current

    @property
    def awaits_content(self) -> bool:
        state = self.state
        awaits_first_rows = not (self.rows.total or state.complete or state.error)
        return super().awaits_content or awaits_first_rows

    @property
    def arranges_content(self) -> bool:
        """True while the rows change after the filter was closed."""
        bar = self.query_one(FilterBar)
        return not bar.is_open and (bar.value.strip() != self.state.filter_text or self.table.awaits_rows)

    def last_known(self, cache: Cache) -> Snapshot[Item] | None:
        """Return the cached rows, if there are any. Screens override it."""
        return None

    def list_all(self, session: Session) -> BatchSource[Item]:
        """Start a listing of all rows."""
        raise NotImplementedError

    def parse_filter(self, line: str) -> Filter[Item]:
        """Parse a filter; raises FilterError."""
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

    def status_parts(self) -> Iterable[str]:
        """Return further parts of the status. Screens override it."""
        return ()

    def unknown_parts(self) -> Iterable[str]:
        """Yield what is not known of any row. A narrow status shows the number of rows first. Screens override it."""
        return ()

    def note_of(self, row: Item) -> str:
        """Return a text in place of all cells of a row but the first one; empty for none. Screens override it."""
        return ""

    def set_status(self, status: str) -> None:
        self.query_one(Breadcrumb).age = " · ".join(self.age_parts())
        super().set_status(status)

    def mark_read(self) -> None:
        """Record that the rows were read now."""
        self._read_at = time.monotonic()

    def age_parts(self) -> Iterable[str]:
        """Yield how old the rows are, in minutes."""
        if self._read_at is not None and self.state.complete:
            age = time.monotonic() - self._read_at
            yield "read now" if age < units.MINUTE else f"read {units.format_short_duration(age)} ago"

    def has_changed(self, before: Item, after: Item) -> bool:
        """Return True if a refreshed or written row has changed, so that it flashes. Screens override it."""
        return before != after

    async def prepare(self, session: Session) -> None:
        """Read what the screen needs besides its rows. Screens override it."""

    def totals(self) -> str:
        """Return the summary of all rows."""
        return units.format_count(self.rows.total, *self.NOUNS)

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
            if self.rows.total >= LONG_LIST:
                from ecrtui.freed_memory import return_freed_memory  # the first frame does not need it

                await blocking.run_blocking(return_freed_memory)
            else:
                self.post_message(ListLoaded())
        except EcrTuiError as error:
            self.show_error(error)

    async def _merge(self, items: Sequence[Item], *, more: bool) -> None:
        """Merge the rows of a batch in chunks."""
        for start in range(0, max(len(items), 1), CHUNK):
            await yield_to_keys()
            follows = more or start + CHUNK < len(items)
            if not follows and self.rows.has_waiting:
                self.table.show_arrived()  # this takes as long as some chunks
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
        self.table.show_arrived()

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
        self.set_status(self._progress())
        self.table.set_placeholder(self._note(state))
        self.query_one(MessagePanel).message = None if state.error is None else PanelMessage.from_error(state.error)

    def _can_wait(self, before: ListState, state: ListState) -> bool:
        """Return True if only the number of loaded rows has changed, soon after the last change."""
        now = time.monotonic()
        if before.loaded and before._replace(loaded=state.loaded) == state and now < self._count_due:
            return True
        self._count_due = now + COUNT_INTERVAL
        return False

    def _note(self, state: ListState) -> str:
        """Return the text in place of the rows."""
        if state.error is not None:
            return ""
        if not state.complete:
            return "loading…"
        if not self.rows.total:
            return " ".join(filter(None, (self.EMPTY, *self.empty_hints())))
        return self.no_match(f"Nothing matches {state.filter_text}")

    def empty_hints(self) -> Iterable[str]:
        """Yield what to do when there is nothing to list; an empty text for an action without a key."""
        yield press(self, "screen.refresh", "look again")

    def no_match(self, reason: str) -> str:
        """Return the text in place of the rows when the filter shows none."""
        if problem := self.state.filter_problem:
            reason = f"The filter is not valid: {problem}. The last valid filter applies. {reason}"
        hints = (press(self, "screen.back", "clear the filter"), self._find_hint(self.query_one(FilterBar).value))
        return f"{reason}. {' '.join(filter(None, hints))}".rstrip()

    def _find_hint(self, line: str) -> str:
        """Return how to find what this list does not: a pasted reference, or tags; empty for another text."""
        from ecrtui.catalog.find_query import asks_for_tags, looks_pasted

        wanted = looks_pasted(line) or asks_for_tags(line)
        return press(self, "app.find", "find it in all repositories") if wanted else ""

    @property
    def text_to_find(self) -> str:
        line = self.query_one(FilterBar).value.strip()
        shows_nothing = self.state.filter_problem or not self.rows
        return line if shows_nothing and self._find_hint(line) else super().text_to_find

    def _progress(self) -> str:
        """Return the status; a narrow screen cuts its end, so the totals come last."""
        state = self.state
        parts = []
        if self.rows.marked_count:
            parts.append(f"{units.format_number(self.rows.marked_count)} marked")
        if (matches := self._count_matches()) is not None:
            parts.append(f"{units.format_number(matches)} match")
        parts += self.status_parts()
        if (column := self._hidden_sort) is not None:
            parts.append(f"sorted by {column.title}")
        if state.waiting:
            parts.append(f"throttled by the service, {state.waiting:.0f} s")
        if state.stale is not None:
            parts.append(f"as of {units.format_short_duration(state.stale)} ago")
        if state.complete:
            count, *more = self.totals().split(COUNT_SEPARATOR)
            parts += (count, *self.unknown_parts(), *more)
        elif state.loading:
            parts.append(self._loading_words(state))
        elif state.error and state.loaded:
            parts.append(f"stopped at {units.format_number(state.loaded)}")
        return COUNT_SEPARATOR.join(filter(None, parts))

    def _count_matches(self) -> int | None:
        """Return the number of matches; while a filter is at work, that of the last complete one."""
        if not self.state.filter_text:
            self._known_matches = None
        elif not self.table.is_arranging:
            self._known_matches = self.rows.matched
        return self._known_matches

    def _loading_words(self, state: ListState) -> str:
        """Return how many rows are loaded, and for how long they load, once the user may wonder.

        Before that, a table without rows says that it loads; the status would be one more frame.
        """
        seconds = int(time.monotonic() - self._loading_since)
        if seconds < PATIENCE and not self.rows.total:
            return ""
        clock = f" {SPINNER[seconds % len(SPINNER)]} {seconds} s ·" if seconds >= PATIENCE else "…"
        return f"loading{clock} {units.format_number(state.loaded)}" + (" so far" if state.loaded else "")

    @property
    def _hidden_sort(self) -> Column[Item] | None:
        """The column that the rows are sorted by, if there is no room for it."""
        if self.table.shows(self.state.sort) or not self.table.shown_columns:
            return None
        return next((column for column in self.columns if column.id == self.state.sort), None)

    def on_table_view_changed(self) -> None:
        hidden = self._hidden_sort is not None
        if hidden != self._hides_sort:
            self._hides_sort = hidden
            self.set_status(self._progress())

    def action_refresh_screen(self) -> None:
        self.load()

    def action_retry(self) -> None:
        """Continue where loading stopped."""
        if self.state.error is not None and self.state.error.retryable:
            self.load(resume=not self.state.complete)
        elif self.state.error is not None:
            self.load()

    def action_filter(self) -> None:
        """Open the filter."""
        self.query_one(FilterBar).open()

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        from ecrtui.catalog.filter import FilterError

        bar = self.query_one(FilterBar)
        try:
            parsed = self.parse_filter(message.value)
        except FilterError as problem:
            from ecrtui.inspect.filter_lists import naming_lists

            self.state = self.state._replace(filter_problem=problem.title)
            applies = self.state.filter_text
            shown = f"The last valid filter applies: {applies}" if applies else "No filter applies"
            hint = naming_lists(problem, message.value).with_hint().rstrip(".")
            bar.show_problem(f"{hint}. {shown}. {self._find_hint(message.value)}".rstrip(), problem.position)
            return
        bar.show_problem("")
        self._filter = parsed or None
        if parsed:
            self.table.filter(parsed.matches, parsed.spans)
        else:
            self.table.filter(None)
        self.state = self.state._replace(filter_text=message.value.strip(), filter_problem="")

    def on_table_sort_filter_done(self) -> None:
        self.set_status(self._progress())

    def on_table_marks_changed(self) -> None:
        self.set_status(self._progress())

    def on_filter_bar_closed(self) -> None:
        self.table.focus()

    def action_back(self) -> None:
        bar = self.query_one(FilterBar)
        if bar.value:  # the state may lag behind what was typed
            bar.clear()
            self.table.focus()  # the field may have the focus, if the user's key for this action is not that of the bar
        else:
            super().action_back()

    def action_sort(self) -> None:
        """Sort by the next column that is shown."""
        column = self.table.column_after(self.state.sort)
        if column:
            self._sort_by(column)

    def action_reverse(self) -> None:
        """Reverse the sort order."""
        self._sort_by(self.state.sort)

    def on_table_sort_requested(self, message: Table.SortRequested) -> None:
        self._sort_by(message.column)

    def _sort_by(self, column: str) -> None:
        is_sorted = column == self.state.sort
        descending = not self.state.descending if is_sorted else column in self.FIRST_DESCENDING
        self.state = self.state._replace(sort=column, descending=descending)
        self.table.sort_by(column, descending)

    def document(self) -> tuple[str, Mapping[str, Any]] | None:
        """Return a title and the details of the selected row; None without a row. Screens override it."""
        return None

    def action_describe(self) -> None:
        """Show all details of the selected row."""
        from ecrtui.tui import details

        self._show_document(details.as_text)

    def action_yaml(self) -> None:
        """Show the selected row as YAML."""
        from ecrtui.tui import details

        self._show_document(details.as_yaml)

    def _show_document(self, form: Callable[[Mapping[str, Any]], str]) -> None:
        if (document := self.document()) is not None:
            self.post_message(ShowText(document[0], form(document[1])))

    def action_open(self) -> None:
        """Open the selected row."""
        self.table.activate()

    def action_mark(self) -> None:
        """Mark or unmark the selected row."""
        self.table.toggle_mark()

    def action_mark_range(self) -> None:
        """Mark the rows from the last mark to the selected row."""
        self.table.mark_range()

    def action_mark_all(self) -> None:
        """Mark all shown rows, or unmark them if all are marked."""
        self.table.mark_all()
