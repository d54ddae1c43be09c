"""Predicates that decide about many items in one call.

For 100,000 items, the calls of a predicate cost more than what it tests. A :class:`BatchPredicate` gets many items at
once, so that the interpreter's own loops can run over them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Protocol, TypeVar, cast, runtime_checkable

Item = TypeVar("Item")
Tested = TypeVar("Tested", contravariant=True)


@runtime_checkable
class BatchPredicate(Protocol[Tested]):
    """A predicate that can also decide about many items at once."""

    def __call__(self, item: Tested, /) -> bool:
        """Return True if the item matches."""

    def matching_indices(self, items: Sequence[Tested], /) -> Sequence[int]:
        """Return the indices of the matching items, ascending."""


@runtime_checkable
class GroupPredicate(Protocol[Tested]):
    """A predicate that also decides about rows with other rows inside."""

    def admits(self, item: Tested, /) -> bool:
        """Return True if the item may be shown because an item that belongs to it matches."""


def matching_indices(predicate: Callable[[Item], object], items: Sequence[Item]) -> Sequence[int]:
    """Return the indices of the items that match the predicate, ascending."""
    kind: type = type(predicate)
    if _takes_many(kind):
        return cast("BatchPredicate[Item]", predicate).matching_indices(items)
    return [index for index, item in enumerate(items) if predicate(item)]


@cache  # before Python 3.12, this takes as long as a filter of some hundred rows
def _takes_many(kind: type) -> bool:
    return issubclass(kind, BatchPredicate)
