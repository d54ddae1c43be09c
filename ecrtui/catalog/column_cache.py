"""Items that are looked through again and again, in pages that keep what was worked out about them.

A hundred thousand rows are spread over all of the memory, and going to each of them for every key that is typed takes
longer than everything that is done there. What a filter looks at, a page keeps side by side: a *column*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

Item = TypeVar("Item")
Column = TypeVar("Column")


class Chunk(tuple[Item, ...]):
    """Items, with what was worked out about them. They are frozen values, so it holds for as long as the page does."""

    @cached_property
    def columns(self) -> dict[Callable[..., Any], Any]:
        """What :func:`column` made, by what made it."""
        return {}


def cached_column(items: Sequence[Item], make: Callable[[Sequence[Item]], Column]) -> Column:
    """What a function works out about these items. It is asked once if they are a page.

    Args:
        items: the items, a page of them or not.
        make: the function; always the same one, not one made anew for every filter.
    """
    if not isinstance(items, Chunk):
        return make(items)
    if make not in items.columns:
        items.columns[make] = make(items)
    made: Column = items.columns[make]
    return made


class ChunkCache(Generic[Item]):
    """The pages of a list whose items stand in slots, some of them empty. It grows at its end and changes anywhere.

    Args:
        size: slots in a page.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._kept: dict[int, tuple[Sequence[int], Chunk[Item]]] = {}

    def chunk(self, items: Sequence[Item | None], slots: range) -> tuple[Sequence[int], Chunk[Item]]:
        """The items in these slots, and in which of them they are.

        Args:
            items: the list.
            slots: the slots from one multiple of the size on, up to the next one or the end of the list.
        """
        known = self._kept.get(slots.start)
        if known is not None:
            return known
        there = [slot for slot in slots if items[slot] is not None]
        page = Chunk(cast(Item, items[slot]) for slot in there)
        made = (slots if len(there) == len(slots) else there, page)
        if len(slots) == self.size:  # the last one is to grow
            self._kept[slots.start] = made
        return made

    def forget(self, slots: Iterable[int]) -> None:
        """There are other items in these slots now, or none."""
        for slot in slots:
            self._kept.pop(slot - slot % self.size, None)
