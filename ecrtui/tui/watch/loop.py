"""Read a screen again at an interval, and show what changed.

Nothing is drawn while nothing changes. Reading pauses while the user plans a change, sees another screen, or has typed
nothing for long. It ends if the credentials are refused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import work
from textual.widgets import Static

from ecrtui.catalog.rows.rows import Key
from ecrtui.ecr import units
from ecrtui.errors import OF_ALL_REQUESTS, EcrTuiError, ErrorKind
from ecrtui.tui import safe_text as text
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.bindings import press
from ecrtui.tui.line_parts import Drop, LinePart, line_part
from ecrtui.tui.textual_fixes.key_queue import OrderedKeysApp

if TYPE_CHECKING:
    from ecrtui.session import Session, SessionSource

NEW, CHANGED, GONE = "+", "~", "-"
"""The signs of rows and of the words about them."""


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
    """The longest interval, however often the service throttles or fails."""


class Change(NamedTuple):
    """A change that the user can go to.

    Args:
        key: the key of its row.
        words: what happened.
    """

    key: Key
    words: str


class WatchedScreen(AppScreen):
    """A screen that can be read again and again."""

    SCOPES: ClassVar[tuple[str, ...]] = ("watch",)
    DEFAULT_CSS = """
    WatchedScreen #changes { height: auto; max-height: 2; padding: 0 1; background: $panel; }
    """

    watch_times = WatchTimes()
    clock: Callable[[], float] = staticmethod(time.monotonic)
    """Returns seconds; keys are timed by the same clock."""
    is_watching = False
    _slowdown = 1
    """The factor of the interval: it doubles when the service throttles or fails."""
    _paused = ""
    """Why nothing is read now; empty if it is."""
    _trouble: EcrTuiError | None = None
    """The error of the last reading; None if it did not fail."""

    def __init__(self, connect: SessionSource) -> None:
        super().__init__(connect)
        self._changes: list[Change] = []
        self._shown_change = -1

    # Methods for subclasses to override

    async def read_changes(self, session: Session) -> bool:
        """Read once, and show what changed. Return True if the service throttled. Raises EcrTuiError."""
        raise NotImplementedError

    def show_watch(self) -> None:
        """Show :meth:`watch_parts`, which have changed."""
        raise NotImplementedError

    @property
    def watched_count(self) -> int:
        """The number of rows that a reading reads."""
        return 1

    @property
    def is_loading(self) -> bool:
        """True while the screen is being read anyway."""
        return False

    def close_reading(self) -> None:
        """End a reading that is under way."""

    def go_to_change(self, change: Change) -> None:
        """Move the cursor to a change."""

    def changes_expired(self, changes: Sequence[Change]) -> None:
        """Called when changes are not shown any longer."""

    @property
    def has_open_plan(self) -> bool:
        """True while the user plans a change on this screen."""
        return False

    async def look_at_plan(self, session: Session) -> None:
        """Read what an open plan depends on. Raises EcrTuiError."""

    # The loop

    def action_watch(self) -> None:
        """Begin to watch, or end it."""
        if self.is_watching:
            self._end_watch()
        else:
            self.is_watching, self._slowdown, self._paused, self._trouble = True, 1, "", None
            self._watch()
        self.show_watch()

    def _end_watch(self) -> None:
        self.is_watching = False
        self.workers.cancel_group(self, "watch")
        self.close_reading()

    def on_unmount(self) -> None:
        self.close_reading()

    @property
    def _usual_interval(self) -> float:
        times = self.watch_times
        return times.interval if self.watched_count <= times.large else times.slow_interval

    @property
    def _interval(self) -> float:
        usual = self._usual_interval
        return min(usual * self._slowdown, max(usual, self.watch_times.longest))

    def _slow_down(self) -> None:
        """Double the interval, up to the longest. A larger factor would take more readings to fall again."""
        if self._interval < self.watch_times.longest:
            self._slowdown *= 2

    @work(exclusive=True, group="watch", exit_on_error=False)
    async def _watch(self) -> None:
        while self.is_watching:
            await asyncio.sleep(self._interval)
            before = self._paused
            self._paused = self._pause_reason()
            if self._paused:
                if self._paused != before:
                    self.show_watch()
                if self.has_open_plan:
                    await self._read(self.look_at_plan)
            elif not self.is_loading:
                await self._read(self.read_changes)

    def _pause_reason(self) -> str:
        if self.app.screen is not self:
            return "another screen is open"
        if self.has_open_plan:
            return "a plan is open"
        app: object = self.app
        typed_at = app.typed_at if isinstance(app, OrderedKeysApp) else self.clock()
        idle = self.watch_times.idle
        if self.clock() - typed_at >= idle:
            return f"no key for {units.format_short_duration(idle)}, press any key to resume"
        return ""

    async def _read(self, read: Callable[[Session], Awaitable[bool | None]]) -> None:
        """Read once, and show the state of the watch."""
        try:
            throttled = await read(await self.session())
        except EcrTuiError as error:
            self._record_trouble(error)
        else:
            if throttled:
                self._slow_down()
            elif self._trouble is None or self._trouble.kind is ErrorKind.THROTTLED:
                self._slowdown = max(self._slowdown // 2, 1)
            else:
                self._slowdown = 1
            self._trouble = None
        self.show_watch()

    def _record_trouble(self, error: EcrTuiError) -> None:
        if error.kind in OF_ALL_REQUESTS:
            self._end_watch()
            self.notify_error(error)
            return
        self._slow_down()
        self._trouble = error

    # What the user sees

    def watch_parts(self) -> Iterable[LinePart]:
        """Yield the state of the watch; nothing without one."""
        if not self.is_watching:
            return
        if self._paused:
            yield LinePart((f"watch pauses: {self._paused}",), Drop.LATE, ("watch pauses",))
        else:
            interval = units.format_short_duration(self._interval)
            yield line_part(f"watching every {interval}", f"watch {interval}", drop=Drop.LAST)
        if self._trouble is not None:
            yield LinePart((f"could not read: {self._trouble.title}",), Drop.LATE, ("could not read",))

    @property
    def reads_on_time(self) -> bool:
        """True while the watch reads at its interval, so that the age of what is shown says nothing."""
        return self.is_watching and not self._paused and self._trouble is None

    def add_changes(self, changes: Sequence[Change]) -> None:
        """Show changes for some time."""
        self._changes += changes
        self._shown_change = -1
        self.set_timer(self.watch_times.shown, partial(self._expire, changes))
        self.show_line(changes[-1].words if len(changes) == 1 else self.summary(changes))
        session = self.connect.opened
        if session is not None and session.settings.watch_bell:
            self.app.bell()

    def summary(self, changes: Sequence[Change]) -> str:
        """Return several changes on one line."""
        more = units.format_count(len(changes) - 1, "more change")
        return f"{changes[0].words} · {more}. {press(self, 'watch.next', 'go to the next one')}".rstrip()

    def _expire(self, changes: Sequence[Change]) -> None:
        """Forget changes after their time."""
        self._changes = [change for change in self._changes if not any(change is old for old in changes)]
        self.changes_expired(changes)
        if not self._changes:
            self.show_line("")
        self.show_watch()

    def show_line(self, words: str) -> None:
        """Show what happened, below the content; nothing if it is empty."""
        if words and not self.query("#changes"):
            self.query_one("#body").mount(Static(id="changes"))
        for line in self.query("#changes").results(Static):
            line.update(text.block(words))
            line.display = bool(words)

    def action_next_change(self) -> None:
        """Go to the next change."""
        changes = self._changes
        if not changes:
            self.notify("Nothing has changed.")
            return
        self._shown_change = (self._shown_change + 1) % len(changes)
        change = changes[self._shown_change]
        self.show_line(change.words)
        self.go_to_change(change)
