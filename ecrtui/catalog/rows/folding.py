"""Fold rows that belong to another row into it, by slot; :class:`~ecrtui.catalog.rows.slots.RowSlots` uses it.

A row is *inside* if it belongs to a row that exists, and does not stand alone as well. All other rows are *top* rows.
A list shows the top rows in its order. Below an unfolded one, it shows all rows inside it, in their own order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Generic, NamedTuple, Protocol, TypeAlias, TypeVar, cast

from ecrtui.catalog.selection import Key

Item = TypeVar("Item")
Grouped = TypeVar("Grouped", contravariant=True)


class Groups(Protocol[Grouped]):
    """Tells which rows belong to which other rows."""

    def add(self, items: Collection[Grouped], /) -> None:
        """Take notice of rows that are new in the list."""

    def remove(self, items: Iterable[Grouped], /) -> None:
        """Forget rows that are not in the list any more."""

    def clear(self) -> None:
        """Forget all rows."""

    def owners(self, item: Grouped, /) -> Sequence[Key]:
        """Return the keys of the rows that a row belongs to. Some may not exist."""

    def children(self, key: Key, /) -> Sequence[Key]:
        """Return the keys of the rows that belong to a row, in their order. Some may not exist."""

    def owning(self) -> Collection[Key]:
        """Return the keys of all rows that may have children, each once. Some may not exist."""

    def stands_alone(self, item: Grouped, /) -> bool:
        """Return True for a row that is a top row, whatever it belongs to."""

    def unrelated(self, items: Sequence[Grouped], /) -> Sequence[bool | None]:
        """Return for each row whether it stands alone, if it has neither owners nor children; None for the others.

        Most rows of a page have neither. For a thousand of them, this takes less time than to ask for each.
        """


Inner: TypeAlias = Mapping[int, int]
"""The rows that are shown below a top row: how deep each is below it, 1 for a child, by its slot and in their order.

