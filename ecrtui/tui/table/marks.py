"""The marks of the rows of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ecrtui.catalog.rows.rows import Key, Rows


class Marks:
    """Marks rows, and says when another number of rows is marked.

    Args:
        rows: the rows; they know which of them are marked.
        on_change: called with the number of marked rows.
    """

    def __init__(self, rows: Rows[Any], on_change: Callable[[int], None]) -> None:
        self._rows = rows
        self._on_change = on_change
        self._announced = 0
        self._last_marked: Key | None = None

    def toggle(self, index: int) -> None:
        """Mark or unmark the row on a line."""
        key = self._last_marked = self._rows.key_at(index)
        self._rows.mark([key], not self._rows.is_marked(key))
        self._announce()

    def extend_to(self, index: int) -> None:
        """Mark every row from the last marked one to the one on a line."""
        start = None if self._last_marked is None else self._rows.index_of(self._last_marked)
        first, last = sorted((index if start is None else start, index))
        self._rows.mark_range(first, last)
        self._last_marked = self._rows.key_at(index)
        self._announce()

    def toggle_shown(self) -> None:
        """Mark all rows that pass the filter; if all are marked, unmark them."""
        self._rows.mark_shown()
        self._announce()

    def rows_changed(self) -> None:
        """Say so if marked rows are gone."""
        if self._rows.marked_count != self._announced:
            self._announce()

    def _announce(self) -> None:
        self._announced = self._rows.marked_count
        self._on_change(self._announced)
