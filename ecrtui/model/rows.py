"""The rows of a list: every row once, sorted, filtered, marked, with a cursor that stays on its row.

A list of an image registry is long and never still: pages arrive, images are retagged and deleted while the user
sorts, filters, marks and moves. :class:`Rows` keeps what is known in *slots*, small integers in the order of arrival,
so that an order of a hundred thousand rows is a list of integers and a column to sort by is a list of values.

Two kinds of change, by what they cost:

- **Small ones happen at once.** A page that arrives, a row that changes or goes is put into the order that stands, by
  bisection: a few milliseconds for a thousand rows among a hundred thousand.
- **Large ones happen in slices.** Another column, another filter: :meth:`Rows.arrange` gives an :class:`Arranging`,
  which the caller runs slice by slice between other work and hands to :meth:`Rows.apply`. What arrives meanwhile is
  put into the new order when it is applied, and a newer arranging supersedes the older, whose result is then refused.

Turning the order round costs nothing: an order is kept ascending and read from the other end.

Not safe for threads: the thread that draws is the one that changes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Generic, TypeVar, cast

Item = TypeVar("Item")
Key = str
SortKey = Callable[[Item], Any]
"""What a row is sorted by: values that compare with each other, so never None beside something else."""
Predicate = Callable[[Item], bool]

CHUNK = 1_024
"""Rows that are looked at between two looks at the clock: about a millisecond of work."""

OVERSAMPLING = 8
"""Values that are looked at for each bound between two parts of a sort, so that the parts are about equal."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a small change did to the rows."""

    added: int = 0
    changed: int = 0
    removed: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


