"""Listings: the pages of a registry as batches of rows, every row once, stopped and resumed at will."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from ecrtui.registry.protocol import Page

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Batch(Generic[Item]):
    """What has come since the last batch, and how far the listing is."""

    items: tuple[Item, ...]
    """Rows that no batch before had, each once."""
    loaded: int
    """Rows so far, this batch's included."""
    pages: int
    """Pages read so far."""
    complete: bool
    """Whether this is all. The batch that says so is the last one; it may be without rows."""
    changed: tuple[Item, ...] = ()
    """Rows of earlier batches that were seen again and are different now (a tag moved while the pages came)."""
    throttled: float = 0.0
    """Seconds until the next request, because the service asked for fewer; such a batch comes before the wait."""


class Listing(Generic[Item]):
    """The rows of one listing, batch by batch. Iterating blocks, for instance in a daemon thread.

    A page that fails raises its EcrTuiError out of ``next()``; what has come stays, and iterating further goes on from
    where it stopped. One thread iterates; any thread may call :meth:`close`, which ends the iteration.
    """

    def __init__(self, pages: Callable[[str], Iterator[Page[Item]]], key: Callable[[Item], str]) -> None:
        self._pages = pages
        self._key = key
        self._seen: dict[str, Item] = {}
        self._token = ""
        self._page_count = 0
        self._done = False

    @property
    def loaded(self) -> int:
        """Rows so far."""
        return len(self._seen)

    @property
    def complete(self) -> bool:
        """Whether all pages were read."""
        return self._done

    def __iter__(self) -> Listing[Item]:
        return self

    def __next__(self) -> Batch[Item]:
        if self._done:
            raise StopIteration
        page = next(iter(self._pages(self._token)))
        fresh = {self._key(item): item for item in page.items if self._key(item) not in self._seen}
        self._seen.update(fresh)
        self._page_count += 1
        self._token = page.next_token
        self._done = not page.next_token
        return Batch(tuple(fresh.values()), len(self._seen), self._page_count, self._done)

    def close(self) -> None:
        """Stop: no further request is sent, and the iteration ends."""
        self._done = True
