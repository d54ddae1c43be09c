"""From the text of a filter to one predicate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ecrtui.model.image import Image, Repository

Item = TypeVar("Item")
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Filter(Generic[Item]):
    """A filter that was understood. An empty one is falsy and matches everything."""

    text: str
    matches: Callable[[Item], bool]
    """Whether the filter lets this item through."""

    def __bool__(self) -> bool:
        return bool(self.text.strip())

    def select(self, items: Iterable[Item]) -> list[Item]:
        """The items that match, in their order."""
        return list(filter(self.matches, items))

    def spans(self, text: str, field: str = "") -> Spans:
        """Where the filter matches within one shown value, to be highlighted: (start, end) pairs, sorted, disjoint.

        Args:
            text: one value as it is shown: one tag, a digest (short or whole), the kind, a repository's name.
            field: which one it is, "tag", "digest", "kind" or "name", so that ``tag:`` terms light up in tags alone;
                empty for all terms.
        """
        return ()


def parse(text: str, now: float | None = None) -> Filter[Image]:
    """The filter on images that the text says.

    Args:
        text: the filter; blank text matches everything.
        now: seconds since the epoch that ages count from; the clock's if None.

    Raises:
        FilterError: what is wrong, where, and what would be right.
    """
    word = text.strip().lower()
    return Filter(text, lambda image: any(word in tag.lower() for tag in image.tags) or word in image.digest)


def parse_repositories(text: str, now: float | None = None) -> Filter[Repository]:
    """The filter on repositories that the text says; see :func:`parse`."""
    now = time.time() if now is None else now
    word = text.strip().lower()
    return Filter(text, lambda repository: word in repository.name)
