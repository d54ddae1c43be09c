"""Per-chunk columns, so that filtering 100,000 rows does not touch every row object.

Row objects are spread over the whole memory. Visiting each of them for every key typed would take longer than the
filter itself. A chunk keeps the values that a filter reads side by side: a *column*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

Item = TypeVar("Item")
Column = TypeVar("Column")


class Chunk(tuple[Item, ...]):
    """Items with their cached columns. Items are frozen values, so a column stays valid as long as its chunk."""

    @cached_property
    def columns(self) -> dict[Callable[..., Any], Any]:
        """The columns of :func:`cached_column`, by the function that computed them."""
        return {}


def cached_column(items: Sequence[Item], compute: Callable[[Sequence[Item]], Column]) -> Column:
    """Return the column that a function computes from these items; compute it once for each chunk.

    Args:
        items: a chunk, or any other items, whose column is not cached.
        compute: the function. It is the cache key, so pass the same function every time, not a new closure.
    """
    if not isinstance(items, Chunk):
        return compute(items)
    if compute not in items.columns:
        items.columns[compute] = compute(items)
    column: Column = items.columns[compute]
    return column


def column_at_hand(items: Sequence[Item], compute: Callable[[Sequence[Item]], Column]) -> Column | None:
    """Return a column as :func:`cached_column` does; None if it would have to be computed for a whole chunk."""
    if isinstance(items, Chunk) and compute not in items.columns:
        return None
    return cached_column(items, compute)


class ChunkCache(Generic[Item]):
    """The chunks of a list of slots. Some slots are empty; the list grows at its end and changes anywhere.

    Args:
        size: the number of slots in a chunk.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._chunks: dict[int, tuple[Sequence[int], Chunk[Item]]] = {}

    def chunk(self, items: Sequence[Item | None], slots: range) -> tuple[Sequence[int], Chunk[Item]]:
        """Return the slots in this range that have an item, and the chunk of their items.

        Args:
            items: the list; None in empty slots.
            slots: the range from a multiple of the size up to the next one or the end of the list.
        """
        cached = self._chunks.get(slots.start)
        if cached is not None:
            return cached
        filled = [slot for slot in slots if items[slot] is not None]
        chunk = Chunk(cast(Item, items[slot]) for slot in filled)
        result = (slots if len(filled) == len(slots) else filled, chunk)
        if len(slots) == self.size:  # a shorter chunk is the last one and will grow
            self._chunks[slots.start] = result
        return result

    @property
    def cached(self) -> list[Chunk[Item]]:
        """The chunks that were asked for before and have not changed since."""
        return [chunk for _, chunk in self._chunks.values()]

    def forget(self, slots: Iterable[int]) -> None:
        """Drop the chunks of slots whose item has changed."""
        for slot in slots:
            self._chunks.pop(slot - slot % self.size, None)
