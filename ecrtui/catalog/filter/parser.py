"""From the text of a filter to one predicate."""

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
    """A filter that was understood. An empty one is falsy and matches everything."""

    text: str
    matches: Callable[[Item], bool] = field(repr=False, compare=False)
    """Whether the filter lets this item through. One that was parsed can be asked for many at once: it is a
    :class:`~ecrtui.catalog.batch_predicate.Sieve`."""
    highlights: Sequence[Mapping[str, Callable[[str], Spans]]] = field(default=(), repr=False, compare=False)
    """By term: where it matches in what is shown, by its name. Terms that must not match have none."""

    def __bool__(self) -> bool:
        return bool(self.text.strip())

    def select(self, items: Iterable[Item]) -> list[Item]:
        """The items that match, in their order."""
        known = list(items)
        return [known[place] for place in matching_indices(self.matches, known)]

    def spans(self, text: str, field: str = "") -> Spans:
        """Where the filter matches within one shown value, to be highlighted: (start, end) pairs, sorted, disjoint.

        Args:
            text: one value as it is shown: one tag, a digest (short or whole), the kind, a repository's name.
            field: which one it is ("tag", "digest", "kind"; "name", "uri", "mutability", "encryption"), so that
                ``tag:`` terms light up in tags alone; empty for all terms.
        """
        finders = (finder for shown in self.highlights for name, finder in shown.items() if name == field or not field)
        return merged(span for finder in finders for span in finder(text))


def parse(text: str, now: float | None = None) -> Filter[Image]:
    """The filter on images that the text says.

    Args:
        text: the filter; blank text matches everything.
        now: seconds since the epoch that ages count from; the clock's if None.

    Raises:
        FilterError: what is wrong, where, and what would be right.
    """
    return _parse(text, IMAGES, now)


def parse_repositories(text: str, now: float | None = None) -> Filter[Repository]:
    """The filter on repositories that the text says; see :func:`parse`."""
    return _parse(text, REPOSITORIES, now)


def _parse(text: str, language: FilterSchema[Item], now: float | None) -> Filter[Item]:
    moment = time.time() if now is None else now
    wanted: list[Mask[Item]] = []
    unwanted: list[Mask[Item]] = []
    highlights = []
    for term in terms(text):
        condition = language.condition(term, moment)
        if term.negated:
            unwanted.append(condition.mask)
        else:
            wanted.append(condition.mask)
            highlights.append(condition.highlights)
    return Filter(text, _All(wanted, unwanted), tuple(highlights))


class _All(Generic[Item]):
    """What all of the wanted conditions let through and none of the unwanted ones; a sieve."""

    def __init__(self, wanted: Iterable[Mask[Item]], unwanted: Iterable[Mask[Item]]) -> None:
        self._terms = [*((mask, True) for mask in wanted), *((mask, False) for mask in unwanted)]

    def __call__(self, item: Item, /) -> bool:
        return bool(self.matching_indices((item,)))

    def matching_indices(self, items: Sequence[Item], /) -> Sequence[int]:
        """Where among the items those are that match, ascending. Each condition is asked of what is left."""
        left: Sequence[int] = range(len(items))
        for mask, wanted in self._terms:
            flags = mask(items if len(left) == len(items) else [items[place] for place in left])
            left = list(compress(left, flags if wanted else map(not_, flags)))
        return left
