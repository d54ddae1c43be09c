"""Let rows that arrive wait between redraws, because a slow connection cannot redraw the screen for each page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.timer import Timer
from textual.widget import Widget

from ecrtui.catalog.rows.rows import Rows

ARRIVAL_CELLS_PER_SECOND = 800
"""Cells to redraw in a second for rows that arrive. With its colors a cell takes about two bytes."""

SHORTEST_PAUSE = 0.1
"""Seconds between two redraws of a small table."""


class ArrivalPause:
    """The time between two redraws for rows that arrive.

    Args:
        table: The table; its size and its timer are used.
        rows: Its rows.
        show: Shows the rows that have waited.
        cells_per_second: Cells to redraw in a second.
    """

    def __init__(self, table: Widget, rows: Rows[Any], show: Callable[[], object], cells_per_second: float) -> None:
        self._table = table
        self._rows = rows
        self._show = show
        self._cells_per_second = cells_per_second
        self._timer: Timer | None = None

    @property
    def active(self) -> bool:
        """True while rows that arrive have to wait."""
        return self._timer is not None

    def start(self) -> None:
        """Start the pause, or start it again. It repeats as long as rows arrive meanwhile."""
        if self._timer is not None:
            self._timer.stop()
        seconds = max(self._table.size.area / self._cells_per_second, SHORTEST_PAUSE)
        self._timer = self._table.set_timer(seconds, self._end)

    def _end(self) -> None:
        self._timer = None
        if self._rows.has_waiting:
            self._show()
            self.start()
