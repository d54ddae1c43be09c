"""From threads that read ahead to the one that works: a bounded queue that can be closed from either end."""

from __future__ import annotations

from collections import deque
from threading import Condition, Event
from typing import Generic, TypeVar

Item = TypeVar("Item")


class ClosableQueue(Generic[Item]):
    """A queue that makes whoever puts wait while it is full, and lets everybody go when it is closed."""

    def __init__(self, size: int) -> None:
        self.closed = Event()
        self._size = size
        self._items: deque[Item] = deque()
        self._changed = Condition()

    def put(self, item: Item) -> bool:
        """Wait for room and put; False if the channel was closed instead."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed.is_set() or len(self._items) < self._size)
            if self.closed.is_set():
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def get(self) -> Item | None:
        """Wait for an item and take it; None if the channel was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed.is_set() or bool(self._items))
            if self.closed.is_set():
                return None
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def wait(self, seconds: float) -> bool:
        """Wait at most so long until there is an item, or the channel is closed; whether it came to that."""
        with self._changed:
            return self._changed.wait_for(lambda: self.closed.is_set() or bool(self._items), max(0.0, seconds))

    def close(self) -> None:
        """Let go of what is in it and of everybody who waits."""
        with self._changed:
            self.closed.set()
            self._items.clear()
            self._changed.notify_all()
