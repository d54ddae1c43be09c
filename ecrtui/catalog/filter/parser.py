"""Parse the text of a filter into a predicate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import not_
from typing import Generic, TypeVar

from ecrtui.catalog.batch_predicate import matching_indices
from ecrtui.catalog.filter.images import IMAGES
from ecrtui.catalog.filter.language import FilterSchema, Mask
from ecrtui.catalog.filter.lexer import terms
from ecrtui.catalog.filter.matching import Spans, merged
from ecrtui.catalog.filter.repositories import REPOSITORIES
from ecrtui.ecr.image import Image
from ecrtui.ecr.repository import Repository

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Filter(Generic[Item]):
    """A parsed filter. An empty one is falsy and matches everything."""

    text: str
    matches: Callable[[Item], bool] = field(repr=False, compare=False)
    """Returns True if an item matches. The predicate of a parsed filter is a
    :class:`~ecrtui.catalog.batch_predicate.BatchPredicate`."""
    highlights: Sequence[Mapping[str, Callable[[str], Spans]]] = field(default=(), repr=False, compare=False)
    """By term: finders of the ranges to highlight, by the name of the shown value. Negated terms have none."""

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


def parse(text: str, now: float | None = None) -> Filter[Image]:
    """Parse a filter on images.

    Args:
        text: the filter; a blank text matches everything.
        now: the current time in seconds since the epoch, for ages; None to read the clock.

    Raises:
        FilterError: the text is not a valid filter.
    """
    return _parse(text, IMAGES, now)


def parse_repositories(text: str, now: float | None = None) -> Filter[Repository]:
    """Parse a filter on repositories; see :func:`parse`."""
    return _parse(text, REPOSITORIES, now)


def _parse(text: str, schema: FilterSchema[Item], now: float | None) -> Filter[Item]:
    moment = time.time() if now is None else now
    wanted: list[Mask[Item]] = []
    unwanted: list[Mask[Item]] = []
    highlights = []
    for term in terms(text):
        condition = schema.condition(term, moment)
        if term.negated:
            unwanted.append(condition.mask)
        else:
            wanted.append(condition.mask)
            highlights.append(condition.highlights)
    return Filter(text, _All(wanted, unwanted), tuple(highlights))


class _All(Generic[Item]):
    """The items that match all wanted conditions and no unwanted one."""

    def __init__(self, wanted: Iterable[Mask[Item]], unwanted: Iterable[Mask[Item]]) -> None:
        self._terms = [*((mask, True) for mask in wanted), *((mask, False) for mask in unwanted)]

    def __call__(self, item: Item, /) -> bool:
        return bool(self.matching_indices((item,)))

    def matching_indices(self, items: Sequence[Item], /) -> Sequence[int]:
        """Return the indices of the matching items, ascending. Each condition tests what the ones before it left."""
        left: Sequence[int] = range(len(items))
        for mask, wanted in self._terms:
            flags = mask(items if len(left) == len(items) else [items[index] for index in left])
            left = list(compress(left, flags if wanted else map(not_, flags)))
        return left
