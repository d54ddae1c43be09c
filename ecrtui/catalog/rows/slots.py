"""The rows of a list by slot: stored, sorted, filtered and folded.

A *slot* is a small integer in the order of arrival; the slot of a row never changes. An order of 100,000 rows is a list
of integers, and the values of a sort are a list by slot.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import compress
from operator import is_
from typing import Generic, TypeVar, cast

from ecrtui.catalog.rows.column_cache import ChunkCache
from ecrtui.catalog.rows.folding import Folding, Groups
from ecrtui.catalog.rows.shown_lines import ShownLines
from ecrtui.catalog.rows.slot_order import SlotOrder
from ecrtui.catalog.rows.sort_filter_job import Predicate, SortFilterJob, SortKey, admits_of, matching_slots, without
from ecrtui.catalog.selection import Key

Item = TypeVar("Item")


class RowSlots(Generic[Item]):
    """The slots of the rows, and the lines that show some of them.

    Args:
        key: returns the key of a row.
        groups: tells which rows belong to which others; None if none do.
        chunk_rows: rows in one step of a sort or filter.
        bisection_cost: rows that one pass handles in the time of one bisection.
    """

    def __init__(
        self, key: Callable[[Item], Key], groups: Groups[Item] | None, chunk_rows: int, bisection_cost: int
    ) -> None:
        self.by_key: dict[Key, int] = {}
        """The slot of each row."""
        self.items: list[Item | None] = []
        """By slot: the row; None where a row was removed."""
        self.folding: Folding[Item] = Folding(groups, key)
        self.folding.bind(self.by_key, self.items)
        self._order: SlotOrder[Item] = SlotOrder(bisection_cost)
        self.lines: ShownLines[Item] = ShownLines(self._order)
        self._chunks: ChunkCache[Item] = ChunkCache(chunk_rows)
        self._sorted: list[int] = []  # all slots that have a row, ascending, without those in the runs
        self._runs: list[list[int]] = []  # slots of rows that wait, as ascending orders; _join_runs() joins them
        self._matches = bytearray()  # by slot: 1 if the row itself passes the filter
        self._visible = bytearray()  # by slot: 1 if the row is a top row that is shown
        self._predicate: Predicate[Item] | None = None
        self._related: set[int] = set()  # slots whose place may have changed together with a row
        self._waiting: set[int] = set()  # slots of rows that have arrived and are not shown yet
        self._due: set[int] = set()  # slots of shown rows whose place may change once these are shown
        self._job: SortFilterJob[Item] | None = None

    # Lines

    def line_of(self, slot: int) -> int | None:
        """Return the first line that shows a row; None if none does."""
        if slot in self._waiting:
            return None
        if (line := self.lines.line_of(slot)) is not None:
            return line
        lines = (self.lines.line_of(top, slot) for top in self.folding.above(slot))
        return min((line for line in lines if line is not None), default=None)

    def line_near(self, slot: int | None, top: int | None) -> int | None:
        """Return the line of a row below a top row, or another line of the row, or that of a top row above it."""
        if slot is None:
            return None
        if top is not None and (line := self.lines.line_of(top, slot)) is not None:
            return line
        if (line := self.line_of(slot)) is not None:
            return line
        for each in sorted(self.folding.above(slot), key=lambda each: each != top):
            line = self._top_line(each)
            if line is not None and slot in self.folding.everything_inside(each):
                return line
        return None

    def _top_line(self, slot: int) -> int | None:
        return None if slot in self._waiting else self.lines.line_of(slot)

    def at_hand(self) -> Iterator[Sequence[Item]]:
        """Yield rows, shown or not: the first ones of the order, then the chunks that a filter has read."""
        size = self._chunks.size
        first = self._sorted[: -size - 1 : -1] if self.lines.descending else self._sorted[:size]
        yield cast(list[Item], [self.items[slot] for slot in first])
        yield from self._chunks.cached

    def read_chunks(self, read: Callable[[Sequence[Item]], object]) -> Iterator[None]:
        """Let a function read each chunk of the rows, so that the columns that it reads are cached; chunk by chunk."""
        size = self._chunks.size
        for start in range(0, len(self.items), size):
            read(self._chunks.chunk(self.items, range(start, min(start + size, len(self.items))))[1])
            yield

    # Small changes

    def add(self, arrived: dict[Key, Item], *, wait: bool = False) -> range:
        """Store new rows; return their slots for :meth:`insert`. If they wait, :meth:`show_arrived` shows them."""
        fresh = range(len(self.items), len(self.items) + len(arrived))
        self.by_key.update(zip(arrived, fresh, strict=True))
        self.items += arrived.values()
        self._extend()
        self.folding.add(arrived.values(), len(self.items))
        if wait:
            self._waiting.update(fresh)
        return fresh

    def replace(self, slot: int, item: Item | None) -> None:
        """Put another row into a slot that has one; None removes it. :meth:`insert` has to follow."""
        self._related |= self._kin((slot,))
        self.folding.replace(slot, item)
        self.items[slot] = item

    def remove(self, keys: Collection[Key]) -> None:
        """Remove rows."""
        slots = {self.by_key[key] for key in keys}
        for key in keys:
            self.replace(self.by_key.pop(key), None)
        related = self._related - slots
        self._chunks.forget(slots)
        self._waiting -= slots
        self._due -= slots
        self._join_runs()
        self._sorted = without(self._sorted, slots)
        self._match(slots)
        self._insert(range(0), related, slots)

    def clear(self) -> None:
        """Remove all rows; keep the sort, its direction and the filter."""
        if self._job is not None:  # its rows are gone; its sort and filter apply from now on
            self._order.sort_key, self._predicate = self._job.sort_key, self._job.predicate
            self._job.discard()
            self._job = None
        self.by_key, self.items, self._order.values = {}, [], []
        self._matches, self._visible = bytearray(), bytearray()
        self.folding.clear(self.by_key, self.items)
        self._sorted, self._runs = [], []
        self.lines.show([], {})
        self._waiting, self._due, self._related = set(), set(), set()
        self._chunks = ChunkCache(self._chunks.size)

    def insert(self, fresh: range, changed: Collection[int]) -> None:
        """Put new and changed rows into the current order."""
        self._chunks.forget(changed)
        self._insert(fresh, changed)

    @property
    def has_waiting(self) -> bool:
        """True if rows wait for :meth:`show_arrived`."""
        return bool(self._waiting)

    def join_arrived(self) -> Iterator[None]:
        """Put the rows that wait into the order, in slices. :meth:`show_arrived` does what is left.

        If other rows change meanwhile, all of it is left.
        """
        runs = [self._sorted, *self._runs]
        order: list[int] = []
        for piece in self._order.joined_in_pieces(runs, self._chunks.size) if self._runs else ():
            order += piece
            yield
            held = [self._sorted, *self._runs]
            if len(held) < len(runs) or not all(map(is_, runs, held)):
                return
        if order:
            self._sorted, self._runs = order, self._runs[len(runs) - 1 :]

    def show_arrived(self) -> None:
        """Show the rows that wait."""
        self._waiting = set()
        due, self._due = self._due, set()
        self._join_runs()
        tops = self._sorted
        if not self._shows_all:
            tops = list(compress(tops, map(self._visible.__getitem__, tops)))
        self.lines.show(tops, self.lines.inner)
        self._insert(range(0), due)

    def unfold(self, slot: int, on: bool) -> None:
        """Unfold or fold a top row."""
        self.folding.unfold(slot, on)
        self._insert(range(0), (slot,))

    def _insert(self, fresh: range, changed: Collection[int], removed: Collection[int] = ()) -> None:
        """Put new and changed rows into the current order, and take out removed ones."""
        if not fresh and not changed and not removed:
            return
        in_groups = self.folding.place_unrelated(fresh)
        changed = self._with_related(fresh, in_groups, changed, removed)
        before = {slot for slot in (*changed, *removed) if self._visible[slot]} - self._waiting
        moved = self._order.evaluate(self.items, changed)
        self._order.evaluate_new(self.items, fresh)
        self._show(fresh)
        self._decide([*changed, *in_groups], removed)
        waits = self._is_waiting(fresh)
        if moved or (fresh and not waits):
            self._join_runs()
            self._sorted = self._order.merged(without(self._sorted, moved), moved, () if waits else fresh)
        if waits:
            self._order.add_run(self._runs, fresh)
        if self._shows_all:
            tops = self._sorted
        else:
            after = {slot for slot in changed if self._visible[slot]} - self._waiting
            stay = (before & after) - moved
            shown = [] if waits else list(compress(fresh, self._visible[fresh.start : fresh.stop]))
            gone = before - stay
            remove = without if moved or removed else self._order.removed
            tops = self._order.merged(remove(self.lines.tops, gone), after - stay, shown)
        self.lines.show(tops, self.lines.inner)
        self._record_touched([*changed, *fresh, *removed])

    def _with_related(
        self, fresh: range, in_groups: Collection[int], changed: Collection[int], removed: Collection[int]
    ) -> Collection[int]:
        """Return the changed rows, and those whose place may have changed with them or with new rows.

        New rows that wait change no row that is shown.
        """
        related, self._related = self._related, set()
        related |= self._kin(changed)
        arrived = self._kin(in_groups)
        if self._is_waiting(fresh):
            shown = arrived - self._waiting
            arrived -= shown
            self._due |= shown
        related |= arrived
        related.difference_update(fresh, removed)
        return related.union(changed) if related else changed

    def _kin(self, slots: Iterable[int]) -> set[int]:
        """Return the rows whose place depends on these, with the filter that is shown or will be."""
        return self.folding.kin(slots, deep=self._predicate is not None or self._job is not None)

    def _is_waiting(self, fresh: range) -> bool:
        """Return True if these new rows wait: all of them do, or none."""
        return bool(fresh) and fresh[0] in self._waiting

    def _join_runs(self) -> None:
        """Put the rows that wait into the order."""
        if self._runs:
            self._sorted, self._runs = self._order.joined([self._sorted, *self._runs]), []

    @property
    def _shows_all(self) -> bool:
        return self._predicate is None and not self._waiting and not self.folding.inside_count

    def _match(self, slots: Collection[int]) -> None:
        """Decide which of these rows pass the filter."""
        matches, predicate = self._matches, self._predicate
        for slot in slots:
            matches[slot] = predicate is None and self.items[slot] is not None
        if predicate is not None:
            present = [slot for slot in slots if self.items[slot] is not None]
            for slot in matching_slots(predicate, self.items, present):
                matches[slot] = True

    def _decide(self, slots: Collection[int], removed: Collection[int] = ()) -> None:
        """Decide which of these rows are shown at the top, and what is shown below them."""
        self.folding.evaluate((*slots, *removed))
        self._match(slots)
        inner, inside, admits = self.lines.inner, self.folding.inside, admits_of(self._predicate)
        for slot in (*slots, *removed):
            below = None if inside[slot] else self.folding.shown_inside(slot, self._matches, admits)
            self._visible[slot] = below is not None
            if below:
                inner[slot] = below
            else:
                inner.pop(slot, None)

    def _show(self, fresh: range) -> None:
        """Show those new rows that match, as if nothing were above or below them."""
        self._match(fresh)
        self._visible[fresh.start : fresh.stop] = self._matches[fresh.start : fresh.stop]

    def _extend(self) -> None:
        """Make room for what is known of each slot."""
        length = len(self.items)
        self._order.extend_to(length)
        self._matches.extend(bytes(length - len(self._matches)))
        self._visible.extend(bytes(length - len(self._visible)))

    def _record_touched(self, slots: Collection[int]) -> None:
        if self._job is not None:
            self._job.touched.update(slots)

    # Large changes

    def start_sort_filter(
        self, sort_key: SortKey[Item] | None, predicate: Predicate[Item] | None
    ) -> SortFilterJob[Item]:
        """Start a job; see :meth:`Rows.start_sort_filter`."""
        same = sort_key is self._order.sort_key
        self._join_runs()
        self._job = SortFilterJob(
            sort_key,
            predicate,
            items=self.items,
            chunks=self._chunks,
            order=self._sorted if same else sorted(self.by_key.values()),
            values=self._order.values if same else None,
            descending=self.lines.descending,
            folding=self.folding,
        )
        return self._job

    def has_view_of(self, job: SortFilterJob[Item]) -> bool:
        """Return True if the rows already have the sort and the filter of a job, which finds out other things."""
        return job.sort_key is self._order.sort_key and job.predicate is self._predicate

    def apply(self, job: SortFilterJob[Item]) -> bool:
        """Adopt the result of a job that is done; return False if a newer job has replaced it."""
        if job is not self._job:
            return False
        if not job.done:
            raise ValueError("the job is not done")
        self._adopt(job)
        self._job = None
        return True

    def preview(self, job: SortFilterJob[Item], cursor: int | None) -> bool:
        """Show the rows that a job has found so far; return False if it has not reached the slot of the cursor."""
        if job is not self._job or not job.found or (cursor is not None and not job.has_decided(cursor)):
            return False
        self._adopt(job)
        return True

    def _adopt(self, job: SortFilterJob[Item]) -> None:
        self._order.sort_key, self._predicate = job.sort_key, job.predicate
        self._order.values, self._matches = job.values, bytearray(job.matches)
        self._visible = bytearray(job.visible)
        self.folding.adopt(job.inside, len(self.items))
        self._extend()
        self._record_touched(self._due | self._kin(self._due))  # after a preview, apply() needs them again
        touched = job.touched
        self._waiting, self._due = set(), set()
        present = sorted(slot for slot in touched if self.items[slot] is not None)
        self._order.evaluate(self.items, present)
        self.lines.show(job.shown, dict(job.inner))
        self._decide(present, touched.difference(present))
        known, fresh = _split_at(present, job.length)
        self._sorted, self._runs = self._order.merged(without(job.order, touched), known, fresh), []
        if self._shows_all:
            tops = self._sorted
        else:
            known, fresh = _split_at([slot for slot in present if self._visible[slot]], job.length)
            tops = self._order.merged(without(job.shown, touched), known, fresh)
        self.lines.show(tops, self.lines.inner)

    # Matches

    @property
    def matched_count(self) -> int:
        """The number of rows that pass the filter. A row counts with all that is inside, if it passes itself."""
        return len(self.lines.tops) - len(self._tops_without_match()) + len(self._matches_below())

    def matched(self) -> Iterator[int]:
        """Yield the shown top rows that pass the filter, and the rows that are shown below one that does not."""
        yield from filter(self._matches.__getitem__, self.lines.tops)
        yield from self._matches_below()

    def _tops_without_match(self) -> list[int]:
        """Return the top rows that are shown only because rows inside them match."""
        return [top for top in self.lines.inner if not self._matches[top] and top not in self._waiting]

    def _matches_below(self) -> set[int]:
        """Return the matching rows below such top rows, without those that are top rows, too."""
        below = {slot for top in self._tops_without_match() for slot in self.lines.inner[top]}
        return {slot for slot in below if self._matches[slot] and not self._visible[slot]}


def _split_at(slots: list[int], first: int) -> tuple[list[int], list[int]]:
    """Split ascending slots into those below a number and the others."""
    index = bisect_left(slots, first)
    return slots[:index], slots[index:]