class Rows(Generic[Item]):
    """The rows of a list.

    Args:
        key: what makes a row itself: the digest of an image, the name of a repository.
    """

    def __init__(self, key: Callable[[Item], Key]) -> None:
        self._key = key
        self._slots: dict[Key, int] = {}
        self._items: list[Item | None] = []  # by slot; None where a row is gone
        self._values: list[Any] = []  # by slot: what the row is sorted by; empty when in order of arrival
        self._sorted: list[int] = []  # every slot that has a row, ascending
        self._matches = bytearray()  # by slot: whether the filter lets it through
        self._shown: list[int] = []  # the sorted ones that match
        self._sort_key: SortKey[Item] | None = None
        self._predicate: Predicate[Item] | None = None
        self._descending = False
        self._marks: set[Key] = set()
        self._cursor: Key | None = None
        self._chosen: Key | None = None  # where the user last put the cursor; a filter may hide it for a while
        self._cursor_index = 0
        self._pinned = False
        self._clock = 0
        self._began = 0
        self._written: dict[Key, int] = {}
        self._seen: set[Key] | None = None
        self._arranging: Arranging[Item] | None = None

    # What is there

    def __len__(self) -> int:
        """How many rows are shown."""
        return len(self._shown)

    @property
    def total(self) -> int:
        """How many rows there are, shown or not."""
        return len(self._slots)

    def __getitem__(self, index: int) -> Item:
        """The row at this place of what is shown; raises IndexError."""
        return cast(Item, self._items[self._slot(index)])

    def __iter__(self) -> Iterator[Item]:
        """What is shown, in its order."""
        order = reversed(self._shown) if self._descending else iter(self._shown)
        return (cast(Item, self._items[slot]) for slot in order)

    def __contains__(self, key: object) -> bool:
        return key in self._slots

    def get(self, key: Key) -> Item | None:
        """The row of this key, shown or not."""
        slot = self._slots.get(key)
        return None if slot is None else self._items[slot]

    def key_of(self, item: Item) -> Key:
        """The key of a row."""
        return self._key(item)

    def everything(self) -> Iterator[Item]:
        """Every row, shown or not, in the order of arrival."""
        return (item for item in self._items if item is not None)

    def index_of(self, key: Key) -> int | None:
        """Where the row of this key is shown; None if it is not."""
        slot = self._slots.get(key)
        if slot is None or not self._matches[slot]:
            return None
        place = self._place_of(self._shown, slot)
        return len(self._shown) - 1 - place if self._descending else place

    def _slot(self, index: int) -> int:
        if not 0 <= index < len(self._shown):
            raise IndexError(index)
        return self._shown[len(self._shown) - 1 - index if self._descending else index]

    # Small changes

    @property
    def stamp(self) -> int:
        """A moment, to give to :meth:`merge` with what was asked for at that moment."""
        return self._clock

    def merge(self, items: Iterable[Item], asked: int | None = None) -> Change:
        """Take in rows: new ones are added, known ones replaced if they differ.

        Args:
            items: the rows, in any order; the last one of a key counts.
            asked: the :attr:`stamp` when they were asked for. A row that :meth:`update` wrote later than that stays
                as it was written: a page on its way does not undo what was done since.
        """
        arrived = {self._key(item): item for item in items}
        if self._seen is not None:
            self._seen.update(arrived)
        if asked is not None and self._written:
            written = self._written
            arrived = {key: item for key, item in arrived.items() if written.get(key, 0) <= asked}
        slots, known = self._slots, self._items
        fresh = self._add({key: item for key, item in arrived.items() if key not in slots})
        moved = []
        for key, item in arrived.items():
            slot = slots[key]
            if known[slot] != item:
                known[slot] = item
                moved.append(slot)
        self._settle(fresh, moved)
        return Change(added=len(fresh), changed=len(moved))

    def update(self, items: Iterable[Item]) -> Change:
        """Take in rows that are known to be so now: what a write answered. Pages asked for earlier do not undo them."""
        items = list(items)
        self._clock += 1
        for item in items:
            self._written[self._key(item)] = self._clock
        return self.merge(items)

    def remove(self, keys: Iterable[Key]) -> Change:
        """Take rows away, with their marks. The cursor goes to the row that takes the place of its own."""
        gone = {key for key in keys if key in self._slots}
        if not gone:
            return Change()
        slots = set()
        for key in gone:
            slot = self._slots.pop(key)
            slots.add(slot)
            self._items[slot] = None
        self._marks -= gone
        self._leave_out(slots)
        self._note(slots)
        self._follow()
        return Change(removed=len(gone))

    def clear(self) -> None:
        """Take all rows away, with their marks; the column, the order and the filter stay."""
        if self._arranging is not None:  # it works on what is gone; what it was to bring holds from now on
            self._sort_key, self._predicate = self._arranging.sort_key, self._arranging.predicate
            self._arranging = None
        self._slots, self._items, self._values, self._matches = {}, [], [], bytearray()
        self._sorted, self._shown = [], []
        self._marks.clear()
        self._written.clear()
        self._seen = self._cursor = self._chosen = None
        self._pinned = False
        self._follow()

    def begin(self) -> None:
        """A reload begins: rows that do not come again until :meth:`finish` are gone."""
        self._seen = set()
        self._began = self._clock

    def finish(self) -> Change:
        """The reload is complete: what has not come again is taken away. Nothing happens without a :meth:`begin`."""
        seen, self._seen = self._seen, None
        if seen is None:
            return Change()
        written = self._written
        return self.remove([key for key in self._slots if key not in seen and written.get(key, 0) <= self._began])

    def _add(self, arrived: dict[Key, Item]) -> range:
        """Slots for rows that are new."""
        fresh = range(len(self._items), len(self._items) + len(arrived))
        self._slots.update(zip(arrived, fresh, strict=True))
        self._items += arrived.values()
        self._matches.extend(bytes(len(arrived)))
        if self._sort_key is not None:
            self._values += [None] * len(arrived)
        return fresh

    def _settle(self, fresh: Sequence[int], moved: Sequence[int]) -> None:
        """Put new and changed rows where they belong in the order that stands."""
        if not fresh and not moved:
            return
        self._leave_out(set(moved))
        coming = sorted((*fresh, *moved))
        self._judge(coming)
        if self._sort_key is not None:
            coming.sort(key=self._values.__getitem__)
        self._sorted = self._merged(self._sorted, coming)
        if self._predicate is None:
            self._shown = self._sorted
        else:
            self._shown = self._merged(self._shown, [slot for slot in coming if self._matches[slot]])
        self._note(coming)
        self._follow()

    def _leave_out(self, slots: Collection[int]) -> None:
        if not slots:
            return
        self._sorted = [slot for slot in self._sorted if slot not in slots]
        if self._predicate is None:
            self._shown = self._sorted
        else:
            self._shown = [slot for slot in self._shown if slot not in slots]

    def _judge(self, slots: Sequence[int]) -> None:
        """What these rows are sorted by, and whether they are shown."""
        items, values, matches = cast(list[Item], self._items), self._values, self._matches
        sort_key, predicate = self._sort_key, self._predicate
        if sort_key is not None:
            for slot in slots:
                values[slot] = sort_key(items[slot])
        for slot in slots:
            matches[slot] = predicate is None or bool(predicate(items[slot]))

    def _place_of(self, order: list[int], slot: int, start: int = 0) -> int:
        """Where the slot is, or belongs, in an order: by value, ties by slot."""
        if self._sort_key is None:
            return bisect_left(order, slot, start)
        value, key = self._values[slot], self._values.__getitem__
        after = bisect_right(order, value, start, key=key)
        if after == start or order[after - 1] < slot:  # there is no tie, or it comes later than all of its ties
            return after
        return bisect_left(order, slot, bisect_left(order, value, start, after, key=key), after)

    def _merged(self, order: list[int], coming: list[int]) -> list[int]:
        """Both of them sorted as one; new pieces go in between slices of the old order."""
        merged: list[int] = []
        start = 0
        for slot in coming if order else ():
            place = self._place_of(order, slot, start)
            merged += order[start:place]
            merged.append(slot)
            start = place
        return merged + order[start:] if order else coming

    def _note(self, slots: Collection[int]) -> None:
        if self._arranging is not None:
            self._arranging.touched.update(slots)

    # Large changes

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self._descending

    def turn(self, descending: bool) -> None:
        """Say which end comes first. Costs nothing; the cursor stays on its row."""
        if descending != self._descending:
            self._descending = descending
            self._follow()

    def arrange(self, sort_key: SortKey[Item] | None, predicate: Predicate[Item] | None) -> Arranging[Item]:
        """Begin to arrange the rows anew; supersedes what was begun before.

        Args:
            sort_key: what to sort by, ascending; None for the order of arrival. Ties stay in the order of arrival.
            predicate: which rows to show; None for all.

        Whatever the callables raise comes out of the slice that called them, and nothing has changed.
        """
        same = sort_key is self._sort_key
        self._arranging = Arranging(
            sort_key,
            predicate,
            items=list(self._items),  # rows that go meanwhile are sorted with the others and left out at the end
            order=self._sorted if same else sorted(self._slots.values()),
            values=self._values if same else None,
            descending=self._descending,
        )
        return self._arranging

    def apply(self, arranging: Arranging[Item]) -> bool:
        """Put an arranging that is done into force; False if a newer one has superseded it."""
        if arranging is not self._arranging:
            return False
        if not arranging.done:
            raise ValueError("the arranging is not done")
        self._adopt(arranging)
        self._arranging = None
        return True

    def preview(self, arranging: Arranging[Item]) -> bool:
        """Show what an arranging has found so far, which are the rows that come first; the others follow with
        :meth:`apply`. False if there is nothing to show yet: it still sorts, or has not come to the cursor's row.
        """
        if arranging is not self._arranging or not arranging.found:
            return False
        slot = None if self._chosen is None else self._slots.get(self._chosen)
        if slot is not None and slot < len(arranging.matches) and not arranging.matches[slot]:
            item = self._items[slot]
            if item is not None and arranging.predicate is not None and arranging.predicate(item):
                return False
        self._adopt(arranging)
        return True

    def _adopt(self, arranging: Arranging[Item]) -> None:
        self._sort_key, self._predicate = arranging.sort_key, arranging.predicate
        self._values, self._matches = arranging.values, bytearray(arranging.matches)
        self._sorted, self._shown = arranging.order, arranging.shown
        length = len(self._items)
        if self._sort_key is not None:
            self._values += [None] * (length - len(self._values))
        self._matches.extend(bytes(length - len(self._matches)))
        touched = frozenset(arranging.touched)
        self._leave_out(touched)
        self._settle((), [slot for slot in touched if self._items[slot] is not None])
        self._return()

    # Marks

    @property
    def marks(self) -> frozenset[Key]:
        """The keys of the marked rows, shown or not."""
        return frozenset(self._marks)

    @property
    def marked_count(self) -> int:
        """How many rows are marked."""
        return len(self._marks)

    def marked(self) -> list[Item]:
        """The marked rows: those that are shown in their order, then the others in the order of arrival."""
        shown = [item for item in self if self._key(item) in self._marks]
        if len(shown) == len(self._marks):
            return shown
        known = {self._key(item) for item in shown}
        return shown + [item for item in self.everything() if self._key(item) in self._marks - known]

    def is_marked(self, key: Key) -> bool:
        """Whether the row of this key is marked."""
        return key in self._marks

    def mark(self, keys: Iterable[Key], on: bool = True) -> None:
        """Mark rows, or take their marks; keys without a row are passed over."""
        if on:
            self._marks.update(key for key in keys if key in self._slots)
        else:
            self._marks.difference_update(keys)

    def keys(self, start: int = 0, stop: int | None = None) -> list[Key]:
        """The keys of what is shown from one place up to another."""
        stop = len(self._shown) if stop is None else min(stop, len(self._shown))
        return [self._key(self[index]) for index in range(max(start, 0), stop)]

    # The cursor

    @property
    def cursor(self) -> int | None:
        """Where the cursor is among what is shown; None if nothing is."""
        return self._cursor_index if self._shown else None

    @property
    def current(self) -> Item | None:
        """The row under the cursor."""
        return self[self._cursor_index] if self._shown else None

    @property
    def pinned(self) -> bool:
        """Whether the user has chosen the cursor's row. Until then the cursor is on the first row, whatever arrives."""
        return self._pinned

    def move(self, index: int) -> None:
        """Put the cursor on a row of what is shown; beyond an end, on that end. From now on it stays with its row."""
        if self._shown:
            self._set_cursor(min(max(index, 0), len(self._shown) - 1))
            self.pin()

    def pin(self) -> None:
        """The user looks at this place: from now on the cursor stays with its row."""
        if self._shown:
            self._pinned, self._chosen = True, self._cursor

    def move_to(self, key: Key) -> bool:
        """Put the cursor on the row of this key; False if it is not shown."""
        index = self.index_of(key)
        if index is None:
            return False
        self.move(index)
        return True

    def _set_cursor(self, index: int) -> None:
        self._cursor_index = index
        self._cursor = self._key(self[index])

    def _follow(self) -> None:
        """After a small change: the cursor on its row again, or on the one that took its place."""
        if not self._shown:
            self._cursor_index = 0
        elif not self._pinned or self._cursor is None:
            self._set_cursor(0)
        else:
            index = self.index_of(self._cursor)
            self._set_cursor(min(self._cursor_index, len(self._shown) - 1) if index is None else index)

    def _return(self) -> None:
        """After a large change: the cursor where the user had put it, on the first row if that is not shown."""
        index = None if self._chosen is None else self.index_of(self._chosen)
        if index is None and self._cursor is not None and self._pinned:
            index = self.index_of(self._cursor)
        if self._shown:
            self._set_cursor(index or 0)


