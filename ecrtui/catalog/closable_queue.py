"""A bounded queue between the threads that read ahead and the thread that consumes."""

from __future__ import annotations

from collections import deque
from threading import Condition, Event
from typing import Generic, TypeVar

Item = TypeVar("Item")


class ClosableQueue(Generic[Item]):
    """A queue that blocks producers while it is full, and that either side can close.

    Closing releases every thread that waits. The standard ``queue.Queue`` has ``shutdown`` only from Python 3.13 on.

    Args:
        size: the number of items at which :meth:`put` waits.
    """

    def __init__(self, size: int) -> None:
        self.closed = Event()
        self._size = size
        self._items: deque[Item] = deque()
        self._changed = Condition()

    def put(self, item: Item) -> bool:
        """Wait for room and add the item; return False if the queue is closed instead."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed.is_set() or len(self._items) < self._size)
            if self.closed.is_set():
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def get(self) -> Item | None:
        """Wait for an item and remove it; return None if the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed.is_set() or bool(self._items))
            if self.closed.is_set():
                return None
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def wait(self, seconds: float) -> bool:
        """Wait at most this long for an item or the end; return True if there is one."""
        with self._changed:
            return self._changed.wait_for(lambda: self.closed.is_set() or bool(self._items), max(0.0, seconds))

    def close(self) -> None:
        """Drop all items and release every thread that waits."""
        with self._changed:
            self.closed.set()
            self._items.clear()
            self._changed.notify_all()
