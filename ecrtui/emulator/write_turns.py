"""The order of the writes of one process: small writes first, and first come, first served."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class WriteTurns:
    """Let the threads of a process write one after the other, in the order in which they ask.

    SQLite lets waiting connections try again after pauses that grow. Under load some of them would wait very long.
    A large write, such as that of a part of a layer, waits for all small ones. So a small write waits for one large
    write at most, however many layers arrive at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._small: deque[threading.Lock] = deque()
        self._large: deque[threading.Lock] = deque()

    @property
    def waiting(self) -> int:
        """The number of threads that wait for their turn."""
        return len(self._small) + len(self._large)

    @contextmanager
    def turn(self, timeout: float, *, large: bool = False) -> Iterator[None]:
        """Wait for the turn of this thread, and keep it while the block runs.

        Args:
            timeout: seconds; the longest wait. -1 waits for ever.
            large: whether the write may take long.

        Raises:
            sqlite3.OperationalError: SQLITE_BUSY, the error of SQLite for a write that waited too long.
        """
        self._take(self._large if large else self._small, timeout)
        try:
            yield
        finally:
            self._give_up()

    def _take(self, queue: deque[threading.Lock], timeout: float) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            queue.append(mine)
        if mine.acquire(timeout=timeout):
            return
        with self._lock:
            if mine in queue:
                queue.remove(mine)
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise error
        # The turn came at the last moment.

    def _give_up(self) -> None:
        with self._lock:
            if queue := self._small or self._large:
                queue.popleft().release()
            else:
                self._taken = False
