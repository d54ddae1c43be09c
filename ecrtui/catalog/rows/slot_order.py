"""Order slots of rows by the value of a sort key, or by their arrival.

An order is a list of slots, ascending by value. Ties keep the order of arrival, which is that of the slots.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Generic, TypeVar, cast

from ecrtui.catalog.rows.sort_filter_job import SortKey

Item = TypeVar("Item")

BISECTION_COST = 50
"""Inserting one row by bisection takes about as long as one pass takes for this number of rows."""

LONGEST_RUN = 8_192
"""Slots of an order from which on :meth:`SlotOrder.add_run` joins it with no other: a sort holds the interpreter."""


class SlotOrder(Generic[Item]):
    """The value of each slot, and the position of slots in an order.

    Args:
        bisection_cost: rows that one pass handles in the time of one bisection.
    """

    def __init__(self, bisection_cost: int = BISECTION_COST) -> None:
        self._bisection_cost = bisection_cost
        self.sort_key: SortKey[Item] | None = None
        """The value to sort by; None for the order of arrival."""
        self.values: list[Any] = []
        """The values by slot; empty for the order of arrival."""

    def extend_to(self, length: int) -> None:
        """Make room for the values of new slots, up to this number."""
        if self.sort_key is not None:
            self.values += [None] * (length - len(self.values))

    def evaluate(self, items: Sequence[Item | None], slots: Iterable[int]) -> set[int]:
        """Compute the sort values of these rows; return the slots whose value has changed."""
        values, sort_key, rows = self.values, self.sort_key, cast(Sequence[Item], items)
        moved = set()
        if sort_key is not None:
            for slot in slots:
                value = sort_key(rows[slot])
                if value != values[slot]:
                    values[slot] = value
                    moved.add(slot)
        return moved

    def evaluate_new(self, items: Sequence[Item | None], slots: range) -> None:
        """Compute the sort values of new rows."""
        if self.sort_key is not None:
            rows = cast(Sequence[Item], items[slots.start : slots.stop])
            self.values[slots.start : slots.stop] = map(self.sort_key, rows)

    def position(self, order: list[int], slot: int, start: int = 0) -> int:
        """Return the position of a slot in an order, or the one where it belongs: by value, then by slot."""
        if self.sort_key is None:
            return bisect_left(order, slot, start)
        value, key = self.values[slot], self.values.__getitem__
        after = bisect_right(order, value, start, key=key)
        if after == start or order[after - 1] < slot:  # there is no tie, or the slot comes after all of its ties
            return after
        return bisect_left(order, slot, bisect_left(order, value, start, after, key=key), after)

    def merged(self, order: list[int], known: Collection[int], fresh: Collection[int]) -> list[int]:
        """Return the order with slots added: known ones anywhere, fresh ones that are greater than all in the order."""
        if len(fresh) * self._bisection_cost < len(order):
            return self._inserted(order, [*known, *fresh])
        return self.joined([self._inserted(order, known), self.joined([list(fresh)])])

    def joined(self, runs: Sequence[list[int]]) -> list[int]:
        """Return one order of orders, each of which has greater slots than those before it."""
        order = list(chain.from_iterable(runs))
        if self.sort_key is not None:
            order.sort(key=self.values.__getitem__)  # the sort merges the runs and keeps the order of ties
        return order

    def joined_in_pieces(self, runs: Sequence[list[int]], size: int) -> Iterator[list[int]]:
        """Yield what :meth:`joined` returns in pieces, each with this number of slots of the longest order."""
        starts = [0] * len(runs)
        for bound in (*max(runs, key=len)[size::size], None):
            ends = [
                len(run) if bound is None else self.position(run, bound, start)
                for run, start in zip(runs, starts, strict=True)
            ]
            yield self.joined([run[start:end] for run, start, end in zip(runs, starts, ends, strict=True)])
            starts = ends

    def add_run(self, runs: list[list[int]], fresh: Iterable[int]) -> None:
        """Add slots that are greater than all others to some orders, and join short ones of about the same length.

        So each slot is joined a few times only, however many pages arrive.
        """
        run = self.joined([list(fresh)])
        while runs and len(runs[-1]) < min(2 * len(run), LONGEST_RUN):
            run = self.joined([runs.pop(), run])
        runs.append(run)

    def removed(self, order: list[int], slots: Collection[int]) -> list[int]:
        """Return the order without some of its slots, whose values are those that it was made with."""
        if len(slots) * self._bisection_cost >= len(order):
            return [slot for slot in order if slot not in slots]
        left: list[int] = []
        start = 0
        for position in sorted(self.position(order, slot) for slot in slots):
            left += order[start:position]
            start = position + 1
        return left + order[start:]

    def _inserted(self, order: list[int], slots: Collection[int]) -> list[int]:
        """Return the order with some slots added by bisection, between slices of the old order."""
        if not slots:
            return order
        added = sorted(slots)
        if self.sort_key is not None:
            added.sort(key=self.values.__getitem__)
        merged: list[int] = []
        start = 0
        for slot in added:
            position = self.position(order, slot, start)
            merged += order[start:position]
            merged.append(slot)
            start = position
        return merged + order[start:]
