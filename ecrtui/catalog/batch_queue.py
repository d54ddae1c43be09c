"""What several threads find, for one thread that takes it in batches: each batch redraws rows."""

from __future__ import annotations

import time
import weakref
from collections.abc import Collection
from threading import Lock
from typing import Generic, TypeVar

from ecrtui.catalog.closable_queue import ClosableQueue
from ecrtui.catalog.listing.page_source import ThrottlePause
from ecrtui.errors import EcrTuiError, ErrorKind

Result = TypeVar("Result")

MAX_FAILURES = 3
"""Failed requests in a row before reading stops: then the service fails, not one item."""


class End:
    """No result follows."""


BatchInput = ClosableQueue[Result | ThrottlePause | Exception | End]
"""Where threads put their results, pauses and errors. They must hold no reference to the :class:`BatchQueue`."""


class BatchQueue(Generic[Result]):
    """A queue that gives its results in batches. Any thread may call :meth:`close`.

    If it is freed, the threads that wait for room in it end.

    Args:
        size: the number of results that can wait.
        interval: the least seconds between two batches.
    """

    def __init__(self, size: int, interval: float) -> None:
        self.input: BatchInput[Result] = ClosableQueue(size)
        self._interval = interval
        self._last_batch = 0.0
        self._problem: Exception | None = None
        weakref.finalize(self, self.input.close)

    def close(self) -> None:
        """End the iteration, and release every thread that waits."""
        self.input.close()

    def take(self, most: int | None = None) -> tuple[list[Result], float]:
        """Wait for the first result, and for others until the end of the interval.

        Args:
            most: the number of results that can follow; None if it is not known.

        Return:
            The results, and the seconds until the next request if the service throttled one.

        Raises:
            StopIteration: the queue is closed, or no result follows.
            Exception: a thread put it into the queue. The results that came before it are returned first.
        """
        until = self._last_batch + self._interval
        results: list[Result] = []
        while self._problem is None and len(results) != most:
            event = self.input.get()
            if event is None:
                raise StopIteration
            if isinstance(event, ThrottlePause):
                return self._batch(results, event.seconds)
            if isinstance(event, End):
                self.close()
                break
            if isinstance(event, Exception):
                self._problem = event
                break
            results.append(event)
            if not self.input.wait(until - time.monotonic()):
                break
        if results:
            return self._batch(results)
        self.close()
        problem, self._problem = self._problem, None
        raise problem or StopIteration

    def _batch(self, results: list[Result], throttled: float = 0.0) -> tuple[list[Result], float]:
        self._last_batch = time.monotonic()
        return results, throttled


class FailureLimit:
    """Ends a reading of many items when not one item fails, but the service. Thread-safe.

    Args:
        of_all: the kinds of errors that every other item would give, too.
    """

    def __init__(self, of_all: Collection[ErrorKind]) -> None:
        self._of_all = of_all
        self._in_a_row = 0
        self._lock = Lock()

    def record(self, error: EcrTuiError | None) -> None:
        """Record the result of one item; None for one without an error.

        Raises:
            EcrTuiError: the error, if it ends the reading.
        """
        with self._lock:
            answered = error is None or error.kind in (ErrorKind.DENIED, ErrorKind.IMAGE_NOT_FOUND)
            self._in_a_row = 0 if answered else self._in_a_row + 1
            if error is not None and (error.kind in self._of_all or self._in_a_row >= MAX_FAILURES):
                raise error
