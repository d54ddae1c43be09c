"""The lines of a list: its top rows in order, and the rows that are shown below some of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate, compress, islice
from typing import Generic, TypeVar

from ecrtui.catalog.rows.folding import NOTHING_INSIDE, Inner
from ecrtui.catalog.rows.slot_order import SlotOrder

Item = TypeVar("Item")

SEARCHES_PER_PASS = 64
"""Finding this many top rows by bisection takes less time than one pass over all of them."""


class ShownLines(Generic[Item]):
    """The slots of the rows on each line.

    Args:
        order: the order of the top rows.
    """

    def __init__(self, order: SlotOrder[Item]) -> None:
        self._order = order
        self._tops: list[int] = []
        self._inner: dict[int, Inner] = {}
        self._descending = False
        self._layout: _Layout | None = None

    @property
    def tops(self) -> list[int]:
        """The shown top rows, ascending by value."""
        return self._tops

    @property
    def inner(self) -> dict[int, Inner]:
        """By the slot of a top row: what is shown below it, if anything is."""
        return self._inner

    @property
    def descending(self) -> bool:
        """True if the greatest value comes first."""
        return self._descending

    @descending.setter
    def descending(self, descending: bool) -> None:
        self._descending, self._layout = descending, None

    def show(self, tops: list[int], inner: dict[int, Inner]) -> None:
        """Show these top rows, ascending by value, and these rows below them."""
        self._tops, self._inner, self._layout = tops, inner, None

    def __len__(self) -> int:
        return len(self._laid_out)

    def at(self, line: int) -> tuple[int, int, int]:
        """Return the slot on a line, the slot of its top row, and the depth below that; raise IndexError."""
        if not 0 <= line < len(self):
            raise IndexError(line)
        position, index = self._laid_out.locate(line)
        top = self._tops[len(self._tops) - 1 - position if self._descending else position]
        if index is None:
            return top, top, 0
        slot, depth = next(islice(self._inner[top].items(), index, None))
        return slot, top, depth

    def slots(self) -> Iterator[int]:
        """Iterate over the slots of all lines."""
        order = self._tops[::-1] if self._descending else self._tops
        if not self._inner:
            return iter(order)
        return (slot for top in order for slot in (top, *self._inner.get(top, NOTHING_INSIDE)))

    def line_of(self, top: int, slot: int | None = None) -> int | None:
        """Return the line of a top row, or of a row below it; None if it is not shown there."""
        position = self._order.position(self._tops, top)
        if not self._is_at(position, top):
            return None
        line = self._laid_out.line(len(self._tops) - 1 - position if self._descending else position)
        if slot is None:
            return line
        inner = self._inner.get(top, NOTHING_INSIDE)
        return line + 1 + list(inner).index(slot) if slot in inner else None

    def _is_at(self, position: int, top: int) -> bool:
        return position < len(self._tops) and self._tops[position] == top

    @property
    def _laid_out(self) -> _Layout:
        if self._layout is None:
            self._layout = self._lay_out()
        return self._layout

    def _lay_out(self) -> _Layout:
        tops = self._tops
        positions = self._positions()
        counts = [len(self._inner[tops[position]]) for position in positions]
        if self._descending:
            positions = [len(tops) - 1 - position for position in reversed(positions)]
            counts.reverse()
        return _Layout(len(tops), positions, counts)

    def _positions(self) -> list[int]:
        """Return the positions of the top rows with rows below them, ascending.

        There can be 10,000 of them. This makes no pairs, so that it starts no garbage collection.
        """
        inner, tops = self._inner, self._tops
        if len(inner) <= SEARCHES_PER_PASS:
            found = ((self._order.position(tops, top), top) for top in inner)
            return sorted(position for position, top in found if self._is_at(position, top))
        return list(compress(range(len(tops)), map(inner.__contains__, tops)))


class _Layout:
    """Where the lines of each group are.

    Args:
        tops: the number of top rows.
        positions: the positions of the top rows that have lines below them, ascending.
        counts: how many lines each of these has below it.
    """

    def __init__(self, tops: int, positions: list[int], counts: list[int]) -> None:
        self._tops = tops
        self._positions = positions
        self._counts = counts
        self._before = [0, *accumulate(self._counts)]
        self._firsts = [position + 1 + before for position, before in zip(self._positions, self._before, strict=False)]

    def __len__(self) -> int:
        return self._tops + self._before[-1]

    def locate(self, line: int) -> tuple[int, int | None]:
        """Return the position of the top row, and the index of the row below it; None on the line of the top row."""
        group = bisect_right(self._firsts, line) - 1
        if group < 0:
            return line, None
        index = line - self._firsts[group]
        if index < self._counts[group]:
            return self._positions[group], index
        return line - self._before[group + 1], None

    def line(self, position: int) -> int:
        """Return the line of the top row at a position."""
        return position + self._before[bisect_left(self._positions, position)]
