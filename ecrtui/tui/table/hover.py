"""The row and the heading under the mouse."""

from __future__ import annotations

from collections.abc import Callable


class Hover:
    """What the mouse points at in a table.

    Args:
        redraw_row: Draws a row again, if it is in view.
        redraw_header: Draws the header again.
    """

    def __init__(self, redraw_row: Callable[[int | None], None], redraw_header: Callable[[], None]) -> None:
        self._redraw_row = redraw_row
        self._redraw_header = redraw_header
        self.row: int | None = None
        """The index of the row; None if the mouse is on none."""
        self.heading: str | None = None
        """The id of the column whose heading it is; None if the mouse is on none."""

    def point_at(self, row: int | None, heading: str | None) -> None:
        """Take over where the mouse is now, and draw again what that changes."""
        if heading != self.heading:
            self.heading = heading
            self._redraw_header()
        if row != self.row:
            before, self.row = self.row, row
            self._redraw_row(before)
            self._redraw_row(row)
