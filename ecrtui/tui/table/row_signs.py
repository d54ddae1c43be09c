"""What changed in the rows of a table: a flash for some seconds, or a sign for longer."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping

from textual.timer import Timer
from textual.widget import Widget

from ecrtui.catalog.rows.rows import Key

FLASH = 2.0
"""Seconds that a changed row has another color."""

SIGN_TIME = 120.0
"""Seconds that a sign stays."""

MAX_FLASHES = 200
"""Rows that may flash at once. If nearly everything changed, flashes show nothing."""

CHANGED = "~"
"""The sign of a row that flashes, where there is no background to flash."""


class RowSigns:
    """The signs and the flashes of the rows of a table, each until its time is over.

    One timer runs while there are any. Nothing is drawn in between.

    Args:
        widget: The table; its timer is used.
        redraw: Draws these rows again, if they are in view.
    """

    def __init__(self, widget: Widget, redraw: Callable[[Collection[Key]], None]) -> None:
        self._widget = widget
        self._redraw = redraw
        self._signs: dict[Key, tuple[str, float]] = {}
        self._flashes: dict[Key, float] = {}
        self._timer: Timer | None = None

    def show(self, signs: Mapping[Key, str], seconds: float = SIGN_TIME) -> None:
        """Show a sign of one cell in each of these rows."""
        end = time.monotonic() + seconds
        self._signs.update({key: (sign, end) for key, sign in signs.items()})
        self._changed(signs)

    def flash(self, keys: Iterable[Key]) -> None:
        """Draw these rows in another color for :data:`FLASH` seconds, unless there are too many."""
        flashes = dict.fromkeys(keys, time.monotonic() + FLASH)
        if flashes and len(self._flashes | flashes) <= MAX_FLASHES:
            self._flashes |= flashes
            self._changed(flashes)

    def clear(self) -> None:
        """Forget all signs and flashes."""
        self._signs.clear()
        self._flashes.clear()

    def is_flashing(self, key: Key) -> bool:
        """Return True if the row of this key flashes now."""
        return key in self._flashes

    @property
    def has_color(self) -> bool:
        """True if there is a color to flash with; otherwise there is a sign."""
        app = self._widget.app
        return not (app.no_color or app.current_theme.ansi)

    def sign_of(self, key: Key) -> str:
        """Return the sign of the row of this key; empty for none."""
        if key in self._signs:
            return self._signs[key][0]
        return CHANGED if key in self._flashes and not self.has_color else ""

    def expire(self, now: float) -> None:
        """Remove what ends at this time of the monotonic clock, or before it."""
        signs = [key for key, (_, end) in self._signs.items() if end <= now]
        flashes = [key for key, end in self._flashes.items() if end <= now]
        for key in signs:
            del self._signs[key]
        for key in flashes:
            del self._flashes[key]
        self._changed({*signs, *flashes})

    def _changed(self, keys: Collection[Key]) -> None:
        self._redraw(keys)
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        ends = [*(end for _, end in self._signs.values()), *self._flashes.values()]
        if ends:
            rest = max(min(ends) - time.monotonic(), 0.0)
            self._timer = self._widget.set_timer(rest, lambda: self.expire(time.monotonic()))
