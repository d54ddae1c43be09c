"""Read the scans of many images: rate-limited, in threads, and each scan once.

A scan costs a request of its own. So a caller names the images whose scans it needs, and can stop at any time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, Thread

from ecrtui.catalog.batch_queue import BatchInput, BatchQueue, FailureLimit
from ecrtui.catalog.known_scans import KnownScans
from ecrtui.catalog.listing.page_source import ThrottlePause
from ecrtui.ecr.findings import ImageScan
from ecrtui.errors import OF_ALL_REQUESTS, EcrTuiError, ErrorKind
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter

REQUESTS_PER_SECOND = 20.0
"""Highest rate of DescribeImageScanFindings. ECR publishes no quota for it."""

CONCURRENT_REQUESTS = 4
"""Requests at the same time. They hide the distance to the service."""

MAX_THROTTLED = 6
"""Throttled requests in a row, each after a longer pause, before reading stops."""

BATCH_INTERVAL = 0.25
"""The least seconds between two batches. Each batch redraws rows."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScanBatch:
    """The scans since the last batch, and the progress."""

    scans: Mapping[str, ImageScan]
    """By digest."""
    failures: Mapping[str, EcrTuiError]
    """By digest: why the scan of an image could not be read."""
    done: int
    """The number of images so far, this batch included."""
    total: int
    throttled: float = 0.0
    """Seconds until the next request, because the service throttled one."""


_Result = tuple[str, ImageScan | EcrTuiError]

_OF_ALL_IMAGES = (
    *OF_ALL_REQUESTS,
    ErrorKind.DENIED,
    ErrorKind.REPOSITORY_NOT_FOUND,
    ErrorKind.UNSUPPORTED,
    ErrorKind.THROTTLED,
)
"""Errors that every other image would give, too. Throttling is one after :data:`MAX_THROTTLED` requests."""


@dataclass
class _Work:
    """What the threads of one reading share. It holds no reference to the reading, so that it can be freed."""

    registry: Registry
    repository: str
    digests: Iterator[str]
    known: KnownScans
    limiter: RateLimiter
    results: BatchInput[_Result]
    failures: FailureLimit = field(default_factory=lambda: FailureLimit(_OF_ALL_IMAGES))
    lock: Lock = field(default_factory=Lock)

    def next(self) -> str | None:
        with self.lock:
            return next(self.digests, None)


class ScanReading:
    """The scans of some images, batch by batch. Iterating blocks, so it runs in a daemon thread.

    Each image comes once: with its scan, or with the error of its request. A refusal of the service that concerns all
    images ends the iteration. Any thread may call :meth:`close`, which ends it too. The scans of requests under way are
    kept then: the next reading does not send them again.

    Args:
        registry: the registry to read.
        repository: the repository of the images.
        digests: the images.
        known: the scans that need no request; it receives the others.
        limiter: limits the requests.
        interval: the least seconds between two batches.

    Raises:
        EcrTuiError: (from ``next()``) the scans cannot be read: access denied, throttled for long, no connection.
    """

    def __init__(
        self,
        registry: Registry,
        repository: str,
        digests: Iterable[str],
        known: KnownScans,
        limiter: RateLimiter,
        *,
        interval: float = BATCH_INTERVAL,
    ) -> None:
        self._registry = registry
        self._repository = repository
        self._digests = tuple(dict.fromkeys(digests))
        self._known = known
        self._limiter = limiter
        self._done = 0
        self._started = False
        self._queue: BatchQueue[_Result] = BatchQueue(64, interval)

    def close(self) -> None:
        """End the iteration and send no further request."""
        self._queue.close()

    def __iter__(self) -> ScanReading:
        return self

    def __next__(self) -> ScanBatch:
        if not self._started:
            self._started = True
            found = self._known.find(self._repository, self._digests)
            self._start([digest for digest in self._digests if digest not in found])
            if found:
                return self._batch(found, {})
        results, throttled = self._queue.take(len(self._digests) - self._done)
        self._known.save(self._repository)
        scans = {digest: result for digest, result in results if isinstance(result, ImageScan)}
        failures = {digest: result for digest, result in results if isinstance(result, EcrTuiError)}
        return self._batch(scans, failures, throttled)

    def _start(self, digests: Sequence[str]) -> None:
        work = _Work(self._registry, self._repository, iter(digests), self._known, self._limiter, self._queue.input)
        for _ in range(min(CONCURRENT_REQUESTS, len(digests))):
            Thread(target=_read, args=(work,), daemon=True, name="scans").start()

    def _batch(
        self, scans: Mapping[str, ImageScan], failures: Mapping[str, EcrTuiError], throttled: float = 0.0
    ) -> ScanBatch:
        self._done += len(scans) + len(failures)
        return ScanBatch(scans, failures, self._done, len(self._digests), throttled)


def _read(work: _Work) -> None:
    """Read scans until there is no other image."""
    try:
        while (digest := work.next()) is not None:
            result = work.known.get_or_read(work.repository, digest, partial(_request, work, digest))
            if result is None or not work.results.put((digest, result)):
                work.known.save(work.repository)  # the reading was closed, so the result is not collected
                return
            work.failures.record(result if isinstance(result, EcrTuiError) else None)
    except Exception as problem:  # noqa: BLE001 - raised in the thread that iterates
        work.results.put(problem)


def _request(work: _Work, digest: str) -> ImageScan | EcrTuiError | None:
    """Request the scan of an image. Return it, or the error of the request; None if the reading was closed.

    Raises:
        EcrTuiError: no other scan can be read either.
    """
    limiter = work.limiter
    throttled = 0
    while True:
        limiter.acquire()
        if work.results.closed.is_set():
            return None
        try:
            scan = work.registry.scan(work.repository, digest)
        except EcrTuiError as error:
            if error.kind is ErrorKind.THROTTLED and throttled < MAX_THROTTLED:
                throttled += 1
                limiter.record_throttling()
                _log.info("throttled while reading scans of %s", work.repository)
                work.results.put(ThrottlePause(limiter.seconds_for(1)))
                continue
            if error.kind in _OF_ALL_IMAGES:
                raise
            return error
        limiter.record_success()
        return scan
