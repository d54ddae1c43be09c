"""Sorting and filtering 100,000 rows in slices, between other work of the thread that draws."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from itertools import compress
from time import perf_counter
from typing import Any, Generic, TypeVar, cast

from ecrtui.catalog.rows.batch_predicate import GroupPredicate, matching_indices
from ecrtui.catalog.rows.column_cache import ChunkCache
from ecrtui.catalog.rows.folding import Folding, Inner

Item = TypeVar("Item")
SortKey = Callable[[Item], Any]
"""Returns the value to sort a row by. Either every value is None, or none is, so that all compare with each other."""
Predicate = Callable[[Item], bool]
"""Decides whether a row is shown. A :class:`~ecrtui.catalog.rows.batch_predicate.BatchPredicate` decides about many
rows in one call."""

PREVIEW_CHUNKS = 2
"""Chunks to filter before all others, from the first row of the screen on: the user sees them at once."""

FEW = 4
"""The first rows are filtered before all others, to fill the screen. If half of them has less than a quarter of the
matches that fill it, the other half would not fill it either, so it has no priority."""

GROUP_COST = 8
"""Finding out what belongs to a row takes as long as filtering this number of rows."""

SORT_COST = 8
"""Sorting a slot takes as long as looking at this number of slots."""

OVERSAMPLING = 8
"""Values to sample for each bound between two parts of a sort, so that the parts are about equal."""


class SortFilterJob(Generic[Item]):
    """A sort and filter in progress, over the rows that :meth:`RowSlots.start_sort_filter` found.

    Args:
        sort_key: the value to sort by; None for the order of arrival.
        predicate: decides which rows are shown; None for all.
        items: the rows by slot; None where a row was removed.
        chunks: the chunks of these rows, with their cached columns.
        order: all slots that have a row; in the order of the sort key if ``values`` are given.
        values: the value of each slot if it is sorted by this key already.
        descending: True if the greatest value comes first on the screen.
        folding: which rows are inside others.
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
        folding: Folding[Item],
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
        """By slot: 1 if the row itself is known to pass the filter."""
        self.visible = bytearray(self.length)
        """By slot: 1 if the row is known to be shown at the top."""
        self.shown: list[int] = []
        """The slots that are known to be shown at the top, ascending."""
        self.inner: dict[int, Inner] = {}
        """By the slot of such a row: the rows that are shown below it, if there are any."""
        self.inside: bytearray | None = None
        """By slot: 1 if the row is inside another one; None if that is as it was at the start."""
        self.touched: set[int] = set()
        """Slots that changed since the start. The job skips them; :meth:`RowSlots.apply` puts them in order."""
        self.done = False
        self._from_end = descending
        self._enough = 1  # matching rows that the caller waits for
        self._folding = folding
        self._admits = admits_of(predicate)
        self._items = items
        self._chunks = chunks
        self._chunk_rows = chunks.size
        self._group_rows = max(chunks.size // GROUP_COST, 1)
        self._steps: Iterator[None] = self._work(sort=values is None)

    def run(self, seconds: float | None = None, enough: int | None = None) -> bool:
        """Work for about this long, until so many matching rows are found, or to the end; return True when done.

        One step takes a few milliseconds.
        """
        deadline = None if seconds is None else perf_counter() + seconds
        self._enough = enough or self._enough
        for _ in self._steps:
            if deadline is not None and perf_counter() >= deadline:
                return False
            if enough is not None and self.found >= enough:
                return False
        return self.done

    def discard(self) -> None:
        """Stop: the rows are gone."""
        self._steps, self.done = iter(()), True

    def has_decided(self, slot: int) -> bool:
        """Return True once it is certain whether this row will be shown."""
        if slot >= self.length or slot in self.touched or self.visible[slot] or self.predicate is None:
            return True
        tops = self._folding.tops((slot,)) or {slot}
        if any(self.visible[top] for top in tops if top < self.length):
            return True
        rows = {slot, *tops, *(row for top in tops for row in self._folding.everything_inside(top))}
        return not matching_slots(self.predicate, self._items, list(rows))

    @property
    def found(self) -> int:
        """The number of matching rows so far; 0 during the sort, and without a filter."""
        return 0 if self.predicate is None else len(self.shown)

    def _work(self, sort: bool) -> Generator[None, None, None]:
        if not self._folding.is_current:
            yield from self._place()
        if sort and self.sort_key is not None:
            yield from self._evaluate(self.sort_key)
            yield from self._sort()
        if self.predicate is not None:
            yield from self._filter(self.predicate)
        else:
            yield from self._show([], self._present())
        self.done = True

    def _present(self) -> bytearray:
        """Return by slot whether there is a row. This looks at no row: they are spread over the whole memory."""
        if len(self.order) == self.length:
            return bytearray(b"\1") * self.length
        present = bytearray(self.length)
        for slot in self.order:
            present[slot] = True
        return present

    def _place(self) -> Iterator[None]:
        """Find out which rows are inside others."""
        inside = bytearray(self.length)
        yield from self._folding.find_inside(inside, self._group_rows)
        self.inside = inside

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
        hits_inside: list[int] = []
        inside = self._inside
        for start in range(0, self.length, self._chunk_rows):
            slots, chunk = self._chunks.chunk(self._items, range(start, min(start + self._chunk_rows, self.length)))
            hits = [slots[index] for index in matching_indices(predicate, chunk)]
            for slot in hits:
                matches[slot] = True
            hits_inside += compress(hits, map(inside.__getitem__, hits))
            yield
        yield from self._show(hits_inside, matches)

    def _show(self, hits_inside: list[int], matches: bytearray) -> Iterator[None]:
        """Find out which rows are shown at the top, and what is shown below them.

        Args:
            hits_inside: the rows inside others that match.
            matches: by slot: whether a row matches.
        """
        visible = _without_bytes(matches, self._inside)
        inner: dict[int, Inner] = {}
        undecided = bytearray(visible) if self._folding.any_unfolded else bytearray(self.length)
        seen: set[int] = set()
        for start in range(0, len(hits_inside), self._group_rows):
            for top in self._folding.tops(hits_inside[start : start + self._group_rows], seen):
                if top < self.length:
                    undecided[top] = True
            yield
        waiting = _set_slots(undecided)
        for first in range(0, len(waiting), self._group_rows):
            self._decide(waiting[first : first + self._group_rows], matches, visible, inner)
            yield
        shown: list[int] = []
        if visible.count(1) * SORT_COST < len(self.order):
            shown = _set_slots(visible)
            if self.sort_key is not None:
                shown.sort(key=self.values.__getitem__)
        else:
            step = 8 * self._chunk_rows  # this is a fraction of the work, so it runs in larger steps
            for start in range(0, len(self.order), step):
                part = self.order[start : start + step]
                shown += compress(part, map(visible.__getitem__, part))
                yield
        self.matches, self.visible, self.shown, self.inner = matches, visible, shown, inner

    @property
    def _inside(self) -> bytearray:
        """By slot: 1 if the row is inside another one."""
        return self._folding.inside if self.inside is None else self.inside

    def _decide(self, slots: Iterable[int], matches: bytearray, visible: bytearray, inner: dict[int, Inner]) -> None:
        """Decide which of these rows are shown at the top, and what is shown below them."""
        inside = self._inside
        matches.extend(bytes(len(self._items) - len(matches)))  # the rows that arrived meanwhile: RowSlots.apply()
        for slot in slots:
            if not inside[slot]:
                below = self._folding.shown_inside(slot, matches, self._admits)
                visible[slot] = below is not None
                if below:
                    inner[slot] = below

    def _filter_head(self, predicate: Predicate[Item]) -> Iterator[None]:
        size, inside = self._group_rows if self._folding.has_groups else self._chunk_rows, self._inside
        shows_inside = self._folding.any_unfolded or 1 in inside
        count = PREVIEW_CHUNKS * self._chunk_rows
        head = self.order[: -count - 1 : -1] if self._from_end else self.order[:count]
        found: list[int] = []
        for start in range(0, len(head), size):
            tops = [slot for slot in without(head[start : start + size], self.touched) if not inside[slot]]
            below = {top: self._folding.everything_inside(top) if shows_inside else () for top in tops}
            rows = {row for slots in below.values() for row in slots}
            present = [row for row in rows.difference(tops) if row < self.length]
            hits = set(matching_slots(predicate, self._items, [*tops, *present]))
            for slot in hits:
                self.matches[slot] = True
            with_hits = [top for top, slots in below.items() if top in hits or not hits.isdisjoint(slots)]
            self._decide(with_hits, self.matches, self.visible, self.inner)
            found += compress(tops, map(self.visible.__getitem__, tops))
            self.shown = found[::-1] if self._from_end else list(found)
            yield
            if 2 * (start + size) >= len(head) and FEW * len(found) < self._enough:
                return


def admits_of(predicate: Predicate[Item] | None) -> Callable[[Item], bool] | None:
    """Return the test that a row must pass to be shown because a row inside it matches; None if there is no test."""
    return predicate.admits if isinstance(predicate, GroupPredicate) else None


def _set_slots(flags: bytearray) -> list[int]:
    """Return the slots whose flag is 1, ascending. Few of them are found one by one, without a loop over all."""
    if flags.count(1) * SORT_COST >= len(flags):
        return list(compress(range(len(flags)), flags))
    slots: list[int] = []
    slot = flags.find(1)
    while slot >= 0:
        slots.append(slot)
        slot = flags.find(1, slot + 1)
    return slots


def _without_bytes(flags: bytearray, others: bytearray) -> bytearray:
    """Return the flags that are 1 where the others are 0. A number of this many bytes takes a fraction of a loop."""
    number = int.from_bytes(flags, "little") & ~int.from_bytes(others, "little")
    return bytearray(number.to_bytes(len(flags), "little"))


def without(order: list[int], slots: Collection[int]) -> list[int]:
    """Return the order without these slots; the order itself if there are none."""
    return [slot for slot in order if slot not in slots] if slots else order


def matching_slots(predicate: Predicate[Item], items: Sequence[Item | None], slots: Sequence[int]) -> list[int]:
    """Return those of these slots whose row matches. All of them have a row."""
    known = cast(Sequence[Item], items)
    return [slots[index] for index in matching_indices(predicate, [known[slot] for slot in slots])]
