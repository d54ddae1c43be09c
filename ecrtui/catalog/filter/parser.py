"""Parse the text of a filter into a predicate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import not_
from typing import Generic, TypeVar

from ecrtui.catalog.filter.images import Protects, image_schema, protects_nothing
from ecrtui.catalog.filter.language import Condition, FilterSchema, Knowledge
from ecrtui.catalog.filter.matching import Spans, merged
from ecrtui.catalog.filter.repositories import REPOSITORIES
from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.catalog.rows.batch_predicate import matching_indices
from ecrtui.ecr.image import Image
from ecrtui.ecr.repository import Repository

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Filter(Generic[Item]):
    """A parsed filter. An empty one is falsy and matches everything."""

    text: str
    matches: Callable[[Item], bool] = field(repr=False, compare=False)
    """Returns True if an item matches. The predicate of a parsed filter is a
    :class:`~ecrtui.catalog.rows.batch_predicate.BatchPredicate`, and a
    :class:`~ecrtui.catalog.rows.batch_predicate.GroupPredicate`."""
    highlights: Sequence[Mapping[str, Callable[[str], Spans]]] = field(default=(), repr=False, compare=False)
    """By term: finders of the ranges to highlight, by the name of the shown value. Negated terms have none."""
    undecided: Callable[[Sequence[Item]], Sequence[int]] = field(default=lambda items: [], repr=False, compare=False)
    """Returns the indices of the undecided items, ascending: it is not known whether they match."""
    relevant: Callable[[Sequence[Item]], Sequence[int]] = field(
        default=lambda items: range(len(items)), repr=False, compare=False
    )
    """Returns the indices of the items that satisfy the terms whose values a listing has, ascending. To decide about
    them, the filter needs to know the rest."""
    needs: frozenset[Knowledge] = frozenset()
    """What a listing may lack, and the filter has to know."""

    def __bool__(self) -> bool:
        return bool(self.text.strip())

    def select(self, items: Iterable[Item]) -> list[Item]:
        """Return the matching items in their order."""
        known = list(items)
        return [known[index] for index in matching_indices(self.matches, known)]

    def spans(self, text: str, field: str = "") -> Spans:
        """Return the ranges to highlight in one shown value: (start, end) pairs, sorted and disjoint.

        Args:
            text: one value as it is shown: a tag, a digest (short or whole), the kind, or the name of a repository.
            field: the name of the value ("tag", "digest", "kind"; "name", "uri", "mutability", "encryption"), so that
                ``tag:`` terms highlight tags only; empty for all terms.
        """
        finders = (finder for shown in self.highlights for name, finder in shown.items() if name == field or not field)
        return merged(span for finder in finders for span in finder(text))


def parse(
    text: str, now: float | None = None, groups: ImageGroups | None = None, protects: Protects = protects_nothing
) -> Filter[Image]:
    """Parse a filter on images.

    Args:
        text: the filter; a blank text matches everything.
        now: the time in seconds since the epoch that ages count from; None for the time at which a row is tested.
        groups: the images of the repository that belong together; None if nothing is known of them.
        protects: returns True for a protected tag.

    Raises:
        FilterError: the text is not a valid filter.
    """
    return parse_terms(text, image_schema(ImageGroups() if groups is None else groups, protects), now)


def parse_repositories(text: str, now: float | None = None) -> Filter[Repository]:
    """Parse a filter on repositories; see :func:`parse`."""
    return parse_terms(text, REPOSITORIES, now)


def parse_terms(text: str, schema: FilterSchema[Item], now: float | None = None) -> Filter[Item]:
    """Parse a filter whose fields are those of a schema; see :func:`parse`."""
    clock = time.time if now is None else lambda: now
    clauses = [_Clause(schema.condition(term, clock), term.negated) for term in schema.terms(text)]
    predicate = _All(clauses)
    return Filter(
        text,
        predicate,
        tuple(clause.condition.highlights for clause in clauses if not clause.negated),
        predicate.undecided_indices,
        predicate.relevant_indices,
        frozenset(clause.condition.needs for clause in clauses if clause.condition.needs),
    )


@dataclass(frozen=True, slots=True)
class _Clause(Generic[Item]):
    """A term of a filter."""

    condition: Condition[Item]
    negated: bool

    def select(self, items: Sequence[Item]) -> Iterable[object]:
        """Return a truthy value for each item that satisfies the term."""
        flags = self.condition.mask(items)
        if not self.negated:
            return flags
        excluded = flags if self.condition.undecided is None else map(_either, flags, self.condition.undecided(items))
        return map(not_, excluded)

    def select_possible(self, items: Sequence[Item]) -> Iterable[object]:
        """Return a truthy value for each item that satisfies the term or might do so."""
        flags = self.select(items)
        return flags if self.condition.undecided is None else map(_either, flags, self.condition.undecided(items))


class _All(Generic[Item]):
    """The items that satisfy all clauses."""

    def __init__(self, clauses: Sequence[_Clause[Item]]) -> None:
        self._clauses = clauses

    def __call__(self, item: Item, /) -> bool:
        return bool(self.matching_indices((item,)))

    def matching_indices(self, items: Sequence[Item], /) -> Sequence[int]:
        """Return the indices of the matching items, ascending. Each clause tests what the ones before it left."""
        return _select(items, [clause.select for clause in self._clauses])

    def admits(self, item: Item, /) -> bool:
        """Return True unless a negated term hides the item, with all that belongs to it."""
        hiding = (clause.condition.mask for clause in self._clauses if clause.negated)
        return not any(any(mask((item,))) for mask in hiding)

    def undecided_indices(self, items: Sequence[Item]) -> Sequence[int]:
        """Return the indices of the items that might match, ascending."""
        unknown = [clause.condition.undecided for clause in self._clauses if clause.condition.undecided is not None]
        doubtful = [
            index for index, flags in enumerate(zip(*(mask(items) for mask in unknown), strict=True)) if any(flags)
        ]
        left = [items[index] for index in doubtful]
        possible = _select(left, [clause.select_possible for clause in self._clauses]) if left else ()
        matching = set(self.matching_indices(left)) if possible else ()
        return [doubtful[index] for index in possible if index not in matching]

    def relevant_indices(self, items: Sequence[Item]) -> Sequence[int]:
        """Return the indices of the items that satisfy the clauses that need nothing."""
        return _select(items, [clause.select for clause in self._clauses if clause.condition.needs is None])


def _select(items: Sequence[Item], masks: Iterable[Callable[[Sequence[Item]], Iterable[object]]]) -> Sequence[int]:
    left: Sequence[int] = range(len(items))
    for mask in masks:
        flags = mask(items if len(left) == len(items) else [items[index] for index in left])
        if isinstance(flags, bytes) and 1 not in flags:  # the usual chunk of a long list
            return []
        left = list(compress(left, flags))
    return left


def _either(one: object, other: object) -> bool:
    return bool(one or other)
