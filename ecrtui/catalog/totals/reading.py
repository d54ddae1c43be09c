"""Count the images of many repositories: some at a time, at the pace that the service allows.

A repository of 100,000 images takes 100 requests. So a caller starts this only when the user asks for it, and can stop
it at any time; what was counted until then is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING

from ecrtui.catalog.batch_queue import BatchInput, BatchQueue, FailureLimit
from ecrtui.catalog.listing.page_source import ThrottlePause
from ecrtui.catalog.totals.counter import TotalsCounter
from ecrtui.catalog.totals.repository_totals import RepositoryTotals
from ecrtui.errors import OF_ALL_REQUESTS, EcrTuiError, ErrorKind, NotFound

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog

CONCURRENT_REPOSITORIES = 4
"""Repositories that are counted at the same time."""

BATCH_INTERVAL = 0.25
"""The least seconds between two batches. Each batch redraws rows."""

_OF_ALL_REPOSITORIES = (*OF_ALL_REQUESTS, ErrorKind.THROTTLED)
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
    throttled: float = 0.0
    """Seconds until the next request, because the service throttled one."""


class _Gone:
    """The repository does not exist any more."""


_Result = tuple[str, RepositoryTotals | EcrTuiError | _Gone]


@dataclass
class _Work:
    """What the threads of one reading share. It holds no reference to the reading, so that it can be freed."""

    catalog: Catalog
    names: Iterator[str]
    counted: Mapping[str, RepositoryTotals]
    results: BatchInput[_Result]
    failures: FailureLimit = field(default_factory=lambda: FailureLimit(_OF_ALL_REPOSITORIES))
    lock: Lock = field(default_factory=Lock)

    def next(self) -> str | None:
        with self.lock:
            return next(self.names, None)


class TotalsReading:
    """The totals of some repositories, batch by batch. Iterating blocks, so it runs in a daemon thread.

    Each repository comes once: with its totals, with an error, or not at all if it was deleted meanwhile. Any thread
    may call :meth:`close`, which ends the iteration.

    Args:
        catalog: the catalog of the registry. It keeps the totals.
        names: the repositories, the first one first.
        counted: the totals of those whose images were just counted, by name: only their lifecycle policy is read.
        interval: the least seconds between two batches.

    Raises:
        EcrTuiError: (from ``next()``) no repository can be counted: no credentials, throttled for long, no connection.
    """

    def __init__(
        self,
        catalog: Catalog,
        names: Sequence[str],
        counted: Mapping[str, RepositoryTotals],
        *,
        interval: float = BATCH_INTERVAL,
    ) -> None:
        self._names = tuple(dict.fromkeys(names))
        self._done = 0
        self._started = False
        self._queue: BatchQueue[_Result] = BatchQueue(64, interval)
        self._work = _Work(catalog, iter(self._names), counted, self._queue.input)

    def close(self) -> None:
        """End the iteration and send no further request."""
        self._queue.close()

    def __iter__(self) -> TotalsReading:
        return self

    def __next__(self) -> TotalsBatch:
        if not self._started:
            self._started = True
            for number in range(min(CONCURRENT_REPOSITORIES, len(self._names))):
                Thread(target=_count_all, args=(self._work,), daemon=True, name=f"totals {number}").start()
        results, throttled = self._queue.take(len(self._names) - self._done)
        self._done += len(results)
        totals = {name: result for name, result in results if isinstance(result, RepositoryTotals)}
        failures = {name: result for name, result in results if isinstance(result, EcrTuiError)}
        return TotalsBatch(totals, failures, self._done, throttled)


def _count_all(work: _Work) -> None:
    """Count repositories until there is no other one."""
    try:
        while not work.results.closed.is_set() and (name := work.next()) is not None:
            result = _count(work, name)
            if result is None or not work.results.put((name, result)):
                return
            work.failures.record(result if isinstance(result, EcrTuiError) else None)
    except Exception as problem:  # noqa: BLE001 - raised in the thread that iterates
        work.results.put(problem)


def _count(work: _Work, name: str) -> RepositoryTotals | EcrTuiError | _Gone | None:
    """Count one repository; return None if the reading was closed."""
    if name in work.counted:
        return _with_rules(work.catalog, name, work.counted[name])
    counter = TotalsCounter()
    listing = work.catalog.images(name, stream=True)
    try:
        for batch in listing:
            if work.results.closed.is_set():
                return None
            if batch.throttled:
                work.results.put(ThrottlePause(batch.throttled))
            counter.add(batch.items)
        return work.catalog.keep_totals(name, counter, work.catalog.lifecycle_rules(name))
    except NotFound:
        return _Gone()
    except EcrTuiError as error:
        return error
    finally:
        listing.close()


def _with_rules(catalog: Catalog, name: str, counted: RepositoryTotals) -> RepositoryTotals | _Gone:
    """Read the lifecycle policy of a repository whose images were counted."""
    try:
        totals = counted._replace(lifecycle=catalog.lifecycle_rules(name))
    except NotFound:
        catalog.known_totals.forget(name)
        return _Gone()
    catalog.known_totals.keep(name, totals)
    return totals
