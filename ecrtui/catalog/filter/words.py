"""The filter of lists without fields: words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from ecrtui.catalog.filter.matching import starting_with
from ecrtui.catalog.filter.parser import Filter

Item = TypeVar("Item")


def words_filter(line: str, searchable: Callable[[Item], str]) -> Filter[Item]:
    """Return a filter for rows whose searchable text has all words of the line, in any case."""
    words = line.lower().split()
    return Filter(line, lambda row: all(word in searchable(row).lower() for word in words))


def complete_word(line: str, searchable: Callable[[Item], str], rows: Iterable[Sequence[Item]]) -> Iterator[str]:
    """Yield what can follow the last word of a line, from the searchable texts of the first rows at hand."""
    start = "" if line[-1:].isspace() else line.split()[-1] if line else ""
    words = [word for row in next(iter(rows), ()) for word in searchable(row).split()] if start else ()
    found = filter(str.isprintable, dict.fromkeys(starting_with(start, words)))
    yield from (word[len(start) :] for word in found if len(word) > len(start))
