"""The rows of a list: each row once, sorted and filtered, with marks and a cursor that stay on their rows.

Pages arrive and images are retagged and deleted while the user sorts, filters, marks and moves. :class:`Rows` stores
each row in a *slot*, a small integer in the order of arrival. An order of 100,000 rows is then a list of integers, and
the values of a sort are a list by slot.

Changes are of two kinds, by their cost:

- **Small changes take effect at once.** A page that arrives and a row that changes or disappears go into the current
  order: few rows by bisection, many in one pass. Ten thousand rows among 100,000 take some milliseconds.
- **Large changes run in slices.** For another sort or filter, :meth:`Rows.start_sort_filter` returns a
  :class:`~ecrtui.catalog.sort_filter_job.SortFilterJob`. The caller runs it slice by slice between other work and
  passes it to :meth:`Rows.apply`. Rows that arrive meanwhile enter the new order when it is applied. A newer job
  replaces an older one, whose result is then refused.

Reversing the order is free: an order is stored ascending and read from either end.

Rows can belong to other rows; see :mod:`ecrtui.catalog.folding`. Then the order has the top rows, and a *line* of the
screen is a top row or a row inside one.

Not thread-safe: only the thread that draws may change the rows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import compress
from operator import is_not
from typing import Generic, NamedTuple, Protocol, TypeVar, cast

from ecrtui.catalog.column_cache import ChunkCache
from ecrtui.catalog.folding import Folding, Groups, Outline
from ecrtui.catalog.selection import Key, RowLine, Selection
from ecrtui.catalog.shown_lines import ShownLines
from ecrtui.catalog.slot_order import BISECTION_COST, SlotOrder
from ecrtui.catalog.sort_filter_job import Predicate, SortFilterJob, SortKey, admits_of, matching_slots, without

__all__ = ["Key", "Predicate", "RowDelta", "RowLine", "Rows", "SortFilterJob", "SortKey"]

Item = TypeVar("Item")
Counted = TypeVar("Counted", contravariant=True)

CHUNK_ROWS = 1_024
"""Rows to process between two looks at the clock: about a millisecond of work."""


class RowDelta(NamedTuple):
    """The number of rows that a small change added, changed and removed."""

    added: int = 0
    changed: int = 0
    removed: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


class Tally(Protocol[Counted]):
    """Counts the rows of a list."""

    def add(self, items: Iterable[Counted], /) -> None:
        """Count rows that are new in the list."""

    def remove(self, items: Iterable[Counted], /) -> None:
        """Count rows no longer that are not in the list any more."""

    def clear(self) -> None:
        """Count nothing."""


class Rows(Generic[Item]):
    """The rows of a list.

    Args:
        key: returns the identity of a row: the digest of an image, the name of a repository.
        tally: counts all rows, also those that the filter hides; None to count nothing.
        groups: tells which rows belong to which others; None if none do.
        chunk_rows: rows in one step of a sort or filter.
        bisection_cost: rows that one pass handles in the time of one bisection.
    """

    def __init__(
        self,
        key: Callable[[Item], Key],
        tally: Tally[Item] | None = None,
        *,
        groups: Groups[Item] | None = None,
        chunk_rows: int = CHUNK_ROWS,
        bisection_cost: int = BISECTION_COST,
    ) -> None:
        self._key = key
        self._tally = tally
        self._slot_order: SlotOrder[Item] = SlotOrder(bisection_cost)
        self._slots: dict[Key, int] = {}
        self._items: list[Item | None] = []  # by slot; None where a row was removed
        self._chunks: ChunkCache[Item] = ChunkCache(chunk_rows)
        self._sorted: list[int] = []  # all slots that have a row, ascending, without those in the runs
        self._runs: list[list[int]] = []  # slots of rows that wait, as ascending orders; _join_runs() joins them
        self._matches = bytearray()  # by slot: 1 if the row itself passes the filter
        self._visible = bytearray()  # by slot: 1 if the row is a top row that is shown
        self._predicate: Predicate[Item] | None = None
        self._folding: Folding[Item] = Folding(groups, key)
        self._folding.bind(self._slots, self._items)
        self._lines: ShownLines[Item] = ShownLines(self._slot_order)
        self._related: set[int] = set()  # slots whose place may have changed together with a row
        self._selection = Selection()
        self._version = 0
        self._reload_version = 0
        self._written: dict[Key, int] = {}  # the version in which update() wrote a row
        self._missing: set[Key] = set()  # the keys that a reload has not seen so far
        self._waiting: set[int] = set()  # slots of rows that have arrived and are not shown yet
        self._due: set[int] = set()  # slots of shown rows whose place may change once these are shown
        self._job: SortFilterJob[Item] | None = None

    # Access

    def __len__(self) -> int:
        """Return the number of lines: rows that are shown."""
        return len(self._lines)

    @property
    def total(self) -> int:
        """The number of rows, shown or not."""
        return len(self._slots)

    def __getitem__(self, index: int) -> Item:
        """Return the row on this line; raise IndexError."""
        return cast(Item, self._items[self._lines.at(index)[0]])

    def __iter__(self) -> Iterator[Item]:
        """Iterate over the lines in their order."""
        return (cast(Item, self._items[slot]) for slot in self._lines.slots())

    def __contains__(self, key: object) -> bool:
        return key in self._slots

    def get(self, key: Key) -> Item | None:
        """Return the row of this key, shown or not."""
        slot = self._slots.get(key)
        return None if slot is None else self._items[slot]

    def key_of(self, item: Item) -> Key:
        """Return the key of a row."""
        return self._key(item)

    def key_at(self, index: int) -> Key:
        """Return the key of the row on this line; raise IndexError."""
        return self._key(self[index])

    def everything(self) -> Iterator[Item]:
        """Iterate over all rows, shown or not, in the order of arrival."""
        return cast(Iterator[Item], filter(partial(is_not, None), self._items))

    def index_of(self, key: Key) -> int | None:
        """Return the first line that shows the row of this key; None if none does."""
        slot = self._slots.get(key)
        if slot is None or slot in self._waiting:
            return None
        if (line := self._lines.line_of(slot)) is not None:
            return line
        lines = (self._lines.line_of(top, slot) for top in self._folding.tops((slot,)))
        return min((line for line in lines if line is not None), default=None)

    def line_at(self, index: int) -> RowLine:
        """Return the line at this position: its row, and the top row that it is below; raise IndexError."""
        slot, top, _ = self._lines.at(index)
        items = cast(list[Item], self._items)
        return RowLine(self._key(items[slot]), "" if top == slot else self._key(items[top]))

    def position(self, row_line: RowLine) -> int | None:
        """Return the position of a line, or of another line of its row, or of its top row if that is folded."""
        slot, top = self._slots.get(row_line.key), self._slots.get(row_line.top)
        if slot is not None and top is not None and (line := self._lines.line_of(top, slot)) is not None:
            return line
        if (line := self.index_of(row_line.key)) is not None:
            return line
        tops = () if slot is None else (top, *sorted(self._folding.tops((slot,))))
        return next((line for each in tops if each is not None and (line := self._shown_line(each)) is not None), None)

    def _shown_line(self, slot: int) -> int | None:
        return None if slot in self._waiting else self._lines.line_of(slot)

    @property
    def has_groups(self) -> bool:
        """True if rows can be inside others."""
        return self._folding.has_groups

    def outline(self, index: int) -> Outline:
        """Return how this line is folded; raise IndexError."""
        slot, _, depth = self._lines.at(index)
        return self._folding.outline(slot, depth)

    # Small changes

    @property
    def version(self) -> int:
        """The version of the rows at the time of a request; pass it to :meth:`merge` with the response."""
        return self._version

    def merge(self, items: Iterable[Item], asked: int | None = None, *, show: bool = True) -> RowDelta:
        """Add new rows, and replace known rows that differ.

        Args:
            items: the rows, in any order; the last one of a key counts.
            asked: the :attr:`version` at the time of the request. A row that :meth:`update` wrote later stays: a page
                that was requested before a write does not undo it.
            show: False if the new rows wait for :meth:`show_arrived`, so that the rows in view stay in place. The
                order then stays as the user sees it: a key acts on the row under the cursor of the screen.
        """
        arrived = {self._key(item): item for item in items}
        self._missing.difference_update(arrived)
        if asked is not None and self._written:
            written = self._written
            arrived = {key: item for key, item in arrived.items() if written.get(key, 0) <= asked}
        slots, known = self._slots, self._items
        new: dict[Key, Item] = {}
        changed = []
        for key, item in arrived.items():
            slot = slots.get(key)
            if slot is None:
                new[key] = item
            elif known[slot] is not item and known[slot] != item:
                self._replace(slot, item)
                changed.append(slot)
        self._chunks.forget(changed)
        if show:
            self.show_arrived()
        fresh = self._add(new)
        if not show:
            self._waiting.update(fresh)
        self._insert(fresh, changed)
        return RowDelta(added=len(fresh), changed=len(changed))

    @property
    def has_waiting(self) -> bool:
        """True if rows have arrived that :meth:`show_arrived` will show."""
        return bool(self._waiting)

    def show_arrived(self) -> None:
        """Show the rows that have arrived and wait."""
        if self._waiting:
            self._waiting = set()
            due, self._due = self._due, set()
            self._join_runs()
            tops = self._sorted
            if not self._shows_all:
                tops = list(compress(tops, map(self._visible.__getitem__, tops)))
            self._lines.show(tops, self._lines.inner)
            self._insert(range(0), due)
            self._selection.follow(self)

    def update(self, items: Iterable[Item]) -> RowDelta:
        """Merge rows that a write has returned. Pages that were requested earlier do not undo them."""
        items = list(items)
        self._version += 1
        for item in items:
            self._written[self._key(item)] = self._version
        return self.merge(items)

    def amend(self, items: Iterable[Item]) -> RowDelta:
        """Replace known rows by rows that tell more, and ignore others.

        This is no arrival and no write: a reload still has to see the rows, and pages replace them.
        """
        changed = []
        for item in items:
            slot = self._slots.get(self._key(item))
            if slot is not None and self._items[slot] != item:
                self._replace(slot, item)
                changed.append(slot)
        self._chunks.forget(changed)
        self._insert(range(0), changed)
        return RowDelta(changed=len(changed))

    def remove(self, keys: Iterable[Key]) -> RowDelta:
        """Remove rows and their marks. The cursor goes to the row that takes the position of its own."""
        gone = {key for key in keys if key in self._slots}
        if not gone:
            return RowDelta()
        slots = {self._slots[key] for key in gone}
        for key in gone:
            self._replace(self._slots.pop(key), None)
        related = self._related - slots
        self._chunks.forget(slots)
        self._selection.unmark(gone)
        self._waiting -= slots
        self._due -= slots
        self._join_runs()
        self._sorted = without(self._sorted, slots)
        self._match(slots)
        self._insert(range(0), related, slots)
        return RowDelta(removed=len(gone))

    def clear(self) -> None:
        """Remove all rows and marks; keep the sort, its direction and the filter."""
        if self._job is not None:  # its rows are gone; its sort and filter apply from now on
            self._slot_order.sort_key, self._predicate = self._job.sort_key, self._job.predicate
            self._job.discard()
            self._job = None
        self._slots, self._items, self._slot_order.values = {}, [], []
        self._matches, self._visible = bytearray(), bytearray()
        self._folding.clear(self._slots, self._items)
        if self._tally is not None:
            self._tally.clear()
        self._sorted, self._runs = [], []
        self._lines.show([], {})
        self._waiting, self._due, self._related = set(), set(), set()
        self._chunks = ChunkCache(self._chunks.size)
        self._written.clear()
        self._missing = set()
        self._selection.clear()
        self._selection.follow(self)

    def begin(self) -> None:
        """Start a reload: rows that do not arrive again before :meth:`finish` are removed."""
        self._missing = set(self._slots)
        self._reload_version = self._version

    def finish(self) -> RowDelta:
        """Complete a reload: show all rows, and remove those that did not arrive again since :meth:`begin`."""
        self.show_arrived()
        missing, self._missing = self._missing, set()
        written = self._written
        return self.remove([key for key in missing if written.get(key, 0) <= self._reload_version])

    def _add(self, arrived: dict[Key, Item]) -> range:
        """Store new rows and return their slots."""
        fresh = range(len(self._items), len(self._items) + len(arrived))
        self._slots.update(zip(arrived, fresh, strict=True))
        self._items += arrived.values()
        if self._tally is not None:
            self._tally.add(arrived.values())
        self._extend()
        self._folding.add(arrived.values(), len(self._items))
        return fresh

    def _extend(self) -> None:
        """Make room for what is known of each slot."""
        length = len(self._items)
        self._slot_order.extend_to(length)
        self._matches.extend(bytes(length - len(self._matches)))
        self._visible.extend(bytes(length - len(self._visible)))

    def _replace(self, slot: int, item: Item | None) -> None:
        """Put another row into a slot that has one; None removes it."""
        if self._tally is not None:
            self._tally.remove((cast(Item, self._items[slot]),))
            self._tally.add(() if item is None else (item,))
        self._related |= self._folding.kin((slot,))
        self._folding.replace(slot, item)
        self._items[slot] = item

    def _insert(self, fresh: range, changed: Collection[int], removed: Collection[int] = ()) -> None:
        """Put new and changed rows into the current order, and take out removed ones."""
        if not fresh and not changed and not removed:
            return
        changed = self._with_related(fresh, changed, removed)
        before = {slot for slot in (*changed, *removed) if self._visible[slot]} - self._waiting
        moved = self._slot_order.evaluate(self._items, changed)
        self._slot_order.evaluate(self._items, fresh)
        self._decide([*changed, *fresh], removed)
        waits = self._is_waiting(fresh)
        if moved or (fresh and not waits):
            self._join_runs()
            self._sorted = self._slot_order.merged(without(self._sorted, moved), moved, () if waits else fresh)
        if waits:
            self._slot_order.add_run(self._runs, fresh)
        if self._shows_all:
            tops = self._sorted
        else:
            after = {slot for slot in changed if self._visible[slot]} - self._waiting
            stay = (before & after) - moved
            shown = [slot for slot in fresh if self._visible[slot] and slot not in self._waiting]
            gone = before - stay
            remove = without if moved or removed else self._slot_order.removed
            tops = self._slot_order.merged(remove(self._lines.tops, gone), after - stay, shown)
        self._lines.show(tops, self._lines.inner)
        self._record_touched([*changed, *fresh, *removed])
        self._selection.follow(self)

    def _with_related(self, fresh: range, changed: Collection[int], removed: Collection[int]) -> Collection[int]:
        """Return the changed rows, and those whose place may have changed with them or with new rows.

        New rows that wait change no row that is shown.
        """
        related, self._related = self._related, set()
        related |= self._folding.kin(changed)
        arrived = self._folding.kin(fresh)
        if self._is_waiting(fresh):
            shown = arrived - self._waiting
            arrived -= shown
            self._due |= shown
        related |= arrived
        related.difference_update(fresh, removed)
        return related.union(changed) if related else changed

    def _is_waiting(self, fresh: range) -> bool:
        """Return True if these new rows wait: all of them do, or none."""
        return bool(fresh) and fresh[0] in self._waiting

    def _join_runs(self) -> None:
        """Put the rows that wait into the order."""
        if self._runs:
            self._sorted, self._runs = self._slot_order.joined([self._sorted, *self._runs]), []

    @property
    def _shows_all(self) -> bool:
        return self._predicate is None and not self._waiting and not self._folding.inside_count

    def _match(self, slots: Collection[int]) -> None:
        """Decide which of these rows pass the filter."""
        matches, predicate = self._matches, self._predicate
        present = [slot for slot in slots if self._items[slot] is not None]
        for slot in slots:
            matches[slot] = False
        for slot in present if predicate is None else matching_slots(predicate, self._items, present):
            matches[slot] = True

    def _decide(self, slots: Collection[int], removed: Collection[int] = ()) -> None:
        """Decide which of these rows are shown at the top, and what is shown below them."""
        self._folding.evaluate((*slots, *removed))
        self._match(slots)
        inner, admits = self._lines.inner, admits_of(self._predicate)
        for slot in (*slots, *removed):
            below = self._folding.shown_inside(slot, self._matches, admits)
            self._visible[slot] = below is not None
            if below is not None and below.slots:
                inner[slot] = below
            else:
                inner.pop(slot, None)

    def _record_touched(self, slots: Collection[int]) -> None:
        if self._job is not None:
            self._job.touched.update(slots)

    # Large changes

    @property
    def descending(self) -> bool:
        """True if the greatest value comes first."""
        return self._lines.descending

    def set_descending(self, descending: bool) -> None:
        """Set the direction of the order. This is free; the cursor stays on its row."""
        if descending != self._lines.descending:
            self._lines.descending = descending
            self._selection.follow(self)

    def start_sort_filter(
        self, sort_key: SortKey[Item] | None, predicate: Predicate[Item] | None
    ) -> SortFilterJob[Item]:
        """Start a sort and filter of all rows; it replaces a job that was started before.

        An exception of the callables leaves the slice that called them, and the rows stay as they are.

        Args:
            sort_key: the value to sort by, ascending; None for the order of arrival. Ties keep the order of arrival.
            predicate: decides which rows are shown; None for all.
        """
        same = sort_key is self._slot_order.sort_key
        self._join_runs()
        self._job = SortFilterJob(
            sort_key,
            predicate,
            items=self._items,
            chunks=self._chunks,
            order=self._sorted if same else sorted(self._slots.values()),
            values=self._slot_order.values if same else None,
            descending=self._lines.descending,
            folding=self._folding,
        )
        return self._job

    def apply(self, job: SortFilterJob[Item]) -> bool:
        """Adopt the result of a job that is done; return False if a newer job has replaced it."""
        if job is not self._job:
            return False
        if not job.done:
            raise ValueError("the job is not done")
        self._adopt(job)
        self._job = None
        return True

    def preview(self, job: SortFilterJob[Item]) -> bool:
        """Show the rows that a job has found so far, the first ones of the order; :meth:`apply` adds the others.

        Return False if there is nothing to show yet: the job still sorts, or has not reached the cursor's row.
        """
        if job is not self._job or not job.found:
            return False
        chosen = self._selection.chosen
        slot = None if chosen is None else self._slots.get(chosen.key)
        if slot is not None and not job.has_decided(slot):
            return False
        self._adopt(job)
        return True

    def _adopt(self, job: SortFilterJob[Item]) -> None:
        self._slot_order.sort_key, self._predicate = job.sort_key, job.predicate
        self._slot_order.values, self._matches = job.values, bytearray(job.matches)
        self._visible = bytearray(job.visible)
        self._folding.adopt(job.placed, len(self._items))
        self._extend()
        self._record_touched(self._due | self._folding.kin(self._due))  # after a preview, apply() needs them again
        touched = job.touched
        self._waiting, self._due = set(), set()
        present = sorted(slot for slot in touched if self._items[slot] is not None)
        self._slot_order.evaluate(self._items, present)
        self._lines.show(job.shown, dict(job.inner))
        self._decide(present, touched.difference(present))
        known, fresh = _split_at(present, job.length)
        self._sorted, self._runs = self._slot_order.merged(without(job.order, touched), known, fresh), []
        if self._shows_all:
            tops = self._sorted
        else:
            known, fresh = _split_at([slot for slot in present if self._visible[slot]], job.length)
            tops = self._slot_order.merged(without(job.shown, touched), known, fresh)
        self._lines.show(tops, self._lines.inner)
        self._selection.restore(self)

    # Folding

    @property
    def inside_count(self) -> int:
        """The number of rows that belong to another row, and are no top rows."""
        return self._folding.inside_count

    @property
    def alone_count(self) -> int:
        """The number of rows that stand alone; see :class:`~ecrtui.catalog.folding.Groups`."""
        return self._folding.alone_count

    def groups_changed(self) -> None:
        """Let the next sort and filter find out again which rows belong to which others."""
        self._folding.is_current = False

    def unfold(self, index: int, on: bool = True) -> None:
        """Unfold or fold the row on this line, or the top row that it is below."""
        _, top, _ = self._lines.at(index)
        self._folding.unfold(top, on)
        self._insert(range(0), (top,))

    def unfold_all(self, on: bool) -> None:
        """Let the next sort and filter unfold or fold all rows, and those that will arrive."""
        self._folding.unfold_all(on)

    # Marks

    @property
    def marks(self) -> frozenset[Key]:
        """The keys of the marked rows, shown or not."""
        return frozenset(self._selection.marks)

    @property
    def marked_count(self) -> int:
        """The number of marked rows."""
        return len(self._selection.marks)

    def marked(self) -> list[Item]:
        """Return the marked rows: the shown ones in their order, then the others in the order of arrival."""
        items = cast(list[Item], self._items)
        marked = {self._slots[key] for key in self._selection.marks}
        shown = dict.fromkeys(slot for slot in self._lines.slots() if slot in marked)
        hidden = marked.difference(shown) if len(shown) < len(marked) else ()
        return [items[slot] for slot in (*shown, *sorted(hidden))]

    def is_marked(self, key: Key) -> bool:
        """Return True if the row of this key is marked."""
        return key in self._selection.marks

    def mark(self, keys: Iterable[Key], on: bool = True) -> None:
        """Mark rows, or remove their marks; ignore keys without a row."""
        if on:
            self._selection.mark(key for key in keys if key in self._slots)
        else:
            self._selection.unmark(keys)

    def mark_range(self, first: int, last: int) -> None:
        """Mark the rows from one line to another. A row whose top row is among them is marked with it."""
        lines = [self._lines.at(line) for line in range(first, last + 1)]
        tops = {slot for slot, _, depth in lines if not depth}
        items = cast(list[Item], self._items)
        self.mark(self._key(items[slot]) for slot, top, depth in lines if not depth or top not in tops)

    @property
    def matched(self) -> int:
        """The number of rows that pass the filter. A row counts with all that is inside, if it passes itself."""
        return len(self._lines.tops) - len(self._tops_without_match()) + len(self._matches_below())

    def mark_shown(self) -> None:
        """Mark all rows that pass the filter; if all of them are marked, remove their marks."""
        items = cast(list[Item], self._items)
        matched = {self._key(items[slot]) for slot in self._matched()}
        if matched <= self._selection.marks:
            self._selection.unmark(matched)
        else:
            self._selection.mark(matched)

    def _matched(self) -> Iterator[int]:
        """Yield the shown top rows that pass the filter, and the rows that are shown below one that does not."""
        yield from filter(self._matches.__getitem__, self._lines.tops)
        yield from self._matches_below()

    def _tops_without_match(self) -> list[int]:
        """Return the top rows that are shown only because rows inside them match."""
        return [top for top in self._lines.inner if not self._matches[top] and top not in self._waiting]

    def _matches_below(self) -> set[int]:
        """Return the matching rows below such top rows, without those that are top rows, too."""
        below = {slot for top in self._tops_without_match() for slot in self._lines.inner[top].slots}
        return {slot for slot in below if self._matches[slot] and not self._visible[slot]}

    # Cursor

    @property
    def cursor(self) -> int | None:
        """The position of the cursor among the shown rows; None if no row is shown."""
        return self._selection.index if len(self) else None

    @property
    def current(self) -> Item | None:
        """The row under the cursor."""
        return self[self._selection.index] if len(self) else None

    @property
    def anchored(self) -> bool:
        """True once the user has chosen the cursor's row. Until then the cursor is on the first row."""
        return self._selection.anchored

    def move(self, index: int) -> None:
        """Put the cursor on the shown row at this position, or on the nearest one, and keep it on that row."""
        self._selection.move(index, self)

    def anchor(self) -> None:
        """Keep the cursor on its row from now on: the user looks at it."""
        self._selection.anchor(self)


def _split_at(slots: list[int], first: int) -> tuple[list[int], list[int]]:
    """Split ascending slots into those below a number and the others."""
    index = bisect_left(slots, first)
    return slots[:index], slots[index:]
