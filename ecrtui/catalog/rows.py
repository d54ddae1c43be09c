"""The rows of a list: every row once, sorted, filtered, marked, with a cursor that stays on its row.

A list of an image registry is long and never still: pages arrive, images are retagged and deleted while the user
sorts, filters, marks and moves. :class:`Rows` keeps what is known in *slots*, small integers in the order of arrival,
so that an order of a hundred thousand rows is a list of integers and a column to sort by is a list of values.

Two kinds of change, by what they cost:

- **Small ones happen at once.** A page that arrives, a row that changes or goes is put into the order that stands: a
  few by bisection, many in one pass. Some milliseconds for ten thousand rows among a hundred thousand.
- **Large ones happen in slices.** Another column, another filter: :meth:`Rows.arrange` gives an :class:`Arranging`,
  which the caller runs slice by slice between other work and hands to :meth:`Rows.apply`. What arrives meanwhile is
  put into the new order when it is applied, and a newer arranging supersedes the older, whose result is then refused.

Turning the order round costs nothing: an order is kept ascending and read from the other end.

Not safe for threads: the thread that draws is the one that changes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from itertools import compress
from time import perf_counter
from typing import Any, Generic, NamedTuple, TypeVar, cast

from ecrtui.catalog.batch_predicate import matching_indices
from ecrtui.catalog.column_cache import ChunkCache

Item = TypeVar("Item")
Key = str
SortKey = Callable[[Item], Any]
"""What a row is sorted by: values that compare with each other, so never None beside something else."""
Predicate = Callable[[Item], bool]
"""Which rows are shown; one that is a :class:`~ecrtui.catalog.batch_predicate.Sieve` is asked for many at once."""

CHUNK = 1_024
"""Rows that are looked at between two looks at the clock: about a millisecond of work."""

BISECTION = 50
"""Putting one row in by bisection takes about as long as one pass takes for so many rows."""

PREVIEW_CHUNKS = 2
"""Chunks that are filtered before all others, from the row that comes first on the screen: what is seen at once."""

OVERSAMPLING = 8
"""Values that are looked at for each bound between two parts of a sort, so that the parts are about equal."""


class RowDelta(NamedTuple):
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
        self._pages: ChunkCache[Item] = ChunkCache(CHUNK)
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
        self._arranging: SortFilterJob[Item] | None = None

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
        return (cast(Item, self._items[slot]) for slot in self._order())

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

    def _order(self) -> list[int]:
        """The slots of what is shown, as they are shown."""
        return self._shown[::-1] if self._descending else self._shown

    def _slot(self, index: int) -> int:
        if not 0 <= index < len(self._shown):
            raise IndexError(index)
        return self._shown[len(self._shown) - 1 - index if self._descending else index]

    # Small changes

    @property
    def version(self) -> int:
        """A moment, to give to :meth:`merge` with what was asked for at that moment."""
        return self._clock

    def merge(self, items: Iterable[Item], asked: int | None = None) -> RowDelta:
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
        new: dict[Key, Item] = {}
        changed = []
        for key, item in arrived.items():
            slot = slots.get(key)
            if slot is None:
                new[key] = item
            elif known[slot] is not item and known[slot] != item:
                known[slot] = item
                changed.append(slot)
        self._pages.forget(changed)
        fresh = self._add(new)
        self._insert(fresh, changed)
        return RowDelta(added=len(fresh), changed=len(changed))

    def update(self, items: Iterable[Item]) -> RowDelta:
        """Take in rows that are known to be so now: what a write answered. Pages asked for earlier do not undo them."""
        items = list(items)
        self._clock += 1
        for item in items:
            self._written[self._key(item)] = self._clock
        return self.merge(items)

    def remove(self, keys: Iterable[Key]) -> RowDelta:
        """Take rows away, with their marks. The cursor goes to the row that takes the place of its own."""
        gone = {key for key in keys if key in self._slots}
        if not gone:
            return RowDelta()
        slots = set()
        for key in gone:
            slot = self._slots.pop(key)
            slots.add(slot)
            self._items[slot] = None
        self._pages.forget(slots)
        self._marks -= gone
        self._sorted = _without(self._sorted, slots)
        self._shown = self._sorted if self._predicate is None else _without(self._shown, slots)
        self._record_touched(slots)
        self._follow()
        return RowDelta(removed=len(gone))

    def clear(self) -> None:
        """Take all rows away, with their marks; the column, the order and the filter stay."""
        if self._arranging is not None:  # it works on what is gone; what it was to bring holds from now on
            self._sort_key, self._predicate = self._arranging.sort_key, self._arranging.predicate
            self._arranging = None
        self._slots, self._items, self._values, self._matches = {}, [], [], bytearray()
        self._sorted, self._shown = [], []
        self._pages = ChunkCache(CHUNK)
        self._marks.clear()
        self._written.clear()
        self._seen = self._cursor = self._chosen = None
        self._pinned = False
        self._follow()

    def begin(self) -> None:
        """A reload begins: rows that do not come again until :meth:`finish` are gone."""
        self._seen = set()
        self._began = self._clock

    def finish(self) -> RowDelta:
        """The reload is complete: what has not come again is taken away. Nothing happens without a :meth:`begin`."""
        seen, self._seen = self._seen, None
        if seen is None:
            return RowDelta()
        written = self._written
        missing = self._slots.keys() - seen
        return self.remove([key for key in missing if written.get(key, 0) <= self._began])

    def _add(self, arrived: dict[Key, Item]) -> range:
        """Slots for rows that are new."""
        fresh = range(len(self._items), len(self._items) + len(arrived))
        self._slots.update(zip(arrived, fresh, strict=True))
        self._items += arrived.values()
        self._matches.extend(bytes(len(arrived)))
        if self._sort_key is not None:
            self._values += [None] * len(arrived)
        return fresh

    def _insert(self, fresh: range, changed: Sequence[int]) -> None:
        """Put new and changed rows where they belong in the order that stands."""
        if not fresh and not changed:
            return
        before = {slot for slot in changed if self._matches[slot]}
        moved = self._value(changed)
        self._value(fresh)
        self._match([*changed, *fresh])
        self._sorted = self._merged(_without(self._sorted, moved), moved, fresh)
        if self._predicate is None:
            self._shown = self._sorted
        else:
            after = {slot for slot in changed if self._matches[slot]}
            stay = (before & after) - moved
            matching = [slot for slot in fresh if self._matches[slot]]
            self._shown = self._merged(_without(self._shown, before - stay), after - stay, matching)
        self._record_touched([*changed, *fresh])
        self._follow()

    def _value(self, slots: Iterable[int]) -> set[int]:
        """Find out what these rows are sorted by; those for which it is another value than before."""
        items, values, sort_key = cast(list[Item], self._items), self._values, self._sort_key
        other = set()
        if sort_key is not None:
            for slot in slots:
                value = sort_key(items[slot])
                if value != values[slot]:
                    values[slot] = value
                    other.add(slot)
        return other

    def _match(self, slots: Sequence[int]) -> None:
        """Find out which of these rows are shown."""
        matches, predicate = self._matches, self._predicate
        for slot in slots:
            matches[slot] = predicate is None
        if predicate is not None:
            for slot in _matching(predicate, self._items, slots):
                matches[slot] = True

    def _place_of(self, order: list[int], slot: int, start: int = 0) -> int:
        """Where the slot is, or belongs, in an order: by value, ties by slot."""
        if self._sort_key is None:
            return bisect_left(order, slot, start)
        value, key = self._values[slot], self._values.__getitem__
        after = bisect_right(order, value, start, key=key)
        if after == start or order[after - 1] < slot:  # there is no tie, or it comes later than all of its ties
            return after
        return bisect_left(order, slot, bisect_left(order, value, start, after, key=key), after)

    def _merged(self, order: list[int], known: Collection[int], fresh: Collection[int]) -> list[int]:
        """An order with slots put in: known ones anywhere, fresh ones that are all later than those in the order."""
        if len(fresh) * BISECTION < len(order):
            return self._inserted(order, [*known, *fresh])
        order = self._inserted(order, known)
        if self._sort_key is None:
            return [*order, *fresh]
        rank = self._values.__getitem__
        order = [*order, *sorted(fresh, key=rank)]
        order.sort(key=rank)  # two runs, one behind the other: the sort merges them and leaves ties as they are
        return order

    def _inserted(self, order: list[int], slots: Collection[int]) -> list[int]:
        """An order with some slots put in by bisection; they go between slices of the old order."""
        if not slots:
            return order
        coming = sorted(slots)
        if self._sort_key is not None:
            coming.sort(key=self._values.__getitem__)
        merged: list[int] = []
        start = 0
        for slot in coming:
            place = self._place_of(order, slot, start)
            merged += order[start:place]
            merged.append(slot)
            start = place
        return merged + order[start:]

    def _record_touched(self, slots: Collection[int]) -> None:
        if self._arranging is not None:
            self._arranging.touched.update(slots)

    # Large changes

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self._descending

    def set_descending(self, descending: bool) -> None:
        """Say which end comes first. Costs nothing; the cursor stays on its row."""
        if descending != self._descending:
            self._descending = descending
            self._follow()

    def start_sort_filter(
        self, sort_key: SortKey[Item] | None, predicate: Predicate[Item] | None
    ) -> SortFilterJob[Item]:
        """Begin to arrange the rows anew; supersedes what was begun before.

        Args:
            sort_key: what to sort by, ascending; None for the order of arrival. Ties stay in the order of arrival.
            predicate: which rows to show; None for all.

        Whatever the callables raise comes out of the slice that called them, and nothing has changed.
        """
        same = sort_key is self._sort_key
        self._arranging = SortFilterJob(
            sort_key,
            predicate,
            items=self._items,
            pages=self._pages,
            order=self._sorted if same else sorted(self._slots.values()),
            values=self._values if same else None,
            descending=self._descending,
        )
        return self._arranging

    def apply(self, arranging: SortFilterJob[Item]) -> bool:
        """Put an arranging that is done into force; False if a newer one has superseded it."""
        if arranging is not self._arranging:
            return False
        if not arranging.done:
            raise ValueError("the arranging is not done")
        self._adopt(arranging)
        self._arranging = None
        return True

    def preview(self, arranging: SortFilterJob[Item]) -> bool:
        """Show what an arranging has found so far, which are the rows that come first; the others follow with
        :meth:`apply`. False if there is nothing to show yet: it still sorts, or has not come to the cursor's row.
        """
        if arranging is not self._arranging or not arranging.found:
            return False
        slot = None if self._chosen is None else self._slots.get(self._chosen)
        if slot is not None and not arranging.has_decided(slot):
            return False
        self._adopt(arranging)
        return True

    def _adopt(self, arranging: SortFilterJob[Item]) -> None:
        self._sort_key, self._predicate = arranging.sort_key, arranging.predicate
        self._values, self._matches = arranging.values, bytearray(arranging.matches)
        length = len(self._items)
        if self._sort_key is not None:
            self._values += [None] * (length - len(self._values))
        self._matches.extend(bytes(length - len(self._matches)))
        touched = arranging.touched
        there = sorted(slot for slot in touched if self._items[slot] is not None)
        self._value(there)
        self._match(there)
        known, fresh = _parted(there, arranging.length)
        self._sorted = self._merged(_without(arranging.order, touched), known, fresh)
        if self._predicate is None:
            self._shown = self._sorted
        else:
            known, fresh = _parted([slot for slot in there if self._matches[slot]], arranging.length)
            self._shown = self._merged(_without(arranging.shown, touched), known, fresh)
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
        items = cast(list[Item], self._items)
        marked = {self._slots[key] for key in self._marks}
        shown = [slot for slot in self._order() if slot in marked]
        hidden = marked.difference(shown) if len(shown) < len(marked) else ()
        return [items[slot] for slot in (*shown, *sorted(hidden))]

    def is_marked(self, key: Key) -> bool:
        """Whether the row of this key is marked."""
        return key in self._marks

    def mark(self, keys: Iterable[Key], on: bool = True) -> None:
        """Mark rows, or take their marks; keys without a row are passed over."""
        if on:
            self._marks.update(key for key in keys if key in self._slots)
        else:
            self._marks.difference_update(keys)

    def mark_shown(self) -> None:
        """Mark every row that is shown; if they all are, take their marks."""
        shown = {key for key, slot in self._slots.items() if self._matches[slot]}
        if shown <= self._marks:
            self._marks -= shown
        else:
            self._marks |= shown

    def keys(self, start: int = 0, stop: int | None = None) -> list[Key]:
        """The keys of what is shown from one place up to another."""
        items = cast(list[Item], self._items)
        return [self._key(items[slot]) for slot in self._order()[max(start, 0) : stop]]

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
    def anchored(self) -> bool:
        """Whether the user has chosen the cursor's row. Until then the cursor is on the first row, whatever arrives."""
        return self._pinned

    def move(self, index: int) -> None:
        """Put the cursor on a row of what is shown; beyond an end, on that end. From now on it stays with its row."""
        if self._shown:
            self._set_cursor(min(max(index, 0), len(self._shown) - 1))
            self.anchor()

    def anchor(self) -> None:
        """The user looks at this place: from now on the cursor stays with its row."""
        if self._shown:
            self._pinned, self._chosen = True, self._cursor

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


