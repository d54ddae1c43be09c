"""The marks and the cursor of a list, kept by key so that they stay on their rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol

Key = str


class RowLine(NamedTuple):
    """A line of a list: the key of its row, and of the top row that it is below; empty for a top row.

    A row that belongs to two others can be on two lines.
    """

    key: Key
    top: Key = ""


class ShownRows(Protocol):
    """The rows that a list shows, by position and by key."""

    def __len__(self) -> int:
        """Return the number of rows that are shown."""

    def position(self, row_line: RowLine) -> int | None:
        """Return the position of a line, or that of the row it was folded into; None if neither is shown."""

    def line_at(self, index: int) -> RowLine:
        """Return the line at a position."""


class Selection:
    """The marked rows, and the row under the cursor.

    Until all rows are known, the cursor is on the first one, whatever arrives. Then it stays on its row, so that a key
    does not act on an image that has just arrived. Until the user has chosen a row, another order or filter moves it to
    the first one. Afterwards it stays on the chosen row. If a filter hides that row, the cursor returns to it when the
    filter shows it again.
    """

    def __init__(self) -> None:
        self.marks: set[Key] = set()
        self.index = 0
        """The position of the cursor. It has no meaning while no row is shown."""
        self.anchored = False
        """True once the user has chosen the cursor's row."""
        self.settled = False
        """True once all rows are known, so that a row that arrives does not take the cursor."""
        self.chosen: RowLine | None = None
        """The row that the user last put the cursor on, shown or not."""
        self._line: RowLine | None = None

    def clear(self) -> None:
        """Remove all marks, and forget the cursor's row."""
        self.marks.clear()
        self.anchored = self.settled = False
        self.chosen = self._line = None

    def mark(self, keys: Iterable[Key]) -> None:
        """Mark rows."""
        self.marks.update(keys)

    def unmark(self, keys: Iterable[Key]) -> None:
        """Remove the marks of rows."""
        self.marks.difference_update(keys)

    def forget(self, keys: Collection[Key], rows: ShownRows) -> None:
        """Forget rows that were removed. If one of them was chosen, the row that took its position is chosen now."""
        self.unmark(keys)
        self.follow(rows)
        if self.chosen is not None and self.chosen.key in keys:
            self.chosen = self._line if len(rows) else None

    def move(self, index: int, rows: ShownRows) -> None:
        """Put the cursor on the row at a position, or on the nearest one, and keep it on that row."""
        if length := len(rows):
            self._set(min(max(index, 0), length - 1), rows)
            self.anchor(rows)

    def anchor(self, rows: ShownRows) -> None:
        """Keep the cursor on its row from now on."""
        if len(rows):
            self.anchored, self.chosen = True, self._line

    def follow(self, rows: ShownRows) -> None:
        """Find the cursor's row after a small change, or the row that took its position."""
        if not len(rows):
            self.index = 0
        elif self._line is None or not (self.anchored or self.settled):
            self._set(0, rows)
        else:
            index = rows.position(self._line)
            self._set(min(self.index, len(rows) - 1) if index is None else index, rows)

    def follow_order(self, rows: ShownRows) -> None:
        """Find the cursor's row after known rows have got more values. If that moved it, only a chosen row keeps it."""
        before = self.index
        self.follow(rows)
        if len(rows) and not self.anchored and self.index != before:
            self._set(0, rows)

    def restore(self, rows: ShownRows, *, same_view: bool) -> None:
        """Find the chosen row in another order; go to the first row if the chosen one is not shown.

        Args:
            rows: the rows.
            same_view: True if the rows have the sort and the filter that they had before.
        """
        index = None if self.chosen is None else rows.position(self.chosen)
        if index is None and self._line is not None and (self.anchored or (self.settled and same_view)):
            index = rows.position(self._line)
            if index is not None and not self.anchored and rows.line_at(index) != self._line:
                index = None  # the row was folded into another one
        if len(rows):
            self._set(index or 0, rows)

    def _set(self, index: int, rows: ShownRows) -> None:
        self.index = index
        self._line = rows.line_at(index)
