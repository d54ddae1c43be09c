"""Which of many items a predicate lets through.

A call for each of a hundred thousand items costs more than what is asked of them. A predicate that is a :class:`Sieve`
is asked for many at once instead, so that the loop over them can be one of the interpreter's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

Item = TypeVar("Item")
Judged = TypeVar("Judged", contravariant=True)


@runtime_checkable
class BatchPredicate(Protocol[Judged]):
    """A predicate that can be asked for many items at once."""

    def __call__(self, item: Judged, /) -> bool:
        """Whether this one is let through."""

    def matching_indices(self, items: Sequence[Judged], /) -> Sequence[int]:
        """Where among the items those are that are let through, ascending."""


def matching_indices(predicate: Callable[[Item], object], items: Sequence[Item]) -> Sequence[int]:
    """Where among the items those are that the predicate, a :class:`Sieve` or not, lets through; ascending."""
    if isinstance(predicate, BatchPredicate):
        return predicate.matching_indices(items)
    return [place for place, item in enumerate(items) if predicate(item)]
