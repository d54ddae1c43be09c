"""Count the images of many repositories: some at a time, at the pace that the service allows.

A repository of 100,000 images takes 100 requests. So a caller starts this only when the user asks for it, and can stop
it at any time; what was counted until then is kept.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple

from ecrtui.catalog.closable_queue import ClosableQueue
from ecrtui.catalog.repository_totals import RepositoryTotals, TotalsCounter
from ecrtui.errors import EcrTuiError, ErrorKind, NotFound

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog

CONCURRENT_REPOSITORIES = 4
"""Repositories that are counted at the same time."""

MAX_FAILURES = 3
"""Repositories in a row that could not be counted, for another reason than a missing permission, before the end."""

BATCH_INTERVAL = 0.25
"""The least seconds between two batches. Each batch redraws rows."""

_OF_ALL_REPOSITORIES = (ErrorKind.CREDENTIALS, ErrorKind.CLOCK, ErrorKind.ACCOUNT_CHANGED, ErrorKind.THROTTLED)
"""Errors that every other repository would give, too."""


@dataclass(frozen=True, slots=True)
class TotalsBatch:
    """The totals since the last batch, and the progress."""

    totals: Mapping[str, RepositoryTotals]
    """By the name of the repository."""
    failures: Mapping[str, EcrTuiError]
    """By the name of the repository: why it could not be counted."""
    done: int
    """The number of repositories so far, this batch included."""
    counting: int
    """The number of repositories that are being counted."""
    throttled: float = 0.0
    """Seconds until the next request, because the service throttled one."""


class _Throttled(NamedTuple):
    seconds: float


class _Gone(NamedTuple):
    """The repository does not exist any more."""


_Event = tuple[str, RepositoryTotals | EcrTuiError | _Gone] | _Throttled | Exception


@dataclass
class _Progress:
    """The state that the threads of one reading share."""

    names: Iterator[str]
    lock: Lock = field(default_factory=Lock)
    counting: int = 0
    failed_in_a_row: int = 0

    def next(self) -> str | None:
        with self.lock:
            name = next(self.names, None)
            self.counting += name is not None
            return name

    def finish(self, result: RepositoryTotals | EcrTuiError | _Gone) -> None:
        """Record a result. Raise an error that other repositories would give, too."""
        with self.lock:
            self.counting -= 1
            if not isinstance(result, EcrTuiError):
                self.failed_in_a_row = 0
                return
            self.failed_in_a_row += result.kind is not ErrorKind.DENIED
            if result.kind in _OF_ALL_REPOSITORIES or self.failed_in_a_row >= MAX_FAILURES:
                raise result


class TotalsReading:
    """The totals of some repositories, batch by batch. Iterating blocks, so it runs in a daemon thread.

    Each repository comes once: with its totals, with an error, or not at all if it was deleted meanwhile. Any thread
    may call :meth:`close`, which ends the iteration.

    Args:
        catalog: the catalog of the registry. It keeps the totals.
        names: the repositories, the first one first.
        interval: the least seconds between two batches.

    Raises:
        EcrTuiError: (from ``next()``) no repository can be counted: no credentials, throttled for long, no connection.
    """

    def __init__(self, catalog: Catalog, names: Sequence[str], *, interval: float = BATCH_INTERVAL) -> None:
        self._catalog = catalog
        self._names = tuple(dict.fromkeys(names))
        self._progress = _Progress(iter(self._names))
        self._interval = interval
        self._done = 0
        self._started = False
        self._last_batch = 0.0
        self._pending_error: Exception | None = None
        self._queue: ClosableQueue[_Event] = ClosableQueue(64)
        # A reading that is freed must not leave threads behind that wait for room in the queue.
        weakref.finalize(self, self._queue.close)

    def close(self) -> None:
        """End the iteration and send no further request."""
        self._queue.close()

    def __iter__(self) -> TotalsReading:
        return self

    def __next__(self) -> TotalsBatch:
        if self._pending_error is not None:
            self.close()
            problem, self._pending_error = self._pending_error, None
            raise problem
        if not self._started:
            self._started = True
            for number in range(min(CONCURRENT_REPOSITORIES, len(self._names))):
                arguments = (self._catalog, self._progress, self._queue)
                Thread(target=_count_all, args=arguments, daemon=True, name=f"totals {number}").start()
        if self._done >= len(self._names) or self._queue.closed.is_set():
            raise StopIteration
        return self._collect()

    def _collect(self) -> TotalsBatch:
        """Wait for the first result, and for others until the end of the interval."""
        until = self._last_batch + self._interval
        totals: dict[str, RepositoryTotals] = {}
        failures: dict[str, EcrTuiError] = {}
        throttled = 0.0
        while True:
            event = self._queue.get()
            if event is None:
                raise StopIteration
            if isinstance(event, _Throttled):
                throttled = event.seconds
                break
            if isinstance(event, Exception):
                self._pending_error = event  # raised after the results that came before it
                break
            name, result = event
            self._done += 1
            if isinstance(result, RepositoryTotals):
                totals[name] = result
            elif isinstance(result, EcrTuiError):
                failures[name] = result
            rest = until - time.monotonic()
            if self._done >= len(self._names) or not self._queue.wait(max(rest, 0.0)):
                break
        self._last_batch = time.monotonic()
        return TotalsBatch(totals, failures, self._done, self._progress.counting, throttled)


def _count_all(catalog: Catalog, progress: _Progress, queue: ClosableQueue[_Event]) -> None:
    """Count repositories into the queue. The thread holds no reference to the reading, so that it can be freed."""
    try:
        while not queue.closed.is_set() and (name := progress.next()) is not None:
            result = _count(catalog, name, queue)
            if result is None or not queue.put((name, result)):
                return
            progress.finish(result)
    except Exception as problem:  # noqa: BLE001 - raised in the thread that iterates
        queue.put(problem)


def _count(catalog: Catalog, name: str, queue: ClosableQueue[_Event]) -> RepositoryTotals | EcrTuiError | _Gone | None:
    """Count one repository; return None if the reading was closed."""
    counter = TotalsCounter()
    listing = catalog.images(name, stream=True)
    try:
        for batch in listing:
            if queue.closed.is_set():
                return None
            if batch.throttled:
                queue.put(_Throttled(batch.throttled))
            counter.add(batch.items)
        return catalog.keep_totals(name, counter)
    except NotFound:
        return _Gone()
    except EcrTuiError as error:
        return error
    finally:
        listing.close()
