"""From the text of a filter to one predicate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ecrtui.model.filter.images import IMAGES
from ecrtui.model.filter.language import Language, Predicate
from ecrtui.model.filter.lexer import terms
from ecrtui.model.filter.matching import Spans, merged
from ecrtui.model.filter.repositories import REPOSITORIES
from ecrtui.model.image import Image, Repository

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Filter(Generic[Item]):
    """A filter that was understood. An empty one is falsy and matches everything."""

    text: str
    matches: Callable[[Item], bool] = field(repr=False, compare=False)
    """Whether the filter lets this item through."""
    highlights: Sequence[Mapping[str, Callable[[str], Spans]]] = field(default=(), repr=False, compare=False)
    """By term: where it matches in what is shown, by its name. Terms that must not match have none."""

    def __bool__(self) -> bool:
        return bool(self.text.strip())

    def select(self, items: Iterable[Item]) -> list[Item]:
        """The items that match, in their order."""
        return list(filter(self.matches, items))

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


def _parse(text: str, language: Language[Item], now: float | None) -> Filter[Item]:
    moment = time.time() if now is None else now
    wanted: list[Predicate[Item]] = []
    unwanted: list[Predicate[Item]] = []
    highlights = []
    for term in terms(text):
        condition = language.condition(term, moment)
        if term.negated:
            unwanted.append(condition.matches)
        else:
            wanted.append(condition.matches)
            highlights.append(condition.highlights)
    return Filter(text, _all(wanted, unwanted), tuple(highlights))


def _all(wanted: Sequence[Predicate[Item]], unwanted: Sequence[Predicate[Item]]) -> Callable[[Item], bool]:
    if len(wanted) == 1 and not unwanted:
        only = wanted[0]
        return lambda item: bool(only(item))

    def matches(item: Item) -> bool:
        for predicate in wanted:
            if not predicate(item):
                return False
        for predicate in unwanted:  # noqa: SIM110 - a generator costs three times as much here
            if predicate(item):
                return False
        return True

    return matches
