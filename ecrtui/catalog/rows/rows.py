"""The rows of a list: each row once, sorted and filtered, with marks and a cursor that stay on their rows.

Pages arrive and images are retagged and deleted while the user sorts, filters, marks and moves. :class:`Rows` knows the
rows by their keys: which have changed, were written, are marked or are missing from a reload.
:mod:`ecrtui.catalog.rows.slots` knows which of them are shown, and in which order.

Changes are of two kinds, by their cost:

- **Small changes take effect at once.** A page that arrives and a row that changes or disappears go into the current
  order: few rows by bisection, many in one pass. Ten thousand rows among 100,000 take some milliseconds.
- **Large changes run in slices.** For another sort or filter, :meth:`Rows.start_sort_filter` returns a
  :class:`~ecrtui.catalog.rows.sort_filter_job.SortFilterJob`. The caller runs it slice by slice between other work and
  passes it to :meth:`Rows.apply`. Rows that arrive meanwhile enter the new order when it is applied. A newer job
  replaces an older one, whose result is then refused. Many rows that wait are put into the order in slices, too
  (:meth:`Rows.join_arrived`).

Reversing the order is free: an order is stored ascending and read from either end.

Rows can belong to other rows; see :mod:`ecrtui.catalog.rows.folding`. Then the order has the top rows, and a *line* of
the screen is a top row or a row inside one.

Not thread-safe: only the thread that draws may change the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import is_not
from typing import Generic, NamedTuple, Protocol, TypeVar, cast

from ecrtui.catalog.rows.folding import Groups, Outline
from ecrtui.catalog.rows.slot_order import BISECTION_COST
from ecrtui.catalog.rows.slots import RowSlots
from ecrtui.catalog.rows.sort_filter_job import Predicate, SortFilterJob, SortKey
from ecrtui.catalog.selection import Key, RowLine, Selection

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
        """Stop counting rows that have left the list."""

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
        self._slots: RowSlots[Item] = RowSlots(key, groups, chunk_rows, bisection_cost)
        self._lines = self._slots.lines
        self._selection = Selection()
        self._version = 0
        self._reload_version = 0
        self._written: dict[Key, int] = {}  # the version in which update() wrote a row
        self._missing: set[Key] = set()  # the keys that a reload has not seen so far

    # Access

    def __len__(self) -> int:
        """Return the number of lines: rows that are shown."""
        return len(self._lines)

    @property
    def total(self) -> int:
        """The number of rows, shown or not."""
        return len(self._slots.by_key)

    def __getitem__(self, index: int) -> Item:
        """Return the row on this line; raise IndexError."""
        return cast(Item, self._slots.items[self._lines.at(index)[0]])

    def __iter__(self) -> Iterator[Item]:
        """Iterate over the lines in their order."""
        return (cast(Item, self._slots.items[slot]) for slot in self._lines.slots())

    def __contains__(self, key: object) -> bool:
        return key in self._slots.by_key

    def get(self, key: Key) -> Item | None:
        """Return the row of this key, shown or not."""
        slot = self._slots.by_key.get(key)
        return None if slot is None else self._slots.items[slot]

    def key_of(self, item: Item) -> Key:
        """Return the key of a row."""
        return self._key(item)

    def key_at(self, index: int) -> Key:
        """Return the key of the row on this line; raise IndexError."""
        return self._key(self[index])

    def everything(self) -> Iterator[Item]:
        """Iterate over all rows, shown or not, in the order of arrival."""
        return cast(Iterator[Item], filter(partial(is_not, None), self._slots.items))

    def at_hand(self) -> Iterator[Sequence[Item]]:
        """Yield rows, shown or not, that take little time to read: a chunk of the first ones in the order, then the
        chunks whose columns a filter has cached. A row can come twice.
        """
        return self._slots.at_hand()

    def read_chunks(self, read: Callable[[Sequence[Item]], object]) -> Iterator[None]:
        """Let a function read all rows, shown or not, in the chunks that a filter will read; chunk by chunk.

        Rows may change meanwhile. The columns that the function reads are cached.
        """
        return self._slots.read_chunks(read)

    def index_of(self, key: Key) -> int | None:
        """Return the first line that shows the row of this key; None if none does."""
        slot = self._slots.by_key.get(key)
        return None if slot is None else self._slots.line_of(slot)

    def line_at(self, index: int) -> RowLine:
        """Return the line at this position: its row, and the top row that it is below; raise IndexError."""
        slot, top, _ = self._lines.at(index)
        items = cast(list[Item], self._slots.items)
        return RowLine(self._key(items[slot]), "" if top == slot else self._key(items[top]))

    def position(self, row_line: RowLine) -> int | None:
        """Return the position of a line, or of another line of its row, or of its top row if that is folded."""
        by_key = self._slots.by_key
        return self._slots.line_near(by_key.get(row_line.key), by_key.get(row_line.top))

    @property
    def has_groups(self) -> bool:
        """True if rows can be inside others."""
        return self._slots.folding.has_groups

    def outline(self, index: int) -> Outline:
        """Return how this line is folded; raise IndexError."""
        slot, _, depth = self._lines.at(index)
        return self._slots.folding.outline(slot, depth)

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
        slots, known = self._slots.by_key, self._slots.items
        changed = []
        for key in arrived.keys() & slots.keys():
            slot, item = slots[key], arrived.pop(key)
            if known[slot] is not item and known[slot] != item:
                self._replace(slot, item)
                changed.append(slot)
        if show:
            self.show_arrived()
        fresh = self._slots.add(arrived, wait=not show)
        if self._tally is not None:
            self._tally.add(arrived.values())
        self._slots.insert(fresh, changed)
        self._selection.follow(self)
        return RowDelta(added=len(fresh), changed=len(changed))

    @property
    def has_waiting(self) -> bool:
        """True if rows have arrived that :meth:`show_arrived` will show."""
        return self._slots.has_waiting

    def join_arrived(self) -> Iterator[None]:
        """Put the rows that wait into the order in slices, so that :meth:`show_arrived` takes less time."""
        return self._slots.join_arrived()

    def show_arrived(self) -> None:
        """Show the rows that have arrived and wait."""
        if self._slots.has_waiting:
            self._slots.show_arrived()
            self._selection.follow(self)

    def update(self, items: Iterable[Item]) -> RowDelta:
        """Merge rows that a write has returned. Pages that were requested earlier do not undo them."""
        items = list(items)
        self._version += 1
        for item in items:
            self._written[self._key(item)] = self._version
        return self.merge(items)

    def amend(self, items: Iterable[Item]) -> RowDelta:
        """Replace known rows by rows with more values, and ignore others.

        This is neither an arrival nor a write: a reload still has to see the rows, and pages replace them.
        """
        slots, known = self._slots.by_key, self._slots.items
        changed = []
        for item in items:
            slot = slots.get(self._key(item))
            if slot is not None and known[slot] != item:
                self._replace(slot, item)
                changed.append(slot)
        self._slots.insert(range(0), changed)
        self._selection.follow_order(self)
        return RowDelta(changed=len(changed))

    def remove(self, keys: Iterable[Key]) -> RowDelta:
        """Remove rows and their marks. The cursor goes to the row that takes the position of its own."""
        gone = {key for key in keys if key in self._slots.by_key}
        if gone:
            if self._tally is not None:
                self._tally.remove([cast(Item, self.get(key)) for key in gone])
            self._slots.remove(gone)
            self._selection.forget(gone, self)
        return RowDelta(removed=len(gone))

    def clear(self) -> None:
        """Remove all rows and marks; keep the sort, its direction and the filter."""
        self._slots.clear()
        if self._tally is not None:
            self._tally.clear()
        self._written.clear()
        self._missing = set()
        self._selection.clear()
        self._selection.follow(self)

    def begin(self) -> None:
        """Start a reload: rows that do not arrive again before :meth:`finish` are removed."""
        self._missing = set(self._slots.by_key)
        self._reload_version = self._version

    def finish(self) -> RowDelta:
        """Complete a reload: show all rows, and remove those that did not arrive again since :meth:`begin`."""
        self.show_arrived()
        missing, self._missing = self._missing, set()
        written = self._written
        delta = self.remove([key for key in missing if written.get(key, 0) <= self._reload_version])
        self._selection.settled = True
        return delta

    def _replace(self, slot: int, item: Item) -> None:
        """Put another row into a slot."""
        if self._tally is not None:
            self._tally.remove((cast(Item, self._slots.items[slot]),))
            self._tally.add((item,))
        self._slots.replace(slot, item)

    # Large changes

    @property
    def descending(self) -> bool:
        """True if the greatest value comes first."""
        return self._lines.descending

    def set_descending(self, descending: bool) -> None:
        """Set the direction of the order. This is free; the cursor stays on the row that the user chose."""
        if descending != self._lines.descending:
            self._lines.descending = descending
            self._selection.restore(self, same_view=False)

    def start_sort_filter(
        self, sort_key: SortKey[Item] | None, predicate: Predicate[Item] | None
    ) -> SortFilterJob[Item]:
        """Start a sort and filter of all rows; it replaces a job that was started before.

        An exception of the callables leaves the slice that called them, and the rows stay as they are.

        Args:
            sort_key: the value to sort by, ascending; None for the order of arrival. Ties keep the order of arrival.
            predicate: decides which rows are shown; None for all.
        """
        return self._slots.start_sort_filter(sort_key, predicate)

    def apply(self, job: SortFilterJob[Item]) -> bool:
        """Adopt the result of a job that is done; return False if a newer job has replaced it."""
        same_view = self._slots.has_view_of(job)
        applied = self._slots.apply(job)
        if applied:
            self._selection.restore(self, same_view=same_view)
        return applied

    def preview(self, job: SortFilterJob[Item]) -> bool:
        """Show the rows that a job has found so far, the first ones of the order; :meth:`apply` adds the others.

        Return False if there is nothing to show yet: the job still sorts, or has not reached the cursor's row.
        """
        chosen = self._selection.chosen
        same_view = self._slots.has_view_of(job)
        shown = self._slots.preview(job, None if chosen is None else self._slots.by_key.get(chosen.key))
        if shown:
            self._selection.restore(self, same_view=same_view)
        return shown

    # Folding

    @property
    def inside_count(self) -> int:
        """The number of rows that belong to another row, and are not top rows."""
        return self._slots.folding.inside_count

    @property
    def alone_count(self) -> int:
        """The number of rows that stand alone; see :class:`~ecrtui.catalog.rows.folding.Groups`."""
        return self._slots.folding.alone_count

    def groups_changed(self) -> None:
        """Let the next sort and filter find out again which rows belong to which others."""
        self._slots.folding.is_current = False

    def unfold(self, index: int, on: bool = True) -> None:
        """Unfold or fold the row on this line, or the top row that it is below."""
        _, top, _ = self._lines.at(index)
        self._slots.unfold(top, on)
        self._selection.follow(self)

    def unfold_all(self, on: bool) -> None:
        """Let the next sort and filter unfold or fold all rows, and those that will arrive."""
        self._slots.folding.unfold_all(on)

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
        if not self._selection.marks:
            return []
        items = cast(list[Item], self._slots.items)
        marked = {self._slots.by_key[key] for key in self._selection.marks}
        shown = dict.fromkeys(slot for slot in self._lines.slots() if slot in marked)
        hidden = marked.difference(shown) if len(shown) < len(marked) else ()
        return [items[slot] for slot in (*shown, *sorted(hidden))]

    def is_marked(self, key: Key) -> bool:
        """Return True if the row of this key is marked."""
        return key in self._selection.marks

    def mark(self, keys: Iterable[Key], on: bool = True) -> None:
        """Mark rows, or remove their marks; ignore keys without a row."""
        if on:
            self._selection.mark(key for key in keys if key in self._slots.by_key)
        else:
            self._selection.unmark(keys)

    def mark_range(self, first: int, last: int) -> None:
        """Mark the rows from one line to another. A row whose top row is among them is marked with it."""
        lines = [self._lines.at(line) for line in range(first, last + 1)]
        tops = {slot for slot, _, depth in lines if not depth}
        items = cast(list[Item], self._slots.items)
        self.mark(self._key(items[slot]) for slot, top, depth in lines if not depth or top not in tops)

    @property
    def matched(self) -> int:
        """The number of rows that pass the filter. A row counts with all that is inside, if it passes itself."""
        return self._slots.matched_count

    def mark_shown(self) -> None:
        """Mark all rows that pass the filter; if all of them are marked, remove their marks."""
        items = cast(list[Item], self._slots.items)
        matched = {self._key(items[slot]) for slot in self._slots.matched()}
        if matched <= self._selection.marks:
            self._selection.unmark(matched)
        else:
            self._selection.mark(matched)

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
        """True once the user has chosen the cursor's row. Until then, another sort or filter takes it to the top."""
        return self._selection.anchored

    def move(self, index: int) -> None:
        """Put the cursor on the shown row at this position, or on the nearest one, and keep it on that row."""
        self._selection.move(index, self)

    def anchor(self) -> None:
        """Keep the cursor on its row from now on: the user looks at it."""
        self._selection.anchor(self)
