"""Sorting and filtering 100,000 rows in slices, between other work of the thread that draws."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from itertools import compress
from time import perf_counter
from typing import Any, Generic, TypeVar, cast

from ecrtui.catalog.batch_predicate import matching_indices
from ecrtui.catalog.column_cache import ChunkCache

Item = TypeVar("Item")
SortKey = Callable[[Item], Any]
"""Returns the value to sort a row by. All values compare with each other: None never occurs beside other values."""
Predicate = Callable[[Item], bool]
"""Decides whether a row is shown. A :class:`~ecrtui.catalog.batch_predicate.BatchPredicate` decides about many rows
in one call."""

PREVIEW_CHUNKS = 2
"""Chunks to filter before all others, from the first row of the screen on: the user sees them at once."""

OVERSAMPLING = 8
"""Values to sample for each bound between two parts of a sort, so that the parts are about equal."""


class SortFilterJob(Generic[Item]):
    """A sort and filter in progress, over the rows that :meth:`Rows.start_sort_filter` found.

    Args:
        sort_key: the value to sort by; None for the order of arrival.
        predicate: decides which rows are shown; None for all.
        items: the rows by slot; None where a row was removed.
        chunks: the chunks of these rows, with their cached columns.
        order: all slots that have a row; in the order of the sort key if ``values`` are given.
        values: the value of each slot if it is sorted by this key already.
        descending: True if the greatest value comes first on the screen.
    """

    def __init__(
        self,
        sort_key: SortKey[Item] | None,
        predicate: Predicate[Item] | None,
        *,
        items: list[Item | None],
        chunks: ChunkCache[Item],
        order: list[int],
        values: list[Any] | None,
        descending: bool,
    ) -> None:
        self.sort_key = sort_key
        self.predicate = predicate
        self.order = order
        """All slots, ascending by the sort key once that is done."""
        self.values: list[Any] = [] if values is None else values
        """By slot: the value of the sort key."""
        self.length = len(items)
        """The number of slots at the start."""
        self.matches = bytearray(self.length)
        """By slot: 1 if the row is known to be shown."""
        self.shown: list[int] = []
        """The slots that are known to be shown, ascending."""
        self.touched: set[int] = set()
        """Slots that changed since the start. The job skips them; :meth:`Rows.apply` puts them in order."""
        self.done = False
        self._from_end = descending
        self._items = items
        self._chunks = chunks
        self._chunk_rows = chunks.size
        self._steps = self._work(sort=values is None)

    def run(self, seconds: float | None = None) -> bool:
        """Work for about this long, or to the end; return True when done. One step takes a few milliseconds."""
        deadline = None if seconds is None else perf_counter() + seconds
        for _ in self._steps:
            if deadline is not None and perf_counter() >= deadline:
                return False
        return self.done

    def has_decided(self, slot: int) -> bool:
        """Return True once it is certain whether this row will be shown."""
        if slot >= self.length or slot in self.touched or self.matches[slot] or self.predicate is None:
            return True
        return not self.predicate(cast(Item, self._items[slot]))

    @property
    def found(self) -> int:
        """The number of matching rows so far; 0 during the sort, and without a filter."""
        return 0 if self.predicate is None else len(self.shown)

    def _work(self, sort: bool) -> Generator[None, None, None]:
        if sort and self.sort_key is not None:
            yield from self._evaluate(self.sort_key)
            yield from self._sort()
        if self.predicate is None:
            self.matches, self.shown = bytearray(b"\x01") * self.length, self.order
        else:
            yield from self._filter(self.predicate)
        self.done = True

    def _evaluate(self, sort_key: SortKey[Item]) -> Iterator[None]:
        values, size = self.values, self._chunk_rows
        for start in range(0, self.length, size):
            values += [
                None if item is None else sort_key(item) for item in self._items[start : min(start + size, self.length)]
            ]
            yield

    def _sort(self) -> Iterator[None]:
        """Divide the slots into parts of about a chunk, by the values of a sample; then sort part by part.

        So no step takes long.
        """
        values, order, size = self.values, without(self.order, self.touched), self._chunk_rows
        rank = values.__getitem__
        parts = max(len(order) // size, 1)
        sample = sorted(order[:: max(len(order) // (parts * OVERSAMPLING), 1)], key=rank)
        bounds = [values[slot] for slot in sample[OVERSAMPLING::OVERSAMPLING]]
        buckets: list[list[int]] = [[] for _ in range(len(bounds) + 1)]
        yield
        for start in range(0, len(order), size):
            for slot in order[start : start + size]:
                buckets[bisect_right(bounds, values[slot])].append(slot)
            yield
        self.order = []
        for bucket in buckets:
            bucket.sort(key=rank)
            self.order += bucket
            yield

    def _filter(self, predicate: Predicate[Item]) -> Iterator[None]:
        """Filter the rows that the user sees first. Then filter all rows, chunk by chunk in the order of arrival.

        Rows that arrived together are close in memory. Jumping between distant rows takes longer than the predicate.
        """
        yield from self._filter_head(predicate)
        matches = bytearray(self.length)
        for start in range(0, self.length, self._chunk_rows):
            slots, chunk = self._chunks.chunk(self._items, range(start, min(start + self._chunk_rows, self.length)))
            for index in matching_indices(predicate, chunk):
                matches[slots[index]] = True
            yield
        shown: list[int] = []
        step = 8 * self._chunk_rows  # this is a fraction of the work, so it runs in larger steps
        for start in range(0, len(self.order), step):
            part = self.order[start : start + step]
            shown += compress(part, map(matches.__getitem__, part))
            yield
        self.matches, self.shown = matches, shown

    def _filter_head(self, predicate: Predicate[Item]) -> Iterator[None]:
        size = self._chunk_rows
        count = PREVIEW_CHUNKS * size
        head = self.order[: -count - 1 : -1] if self._from_end else self.order[:count]
        found: list[int] = []
        for start in range(0, len(head), size):
            matching = matching_slots(predicate, self._items, without(head[start : start + size], self.touched))
            for slot in matching:
                self.matches[slot] = True
            found += matching
            self.shown = found[::-1] if self._from_end else list(found)
            yield


def without(order: list[int], slots: Collection[int]) -> list[int]:
    """Return the order without these slots; the order itself if there are none."""
    return [slot for slot in order if slot not in slots] if slots else order


def matching_slots(predicate: Predicate[Item], items: Sequence[Item | None], slots: Sequence[int]) -> list[int]:
    """Return those of these slots whose row matches. All of them have a row."""
    known = cast(Sequence[Item], items)
    return [slots[index] for index in matching_indices(predicate, [known[slot] for slot in slots])]