A dictionary of numbers holds no object that a garbage collection has to visit, and a list can have 10,000 of them.
"""
NOTHING_INSIDE: Inner = {}


class Outline(NamedTuple):
    """How a line is folded."""

    depth: int = 0
    """How deep the row is below its top row; 0 for a top row."""
    sign: str = ""
    """``+`` if a key unfolds the row, ``-`` if a key folds it; empty if nothing is inside."""


class Folding(Generic[Item]):
    """Which rows are inside others, and which rows are unfolded.

    Args:
        groups: tells which rows belong together; None if none do.
        key: returns the key of a row.
    """

    def __init__(self, groups: Groups[Item] | None, key: Callable[[Item], Key]) -> None:
        self._groups = groups
        self.is_current = True
        """False if the job has to find out again which rows belong to which others."""
        self.inside = bytearray()
        """By slot: 1 if the row is inside another one."""
        self._alone = bytearray()  # by slot: 1 if the row stands alone
        self._key = key
        self._unfolded = False
        self._exceptions: set[Key] = set()
        """The rows that are folded while all others are not, or the other way round."""
        self.bind({}, [])

    def bind(self, slots: dict[Key, int], items: list[Item | None]) -> None:
        """Use these rows: the slot of each key, and the row in each slot. Both may grow."""
        self._slots, self._items = slots, items
        self.inside, self._alone = bytearray(len(items)), bytearray(len(items))

    def clear(self, slots: dict[Key, int], items: list[Item | None]) -> None:
        """Forget all rows, and use these from now on."""
        self.bind(slots, items)
        if self._groups is not None:
            self._groups.clear()

    # The rows

    def add(self, items: Collection[Item], length: int) -> None:
        """Take notice of new rows; there are this many slots now."""
        self.inside.extend(bytes(length - len(self.inside)))
        self._alone.extend(bytes(length - len(self._alone)))
        if self._groups is not None:
            self._groups.add(items)

    def place_unrelated(self, fresh: range) -> list[int]:
        """Decide that new rows with neither owners nor children are inside no others; return the other new rows."""
        if self._groups is None or not fresh:
            return []
        first, last = fresh.start, fresh.stop
        found = self._groups.unrelated(cast(list[Item], self._items[first:last]))
        self._alone[first:last] = bytes(map(bool, found))
        return [slot for slot, alone in zip(fresh, found, strict=True) if alone is None]

    def replace(self, slot: int, item: Item | None) -> None:
        """Take notice that another row comes into a slot that has one; None removes it."""
        if self._groups is not None:
            self._groups.remove((cast(Item, self._items[slot]),))
            self._groups.add(() if item is None else (item,))

    # Which rows are inside

    @property
    def has_groups(self) -> bool:
        """True if rows can be inside others."""
        return self._groups is not None

    @property
    def inside_count(self) -> int:
        """The number of rows that are inside others."""
        return self.inside.count(1)

    @property
    def alone_count(self) -> int:
        """The number of rows that stand alone."""
        return self._alone.count(1)

    def find_inside(self, inside: bytearray, step: int) -> Iterator[None]:
        """Find all rows that are inside others: what top rows have below them, without what stands alone.

        Args:
            inside: by slot: set to 1 for each of these rows. Later slots are ignored.
            step: owners to look at between two yields.
        """
        if (groups := self._groups) is None:
            return
        slots, alone, length = self._slots, self._alone, len(inside)
        owning = groups.owning()
        for count, key in enumerate(owning, 1):
            top = slots.get(key)
            owners = [key] if top is not None and (alone[top] or not self._owners(top)) else []
            for owner in owners:  # it grows meanwhile
                for child in groups.children(owner):
                    slot = slots.get(child, length)
                    if slot < length and not (inside[slot] or alone[slot]) and child != owner:
                        inside[slot] = True
                        if child in owning:
                            owners.append(child)
            if count % step == 0:
                yield

    def evaluate(self, slots: Iterable[int]) -> None:
        """Decide again which of these rows are inside others."""
        if self._groups is not None:
            slots = list(slots)
            for slot, found in zip(slots, list(self._places(slots)), strict=True):
                self.inside[slot], self._alone[slot] = found

    def adopt(self, inside: bytearray | None, length: int) -> None:
        """Take over which rows a job found inside others; there are this many slots now."""
        if inside is not None:
            self.is_current = True
            self.inside = bytearray(inside)
            self.inside.extend(bytes(length - len(inside)))

    def _places(self, slots: Collection[int]) -> Iterator[tuple[bool, bool]]:
        """Yield whether each row is inside another one, and whether it stands alone; twice False without a row.

        Take the places of all other rows as they are known.
        """
        undecided = set(slots)
        groups = self._groups
        has_top: dict[int, bool] = {}
        is_top = cache(self._is_top)  # each part of an index asks for the same one

        def is_settled(slot: int) -> bool:
            return self.is_current and bool(self.inside[slot]) and slot not in undecided

        for slot in slots:
            item = self._items[slot]
            if item is None or groups is None:
                yield False, False
            elif groups.stands_alone(item):
                yield False, True
            elif keys := groups.owners(item):
                owners = self._others(slot, keys)
                yield any(map(is_top, owners)) or self._has_top(slot, owners, has_top, is_settled), False
            else:
                yield False, False

    def _has_top(
        self, slot: int, owners: Sequence[int], known: dict[int, bool], is_settled: Callable[[int], bool]
    ) -> bool:
        """Return True if there is a top row above a row with these owners, none of which is one itself.

        Args:
            slot: the slot of the row, which does not stand alone.
            owners: the slots of its owners.
            known: by slot: whether a row is a top row, or has one above it. All rows on the way up are added, so that
                the rows of a long chain are not visited again for each of them.
            is_settled: returns True for a row that is known to have a top row above it.
        """
        if not owners or any(map(is_settled, owners)):
            return bool(owners)
        if slot in known:
            return known[slot]
        below: dict[int, list[int]] = {slot: []}
        waiting = [slot]
        while waiting:
            row = waiting.pop()
            for owner in self._owners(row):
                if owner not in below and owner not in known and not (is_settled(owner) or self._is_top(owner)):
                    waiting.append(owner)
                below.setdefault(owner, []).append(row)
        tops = {row for row in below if known.get(row) or is_settled(row) or self._is_top(row)}
        found = tops | _reached(tops, lambda row: below.get(row, ()))
        known.update((row, row in found) for row in below)
        return slot in found

    def kin(self, slots: Iterable[int], *, deep: bool) -> set[int]:
        """Return the rows whose place depends on these: rows that they belong to, and that belong to them.

        Of the rows above, the nearest ones and those that a line shows depend on these: what is shown below a row
        inside another one is decided there. Of the rows below, the children do, unless there may be a circle.

        Args:
            slots: the rows.
            deep: whether all rows below depend on these, as for a filter on what a row belongs to.
        """
        if self._groups is None:
            return set()
        slots = set(slots)
        nearest = {owner for slot in slots for owner in self._owners(slot)}
        above = nearest | _reached(nearest, self._owners)
        outside = {slot for slot in above if not self.inside[slot]}
        below = {child for slot in slots for child in self._children(slot)} - slots
        if below and (deep or below & above or self._may_be_circle(slots, above, outside - slots, below)):
            below = _reached(slots, self._children)
        return below | nearest | outside

    def _may_be_circle(self, slots: set[int], above: set[int], outside: Iterable[int], below: Iterable[int]) -> bool:
        """Return True unless rows are known to be in no circle: these, and those above and below them.

        Args:
            slots: the rows.
            above: all rows that they belong to.
            outside: of those, the other rows that are not inside another one.
            below: other rows that belong to them.
        """
        between = slots & above
        return (
            not all(map(self._is_top, outside))
            or not all(slots.issuperset(self._owners(child)) for child in below)
            or not all(
                inside or self._is_top(slot) for slot, (inside, _) in zip(between, self._places(between), strict=True)
            )
        )

    def tops(self, slots: Iterable[int], seen: set[int] | None = None) -> set[int]:
        """Return the top rows that these rows, which are inside, are shown below.

        A circle, which only tags can make, has none, so all of its rows are top. Who may push can make a chain of
        thousands of referrers, so this visits each row once.

        Args:
            slots: the rows.
            seen: the rows that earlier calls visited, which are not visited again; those of this call are added.
        """
        found: set[int] = set()
        seen = set() if seen is None else seen
        waiting = [slot for slot in slots if slot not in seen]
        seen.update(waiting)
        while waiting:
            for owner in self._owners(waiting.pop()):
                if owner in seen or owner in found:
                    continue
                if self._is_top(owner):
                    found.add(owner)
                else:
                    seen.add(owner)
                    waiting.append(owner)
        return found

    def above(self, slot: int) -> list[int]:
        """Return all rows that a row is below, the nearest top rows first. Some are no top rows.

        A row of a circle shows only what belongs to itself.
        """
        nearest = self.tops((slot,))
        return [*sorted(nearest), *sorted(_reached((slot,), self._owners) - nearest)]

    def _is_top(self, slot: int) -> bool:
        """Return True for a row that stands alone or has no owner. The rows of a circle are not found here."""
        return self._stands_alone(slot) or not self._owners(slot)

    def _stands_alone(self, slot: int) -> bool:
        return self._groups is not None and self._groups.stands_alone(cast(Item, self._items[slot]))

    def _owners(self, slot: int) -> list[int]:
        item = self._items[slot]
        keys = () if item is None or self._groups is None else self._groups.owners(item)
        return self._others(slot, keys) if keys else []

    def _children(self, slot: int) -> list[int]:
        item = self._items[slot]
        keys = () if item is None or self._groups is None else self._groups.children(self._key(item))
        return self._others(slot, keys) if keys else []

    def _others(self, slot: int, keys: Sequence[Key]) -> list[int]:
        """Return the slots of these keys that have a row, without a slot itself."""
        found = map(self._slots.get, keys)
        return [other for other in found if other is not None and other != slot]

    # What is shown below a row

    def is_unfolded(self, slot: int) -> bool:
        """Return True if the row shows all that is inside it."""
        if not self._exceptions:
            return self._unfolded
        return (self._key(cast(Item, self._items[slot])) in self._exceptions) != self._unfolded

    @property
    def any_unfolded(self) -> bool:
        """True if a row may be unfolded."""
        return self._unfolded or bool(self._exceptions)

    def unfold(self, slot: int, on: bool) -> None:
        """Unfold or fold a row."""
        key = self._key(cast(Item, self._items[slot]))
        (self._exceptions.add if on != self._unfolded else self._exceptions.discard)(key)

    def unfold_all(self, on: bool) -> None:
        """Unfold or fold all rows, and those that will arrive."""
        self._unfolded = on
        self._exceptions.clear()

    def outline(self, slot: int, depth: int) -> Outline:
        """Return how a row on a line is folded, at this depth below its top row."""
        if depth or not self._children(slot):
            return Outline(depth)
        return Outline(0, "-" if self.is_unfolded(slot) else "+")

    def everything_inside(self, slot: int) -> Inner:
        """Return all rows inside a row: below each child what is inside it.

        All rows of a circle are top rows, so each shows only what belongs to itself.
        """
        children = self._children(slot)
        if not children:
            return NOTHING_INSIDE
        inside: dict[int, int] = {}
        goes_on = self._is_top(slot)
        waiting = [(child, 1) for child in reversed(children)]
        while waiting:
            child, depth = waiting.pop()
            if child != slot and child not in inside:
                inside[child] = depth
                if goes_on:
                    waiting += [(each, depth + 1) for each in reversed(self._children(child))]
        return inside

    def shown_inside(self, slot: int, matches: Sequence[int], admits: Callable[[Item], bool] | None) -> Inner | None:
        """Return what is shown below a row; None if the row itself is not shown at the top.

        A row that does not match is shown with the matching rows inside it, so that one sees what they belong to. A
        matching row that stands alone is shown on a line of its own anyway, and so is one of a circle.

        Args:
            slot: the slot of the row, which is not inside another one.
            matches: by slot: whether the row itself passes the filter.
            admits: whether a row may be shown because a row inside it matches; None for always.
        """
        item = self._items[slot]
        if item is None:
            return None
        if self._groups is None or (matches[slot] and not self.is_unfolded(slot)):
            return NOTHING_INSIDE if matches[slot] else None
        if not matches[slot] and not self._is_top(slot):
            return None
        inner = self.everything_inside(slot)
        if matches[slot]:
            return inner
        hits = {child: depth for child, depth in inner.items() if matches[child]}
        below = (child for child in hits if not self._stands_alone(child))
        if slot not in self.tops(below) or (admits is not None and not admits(item)):
            return None
        return inner if self.is_unfolded(slot) else hits


def _reached(slots: Iterable[int], following: Callable[[int], Iterable[int]]) -> set[int]:
    """Return all slots that are reached from these, step by step."""
    found: set[int] = set()
    waiting = list(slots)
    for slot in waiting:  # it grows meanwhile
        for other in following(slot):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
