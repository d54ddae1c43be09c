"""Watch a list: read it again at an interval, and tell what changed.

Nothing is drawn while nothing changes. Reading pauses while the user plans a change, sees another screen, or has typed
nothing for long. It ends if the credentials are refused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeVar

from textual import work
from textual.widgets import Static

from ecrtui.catalog.rows import Key
from ecrtui.ecr import units
from ecrtui.errors import OF_ALL_REQUESTS, EcrTuiError
from ecrtui.tui import blocking
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import press
from ecrtui.tui.list_screen import BatchSource, ListScreen
from ecrtui.tui.textual_fixes.key_queue import OrderedKeysApp

if TYPE_CHECKING:
    from ecrtui.catalog.watch import RowChanges
    from ecrtui.session import Session, SessionSource

Item = TypeVar("Item")

NEW, CHANGED, GONE = "+", "~", "-"
"""The signs of rows."""


class WatchTimes(NamedTuple):
    """The times of a watch, in seconds."""

    interval: float = 10.0
    """Between two readings of a list of at most ``large`` rows."""
    slow_interval: float = 60.0
    """Between two readings of a larger list."""
    large: int = 1_000
    shown: float = 120.0
    """How long a change is shown."""
    idle: float = 1_800.0
    """Without a key, after which reading pauses."""
    longest: float = 600.0
    """The longest interval, however often the service throttles."""


class Change(NamedTuple):
    """A change that the user can go to.

    Args:
        key: the key of its row.
        words: what happened.
    """

    key: Key
    words: str


class WatchMixin(ListScreen[Item]):
    """A list that can be watched."""

    SCOPES: ClassVar[tuple[str, ...]] = ("watch",)
    DEFAULT_CSS = """
    WatchMixin #changes { height: auto; max-height: 2; padding: 0 1; background: $panel; display: none; }
    """

    watch_times = WatchTimes()
    clock: Callable[[], float] = staticmethod(time.monotonic)
    """Returns seconds; keys are timed by the same clock."""
    is_watching = False
    _slowdown = 1
    """The factor of the interval: it doubles when the service throttles."""
    _paused = ""
    """Why nothing is read now; empty if it is."""
    _trouble = ""
    """What the last reading failed with; empty if it did not."""
    _reading: BatchSource[Item] | None = None

    def __init__(self, connect: SessionSource) -> None:
        super().__init__(connect)
        self._changes: list[Change] = []
        self._gone: set[Key] = set()
        """The keys of rows that do not exist any more. They are shown for some time."""
        self._shown_change = -1

    # What a list tells

    def listed_values(self, item: Item) -> object:
        """Return what a listing tells of a row. Screens override it if rows know more."""
        return item

    def watched_values(self, item: Item) -> object:
        """Return what must differ for a row to count as changed. Screens override it."""
        return self.listed_values(item)

    async def describe_changes(self, session: Session, changes: RowChanges[Item]) -> list[Change]:
        """Return the changes in words. Screens override it to say more."""
        key = self.rows.key_of
        noun = self.NOUNS[0]
        return [
            *(Change(key(item), f"{NEW} new {noun} {self.name_of(item)}") for item in changes.new),
            *(Change(key(item), f"{CHANGED} {self.name_of(item)} changed") for _, item in changes.changed),
            *(Change(key(item), f"{GONE} {self.name_of(item)} is gone") for item in changes.gone),
        ]

    def name_of(self, item: Item) -> str:
        """Return the name of a row in a sentence. Screens override it."""
        return self.rows.key_of(item)

    @property
    def has_open_plan(self) -> bool:
        """True while the user plans a change on this screen. Screens override it."""
        return False

    async def look_at_plan(self, session: Session) -> None:
        """Read what an open plan depends on. Screens override it."""

    # The loop

    def action_watch(self) -> None:
        """Begin to watch, or end it."""
        if self.is_watching:
            self._end_watch()
        else:
            self.is_watching, self._slowdown, self._paused, self._trouble = True, 1, "", ""
            self._watch()
        self.set_status(self._progress())

    def _end_watch(self) -> None:
        self.is_watching = False
        self.workers.cancel_group(self, "watch")
        self._close_reading()

    def _close_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def on_unmount(self) -> None:
        self._close_reading()

    @property
    def _interval(self) -> float:
        times = self.watch_times
        seconds = times.interval if self.rows.total <= times.large else times.slow_interval
        return min(seconds * self._slowdown, max(seconds, times.longest))

    @work(exclusive=True, group="watch", exit_on_error=False)
    async def _watch(self) -> None:
        while self.is_watching:
            await asyncio.sleep(self._interval)
            before = self._paused
            self._paused = self._pause_reason()
            if self._paused:
                if self._paused != before:
                    self.set_status(self._progress())
                if self.has_open_plan:
                    await self._read_plan()
            elif not self.state.loading:
                await self._look()

    def _pause_reason(self) -> str:
        if self.app.screen is not self:
            return "another screen is open"
        if self.has_open_plan:
            return "a plan is open"
        app: object = self.app
        typed_at = app.typed_at if isinstance(app, OrderedKeysApp) else self.clock()
        idle = self.watch_times.idle
        if self.clock() - typed_at >= idle:
            return f"no key for {units.format_short_duration(idle)}; any key goes on"
        return ""

    async def _look(self) -> None:
        """Read the list once, and show what changed."""
        before = list(self.rows.everything())  # a thread does the rest: there can be 100,000 rows
        version = self.rows.version
        try:
            session = await self.session()
            changes, throttled = await blocking.run_blocking(self._read_changes, session, before)
            await self._show_changes(session, changes, version)
        except EcrTuiError as error:
            self._record_trouble(error)
        else:
            self._slowdown = self._slowdown * 2 if throttled else max(self._slowdown // 2, 1)
            self._trouble = ""
            self.mark_read()
        self.set_status(self._progress())

    def _record_trouble(self, error: EcrTuiError) -> None:
        if error.kind in OF_ALL_REQUESTS:
            self._end_watch()
            self.notify_error(error)
            return
        self._slowdown *= 2
        self._trouble = f"could not read: {error.title}"

    def _read_changes(self, session: Session, before: Iterable[Item]) -> tuple[RowChanges[Item], bool]:
        """Read all rows; return what changed, and True if the service throttled. Blocks."""
        from ecrtui.catalog.watch import row_changes

        known = {self.rows.key_of(item): item for item in before}
        found: dict[Key, Item] = {}
        throttled = False
        reading = self._reading = self.list_all(session)
        for batch in reading:
            throttled = throttled or bool(batch.throttled)
            found.update((self.rows.key_of(item), item) for item in (*batch.items, *batch.changed))
        return row_changes(known, found, self.listed_values), throttled

    async def _show_changes(self, session: Session, changes: RowChanges[Item], version: int) -> None:
        if version != self.rows.version:
            return  # a write of the user came in between: its rows are newer
        key = self.rows.key_of
        self._gone.intersection_update(key(item) for item in changes.gone)
        gone = tuple(item for item in changes.gone if key(item) not in self._gone)
        watched = tuple(pair for pair in changes.changed if self._is_watched(*pair))
        shown = changes._replace(changed=watched, gone=gone)
        self.table.merge(self.complete_rows(session, [*changes.new, *(item for _, item in changes.changed)]), version)
        if not shown:
            return
        signs = {key(item): NEW for item in changes.new}
        signs |= {key(item): CHANGED for _, item in watched} | {key(item): GONE for item in gone}
        self.table.sign_rows(signs, self.watch_times.shown)
        self._gone.update(key(item) for item in gone)
        self._add_changes(await self.describe_changes(session, shown))
        self.rows_loaded()

    def _is_watched(self, before: Item, after: Item) -> bool:
        return self.watched_values(before) != self.watched_values(after)

    # What the user sees

    def _add_changes(self, changes: Sequence[Change]) -> None:
        self._changes += changes
        self._shown_change = -1
        self.set_timer(self.watch_times.shown, partial(self._expire, changes))
        self.show_line(changes[-1].words if len(changes) == 1 else self._summary(changes))

    def _summary(self, changes: Sequence[Change]) -> str:
        more = units.format_count(len(changes) - 1, "more change")
        return f"{changes[0].words} · {more}. {press(self, 'watch.next', 'go to the next one')}".rstrip()

    def _expire(self, changes: Sequence[Change]) -> None:
        """Forget changes after their time; remove the rows that are gone."""
        self._changes = [change for change in self._changes if not any(change is old for old in changes)]
        gone = {change.key for change in changes} & self._gone
        if gone:
            self._gone -= gone
            self.table.remove_rows(gone)
        if not self._changes:
            self.show_line("")
        self.set_status(self._progress())

    def show_line(self, words: str) -> None:
        """Show what happened, below the list; nothing if it is empty."""
        lines = self.query("#changes")
        if words and not lines:
            self.query_one("#body").mount(Static(text.block(words), id="changes"))
            self.call_after_refresh(self.show_line, words)
            return
        for line in lines.results(Static):
            line.update(text.block(words))
            line.display = bool(words)

    def action_next_change(self) -> None:
        """Go to the next row that changed."""
        changes = self._changes
        if not changes:
            self.notify("Nothing has changed.")
            return
        self._shown_change = (self._shown_change + 1) % len(changes)
        change = changes[self._shown_change]
        self.show_line(change.words)
        self.table.go_to(change.key)

    def rows_loaded(self) -> None:
        super().rows_loaded()
        if self.state.loading:  # a reload has removed the rows that are gone
            self._gone.clear()

    def age_parts(self) -> Iterable[str]:
        if not self.is_watching:
            yield from super().age_parts()
            return
        if self._paused:
            yield f"watch pauses: {self._paused}"
        else:
            yield f"watching every {units.format_short_duration(self._interval)}"
        if self._trouble:
            yield self._trouble
        if self._trouble or self._paused:
            yield from super().age_parts()

    def status_parts(self) -> Iterable[str]:
        if self._changes:
            yield units.format_count(len(self._changes), "change")
        yield from super().status_parts()

    async def _read_plan(self) -> None:
        try:
            await self.look_at_plan(await self.session())
        except EcrTuiError as error:
            self._record_trouble(error)