class SortFilterJob(Generic[Item]):
    """Sorting and filtering in progress. Made by :meth:`Rows.arrange`; works on what was there then."""

    def __init__(
        self,
        sort_key: SortKey[Item] | None,
        predicate: Predicate[Item] | None,
        *,
        items: list[Item | None],
        pages: ChunkCache[Item],
        order: list[int],
        values: list[Any] | None,
        descending: bool,
    ) -> None:
        self.sort_key = sort_key
        self.predicate = predicate
        self.order = order
        self.values: list[Any] = [] if values is None else values
        self.length = len(items)
        """How many slots there were at the beginning."""
        self.matches = bytearray(self.length)
        """By slot: whether it is shown, as far as is known."""
        self.shown: list[int] = []
        """The slots that are shown, ascending, as far as is known."""
        self._from_end = descending
        self.touched: set[int] = set()
        """Slots that changed or went meanwhile. They are passed over; :meth:`Rows.apply` puts them right."""
        self.done = False
        self._items = items
        self._pages = pages
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
        if self.predicate is None:
            self.matches, self.shown = bytearray(b"\x01") * self.length, self.order
        else:
            yield from self._filter(self.predicate)
        self.done = True

    def _evaluate(self, sort_key: SortKey[Item]) -> Iterator[None]:
        values = self.values
        for start in range(0, self.length, CHUNK):
            values += [
                None if item is None else sort_key(item)
                for item in self._items[start : min(start + CHUNK, self.length)]
            ]
            yield

    def _sort(self) -> Iterator[None]:
        """Parts of about a chunk, by values of a sample, then each part by itself: no step takes long."""
        values, order = self.values, _without(self.order, self.touched)
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

    def has_decided(self, slot: int) -> bool:
        """Whether it is certain by now whether this row will be shown."""
        if slot >= self.length or slot in self.touched or self.matches[slot] or self.predicate is None:
            return True
        return not self.predicate(cast(Item, self._items[slot]))

    @property
    def found(self) -> int:
        """How many rows the filter has let through so far; 0 as long as it is sorted, and without a filter."""
        return 0 if self.predicate is None else len(self.shown)

    def _filter(self, predicate: Predicate[Item]) -> Iterator[None]:
        """First the rows that are seen first. Then all of them page by page, in the order of arrival: in that they lie
        in memory, and going from one to another that lies anywhere takes longer than to judge it."""
        yield from self._filter_head(predicate)
        matches = bytearray(self.length)
        for start in range(0, self.length, self._pages.size):
            chunk = range(start, min(start + self._pages.size, self.length))
            slots, page = self._pages.chunk(self._items, chunk)
            for place in matching_indices(predicate, page):
                matches[slots[place]] = True
            yield
        shown: list[int] = []
        for start in range(0, len(self.order), 8 * CHUNK):  # a fraction of the work, so in larger pieces
            piece = self.order[start : start + 8 * CHUNK]
            shown += compress(piece, map(matches.__getitem__, piece))
            yield
        self.matches, self.shown = matches, shown

    def _filter_head(self, predicate: Predicate[Item]) -> Iterator[None]:
        head = (
            self.order[: -PREVIEW_CHUNKS * CHUNK - 1 : -1] if self._from_end else self.order[: PREVIEW_CHUNKS * CHUNK]
        )
        found: list[int] = []
        for start in range(0, len(head), CHUNK):
            chunk = _matching(predicate, self._items, _without(head[start : start + CHUNK], self.touched))
            for slot in chunk:
                self.matches[slot] = True
            found += chunk
            self.shown = found[::-1] if self._from_end else list(found)
            yield


def _without(order: list[int], slots: Collection[int]) -> list[int]:
    """An order without these slots; as it is if there are none."""
    return [slot for slot in order if slot not in slots] if slots else order


def _parted(slots: list[int], first: int) -> tuple[list[int], list[int]]:
    """Ascending slots below this one, and the others."""
    place = bisect_left(slots, first)
    return slots[:place], slots[place:]


def _matching(predicate: Predicate[Item], items: Sequence[Item | None], slots: Sequence[int]) -> list[int]:
    """Those of these slots, which all have a row, that the predicate lets through."""
    known = cast(Sequence[Item], items)
    return [slots[place] for place in matching_indices(predicate, [known[slot] for slot in slots])]
