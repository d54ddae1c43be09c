"""Keep incomplete frames from the terminal while the answer to a key is being built.

Defect: Textual draws a new layout in steps: first without its widgets, then without what they load. Each step draws
and writes most of the screen.
Upstream: no issue known.
Delete this module when Textual draws a new layout once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Protocol, cast, runtime_checkable

from textual.screen import Screen
from textual.widget import Widget

LONGEST_HOLD = 0.1
"""Seconds after which an incomplete frame is written. A user does not notice a shorter delay."""

LONGEST_WORK = 0.5
"""Seconds after which it is written while the application itself works. A busy machine gives it little time."""


@runtime_checkable
class AwaitsContent(Protocol):
    """A screen that knows whether its contents are still to come."""

    @property
    def awaits_content(self) -> bool:
        """True if what the user asked for is not on the screen yet."""


@runtime_checkable
class ArrangesContent(Protocol):
    """A screen that knows whether the application still works on what it shows. That needs no answer of a registry."""

    @property
    def arranges_content(self) -> bool:
        """True while the application works on it."""


@runtime_checkable
class HoldsFrames(Protocol):
    """An application that holds frames."""

    def holds_frame(self, screen: Screen[Any]) -> bool:
        """Return True if the frame that the screen would draw now is held."""


class HeldFrames:
    """A screen that does not draw a frame that is held. The next frame shows all of its changes."""

    frame_is_drawn = False
    """True if the last update of the screen has drawn a frame."""

    def _on_timer_update(self) -> None:
        self.frame_is_drawn = False
        super()._on_timer_update()  # type: ignore[misc]  # of Screen

    def _compositor_refresh(self) -> None:
        screen = cast(Screen[Any], self)
        app: object = screen.app
        if screen is screen.app.screen and isinstance(app, HoldsFrames) and app.holds_frame(screen):
            screen._dirty_widgets.clear()  # the compositor knows their regions
            return
        self.frame_is_drawn = True
        super()._compositor_refresh()  # type: ignore[misc]  # of Screen


class FrameHold:
    """Decides which frames to hold: the incomplete ones after an input, for a short time.

    The first frame of the application and what appears by itself are never held.

    Args:
        release: Called when a held frame is to be drawn although it is incomplete.
        longest: Seconds after which that happens.
        longest_work: Seconds after which it happens while the application itself works.
    """

    def __init__(
        self, release: Callable[[], None], longest: float = LONGEST_HOLD, longest_work: float = LONGEST_WORK
    ) -> None:
        self._release = release
        self._longest = longest
        self._longest_work = longest_work
        self._has_input = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_active(self) -> bool:
        """True while frames are held."""
        return self._timer is not None

    def input_arrived(self) -> None:
        """Hold the next frame if it is incomplete."""
        self._has_input = True

    def frame_due(self, screen: Screen[Any]) -> None:
        """Hold the frame that the screen would draw now, or hold no longer."""
        if is_complete(screen):
            self._end()
        elif self._has_input and self._timer is None:
            self._wait(screen, self._longest)

    def _wait(self, screen: Screen[Any], waited: float) -> None:
        """Hold on; the hold then has lasted ``waited`` seconds."""
        self._timer = asyncio.get_running_loop().call_later(self._longest, self._expire, screen, waited)

    def _expire(self, screen: Screen[Any], waited: float) -> None:
        self._timer = None  # whatever follows, no frame is held without a timer
        if waited < self._longest_work and screen.is_active and not is_built(screen):
            self._wait(screen, waited + self._longest)
            return
        self._has_input = False
        self._release()

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def is_complete(screen: Screen[Any]) -> bool:
    """Return True if all widgets of the screen exist and none of its contents are still to come."""
    return is_built(screen) and not (isinstance(screen, AwaitsContent) and screen.awaits_content)


def is_built(screen: Screen[Any]) -> bool:
    """Return True if all widgets of the screen exist and the application works on none of its contents."""
    if isinstance(screen, ArrangesContent) and screen.arranges_content:
        return False
    return all(widget.is_mounted for widget in _displayed(screen))


def _displayed(parent: Widget) -> Iterator[Widget]:
    for child in parent.children:
        if child.display:
            yield child
            yield from _displayed(child)
