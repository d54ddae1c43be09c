"""The marks and the cursor of a list, kept by key so that they stay on their rows."""

from __future__ import annotations

from collections.abc import Iterable
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

    Until the user has chosen a row, the cursor is on the first one, whatever arrives. Afterwards it stays on the
    chosen row. If a filter hides that row, the cursor returns to it when the filter shows it again.
    """

    def __init__(self) -> None:
        self.marks: set[Key] = set()
        self.index = 0
        """The position of the cursor. It has no meaning while no row is shown."""
        self.anchored = False
        """True once the user has chosen the cursor's row."""
        self.chosen: RowLine | None = None
        """The row that the user last put the cursor on, shown or not."""
        self._line: RowLine | None = None

    def clear(self) -> None:
        """Remove all marks, and forget the cursor's row."""
        self.marks.clear()
        self.anchored = False
        self.chosen = self._line = None

    def mark(self, keys: Iterable[Key]) -> None:
        """Mark rows."""
        self.marks.update(keys)

    def unmark(self, keys: Iterable[Key]) -> None:
        """Remove the marks of rows."""
        self.marks.difference_update(keys)

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
        elif not self.anchored or self._line is None:
            self._set(0, rows)
        else:
            index = rows.position(self._line)
            self._set(min(self.index, len(rows) - 1) if index is None else index, rows)

    def restore(self, rows: ShownRows) -> None:
        """Find the chosen row after another sort or filter; go to the first row if the chosen one is not shown."""
        index = None if self.chosen is None else rows.position(self.chosen)
        if index is None and self._line is not None and self.anchored:
            index = rows.position(self._line)
        if len(rows):
            self._set(index or 0, rows)

    def _set(self, index: int, rows: ShownRows) -> None:
        self.index = index
        self._line = rows.line_at(index)