class Arranging(Generic[Item]):
    """Sorting and filtering in progress. Made by :meth:`Rows.arrange`; works on what was there then."""

    def __init__(
        self,
        sort_key: SortKey[Item] | None,
        predicate: Predicate[Item] | None,
        *,
        items: list[Item | None],
        order: list[int],
        values: list[Any] | None,
        descending: bool,
    ) -> None:
        self.sort_key = sort_key
        self.predicate = predicate
        self.order = order
        self.values: list[Any] = [] if values is None else values
        self.matches = bytearray(len(items))
        self._found: list[int] = []
        self._from_end = descending
        self.touched: set[int] = set()
        """Slots that changed meanwhile; :meth:`Rows.apply` puts them right."""
        self.done = False
        self._items = items
        self._length = len(items)
        self._steps = self._work(sort=values is None)

    def run(self, seconds: float | None = None) -> bool:
        """Work for about this long, or to the end; whether it is done. One step is a few milliseconds at most."""
        deadline = None if seconds is None else perf_counter() + seconds
        for _ in self._steps:
            if deadline is not None and perf_counter() >= deadline:
                return False
        return self.done

    def _work(self, sort: bool) -> Generator[None, None, None]:
        if sort and self.sort_key is not None:
            yield from self._evaluate(self.sort_key)
            yield from self._sort()
        yield from self._filter()
        self.done = True

    def _evaluate(self, sort_key: SortKey[Item]) -> Iterator[None]:
        values = self.values
        for start in range(0, self._length, CHUNK):
            values += [
                None if item is None else sort_key(item)
                for item in self._items[start : min(start + CHUNK, self._length)]
            ]
            yield

    def _sort(self) -> Iterator[None]:
        """Parts of about a chunk, by values of a sample, then each part by itself: no step takes long."""
        values, order = self.values, self.order
        rank = values.__getitem__
        parts = max(len(order) // CHUNK, 1)
        sample = sorted(order[:: max(len(order) // (parts * OVERSAMPLING), 1)], key=rank)
        bounds = [values[slot] for slot in sample[OVERSAMPLING::OVERSAMPLING]]
        buckets: list[list[int]] = [[] for _ in range(len(bounds) + 1)]
        yield
        for start in range(0, len(order), CHUNK):
            for slot in order[start : start + CHUNK]:
                buckets[bisect_right(bounds, values[slot])].append(slot)
            yield
        self.order = []
        for bucket in buckets:
            bucket.sort(key=rank)
            self.order += bucket
            yield

    @property
    def found(self) -> int:
        """How many rows the filter has let through so far; 0 as long as it is sorted, and without a filter."""
        return len(self._found)

    @property
    def shown(self) -> list[int]:
        """The slots that are shown, ascending, as far as they are found."""
        if self.predicate is None:
            return self.order
        return self._found[::-1] if self._from_end else list(self._found)

    def _filter(self) -> Iterator[None]:
        """Judge the rows from the one that comes first on the screen."""
        predicate, items, matches = self.predicate, self._items, self.matches
        if predicate is None:
            self.matches = bytearray(b"\x01") * self._length
            return
        order = self.order[::-1] if self._from_end else self.order
        for start in range(0, len(order), CHUNK):
            for slot in order[start : start + CHUNK]:
                item = items[slot]
                if item is not None and predicate(item):
                    matches[slot] = 1
                    self._found.append(slot)
            yield
