"""The filter of lists without fields: words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ecrtui.catalog.filter.parser import Filter

Item = TypeVar("Item")


def words_filter(line: str, searchable: Callable[[Item], str]) -> Filter[Item]:
    """Return a filter for rows whose searchable text has all words of the line, in any case."""
    words = line.lower().split()
    return Filter(line, lambda row: all(word in searchable(row).lower() for word in words))
