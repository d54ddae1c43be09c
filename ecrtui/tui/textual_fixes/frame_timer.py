"""Draw the second frame of an answer at once, or draw both halves of the answer in one frame.

Defect: ``Screen`` draws on a grid of 1/60 s that starts with the first frame. A key in a filter makes two frames, one
for the letter and one for the rows, and the second waits for the grid, for up to 17 ms.
Upstream: no issue known.
Delete this module when Textual limits the number of frames in a second only.
"""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import Any, Protocol, cast, runtime_checkable

from textual.screen import UPDATE_PERIOD, Screen

from ecrtui.tui.textual_fixes.frame_hold import HeldFrames

GATHER = 0.001
"""Seconds from a change to its frame, at least: what a key changes is drawn together."""

TURNS = 3
"""Turns of the event loop before a frame. After them, a widget that has changed has told the screen by a message."""


@runtime_checkable
class ChangesSoon(Protocol):
    """A screen that knows whether it changes again at once."""

    @property
    def changes_soon(self) -> bool:
        """True while the next turns of the event loop bring the other half of the answer to a key."""


class FramePace:
    """Tells when the next frame may be drawn: two may follow each other, but there are no more than 60 in a second.

    All times are in seconds, on one clock.
    """

    def __init__(self) -> None:
        self._last = self._last_but_one = float("-inf")

    def due(self, changed: float) -> float:
        """Return the time of the frame that shows a change."""
        return max(changed + GATHER, self._last_but_one + 2 * UPDATE_PERIOD)

    def drawn(self, now: float) -> None:
        """Record when a frame was drawn."""
        self._last_but_one, self._last = self._last, now


class FrameTimer:
    """Draws a screen after a change. It takes the place of :class:`textual.timer.Timer` in ``Screen._update_timer``.

    Args:
        screen: The screen to draw.
    """

    def __init__(self, screen: Screen[Any]) -> None:
        self._screen = screen
        self._pace = FramePace()
        self._handle: asyncio.Handle | None = None

    def resume(self) -> None:
        """Draw a frame as soon as it may be drawn."""
        if self._handle is None:
            loop = asyncio.get_running_loop()
            self._handle = loop.call_at(self._pace.due(loop.time()), self._draw_after, TURNS)

    def pause(self) -> None:
        """Draw no frame until :meth:`resume`."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _draw_after(self, turns: int) -> None:
        if not turns and isinstance(self._screen, ChangesSoon) and self._screen.changes_soon:
            turns = TURNS
        if turns:
            self._handle = asyncio.get_running_loop().call_soon(self._draw_after, turns - 1)
        else:
            self._draw()

    def _draw(self) -> None:
        self._handle = None
        screen = self._screen
        if screen.app._exit or not screen.is_running:
            return
        now = asyncio.get_running_loop().time()
        try:
            screen._on_timer_update()
        except Exception as error:  # noqa: BLE001 - as Textual's timer does
            screen.app._handle_exception(error)
        if not isinstance(screen, HeldFrames) or screen.frame_is_drawn:
            self._pace.drawn(now)


class PromptFrames:
    """A screen that draws the second frame of an answer at once."""

    @cached_property
    def _update_timer(self) -> Any:
        return FrameTimer(cast(Screen[Any], self))
