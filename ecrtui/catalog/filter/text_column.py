"""The texts of items side by side, so that one search finds a word in all of them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, compress
from typing import Generic, TypeVar

from ecrtui.catalog.filter.matching import Matcher, Texts
from ecrtui.catalog.rows.column_cache import cached_column

Item = TypeVar("Item")


class TextColumn(Generic[Item]):
    """The texts of items: any number of each.

    Args:
        read: returns the texts of an item.
    """

    def __init__(self, read: Callable[[Item], Iterable[str]]) -> None:
        self._read = read

    def texts(self, items: Sequence[Item]) -> Texts:
        """Return the texts of all items."""
        return Texts(chain.from_iterable(map(self._read, items)))

    def owners(self, items: Sequence[Item]) -> array[int]:
        """Return the index of the item of each text."""
        return array("I", [index for index, texts in enumerate(map(self._read, items)) for _ in texts])

    def any_matching(self, found: Matcher) -> Callable[[Sequence[Item]], bytes]:
        """Return the mask of the items with a text that matches."""
        return partial(self._with_match, found)

    def _with_match(self, found: Matcher, items: Sequence[Item]) -> bytes:
        matches = bytes(found.match_many(cached_column(items, self.texts)))
        if 1 not in matches:
            return bytes(len(items))
        flags = bytearray(len(items))
        for index in compress(cached_column(items, self.owners), matches):
            flags[index] = True
        return bytes(flags)
