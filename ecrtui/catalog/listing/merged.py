"""The rows of several listings in one, as they arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Thread
from typing import Generic, TypeVar

from ecrtui.catalog.closable_queue import ClosableQueue
from ecrtui.catalog.listing.listing import Batch

Item = TypeVar("Item")

_QUEUED = 4
"""Batches that wait. A listing that is faster than its reader then pauses."""


class MergedListing(Generic[Item]):
    """A listing of batches that several threads read. Iterating blocks.

    Args:
        parts: each returns the rows of one listing in batches, in a thread of its own. What one raises ends the
            iteration with this exception.
    """

    def __init__(self, parts: Sequence[Callable[[], Iterable[tuple[Item, ...]]]]) -> None:
        self._queue: ClosableQueue[tuple[Item, ...] | Exception | None] = ClosableQueue(_QUEUED)
        self._running = len(parts)
        self._loaded = self._pages = 0
        for part in parts:
            Thread(target=self._read, args=(part,), daemon=True, name="merged listing").start()

    def __iter__(self) -> MergedListing[Item]:
        return self

    def __next__(self) -> Batch[Item]:
        if not self._running:
            raise StopIteration
        items = self._queue.get()
        if isinstance(items, Exception):
            raise items
        if items is None:
            self._running -= 1
            if self._queue.closed.is_set():
                raise StopIteration
        else:
            self._loaded += len(items)
            self._pages += 1
        return Batch(items or (), self._loaded, self._pages, complete=not self._running)

    def close(self) -> None:
        """End the iteration. Any thread may call this."""
        self._queue.close()

    def _read(self, part: Callable[[], Iterable[tuple[Item, ...]]]) -> None:
        try:
            for items in part():
                if not self._queue.put(items):
                    return
        except Exception as problem:  # noqa: BLE001 - raised in the thread that iterates
            self._queue.put(problem)
        else:
            self._queue.put(None)
