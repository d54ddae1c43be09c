"""Read the scans of many images: rate-limited, in threads, and each scan once.

A scan costs a request of its own. So a caller names the images whose scans it needs, and can stop at any time.
"""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, Thread
from typing import NamedTuple

from ecrtui.catalog.closable_queue import ClosableQueue
from ecrtui.catalog.known_scans import KnownScans
from ecrtui.ecr.findings import ImageScan
from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter

REQUESTS_PER_SECOND = 20.0
"""Highest rate of DescribeImageScanFindings. ECR publishes no quota for it."""

CONCURRENT_REQUESTS = 4
"""Requests at the same time. They hide the distance to the service."""

MAX_THROTTLED = 6
"""Throttled requests in a row, each after a longer pause, before reading stops."""

MAX_FAILURES = 3
"""Failed requests in a row before reading stops: then the service fails, not one image."""

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


class _Throttled(NamedTuple):
    seconds: float


_Event = tuple[str, ImageScan | EcrTuiError] | _Throttled | Exception


@dataclass
class _Progress:
    """The state that the threads of one reading share."""

    digests: Iterator[str]
    lock: Lock = field(default_factory=Lock)
    failed_in_a_row: int = 0

    def next(self) -> str | None:
        with self.lock:
            return next(self.digests, None)

    def record(self, *, failed: bool) -> int:
        """Return the number of failures in a row."""
        with self.lock:
            self.failed_in_a_row = self.failed_in_a_row + 1 if failed else 0
            return self.failed_in_a_row


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
        self._interval = interval
        self._done = 0
        self._started = False
        self._last_batch = 0.0
        self._pending_error: Exception | None = None
        self._queue: ClosableQueue[_Event] = ClosableQueue(max(2 * CONCURRENT_REQUESTS, 64))
        # A reading that is freed must not leave threads behind that wait for room in the queue.
        weakref.finalize(self, self._queue.close)

    def close(self) -> None:
        """End the iteration and send no further request."""
        self._queue.close()

    def __iter__(self) -> ScanReading:
        return self

    def __next__(self) -> ScanBatch:
        if self._pending_error is not None:
            self.close()
            problem, self._pending_error = self._pending_error, None
            raise problem
        if not self._started:
            self._started = True
            found = self._known.find(self._repository, self._digests)
            self._start([digest for digest in self._digests if digest not in found])
            if found:
                return self._batch(found, {})
        if self._done >= len(self._digests) or self._queue.closed.is_set():
            raise StopIteration
        return self._collect()

    def _start(self, digests: Sequence[str]) -> None:
        progress = _Progress(iter(digests))
        for _ in range(min(CONCURRENT_REQUESTS, len(digests))):
            arguments = (self._registry, self._repository, progress, self._known, self._limiter, self._queue)
            Thread(target=_read, args=arguments, daemon=True, name="scans").start()

    def _collect(self) -> ScanBatch:
        """Wait for the first result, and for others until the end of the interval."""
        until = self._last_batch + self._interval
        scans: dict[str, ImageScan] = {}
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
                if not scans and not failures:
                    self.close()
                    raise event
                self._pending_error = event  # raised after the results that came before it
                break
            digest, result = event
            if isinstance(result, ImageScan):
                scans[digest] = result
            else:
                failures[digest] = result
            rest = until - time.monotonic()
            if self._done + len(scans) + len(failures) >= len(self._digests) or not self._queue.wait(max(rest, 0.0)):
                break
        self._known.save(self._repository)
        return self._batch(scans, failures, throttled)

    def _batch(
        self, scans: Mapping[str, ImageScan], failures: Mapping[str, EcrTuiError], throttled: float = 0.0
    ) -> ScanBatch:
        self._done += len(scans) + len(failures)
        self._last_batch = time.monotonic()
        return ScanBatch(scans, failures, self._done, len(self._digests), throttled)


def _read(
    registry: Registry,
    repository: str,
    progress: _Progress,
    known: KnownScans,
    limiter: RateLimiter,
    queue: ClosableQueue[_Event],
) -> None:
    """Read scans into the queue. The thread holds no reference to the reading, so that it can be freed."""
    try:
        while (digest := progress.next()) is not None:
            result = known.get_or_read(
                repository, digest, partial(_request, registry, repository, digest, limiter, queue)
            )
            if result is None or not queue.put((digest, result)):
                known.save(repository)  # the reading was closed, so the result is not collected
                return
            # An image that was deleted meanwhile says nothing about the service.
            failed = isinstance(result, EcrTuiError) and result.kind is not ErrorKind.IMAGE_NOT_FOUND
            if progress.record(failed=failed) >= MAX_FAILURES and isinstance(result, EcrTuiError):
                queue.put(result)
                return
    except Exception as problem:  # noqa: BLE001 - raised in the thread that iterates
        queue.put(problem)


_OF_ALL_IMAGES = (ErrorKind.DENIED, ErrorKind.CREDENTIALS, ErrorKind.REPOSITORY_NOT_FOUND, ErrorKind.UNSUPPORTED)
"""Errors that every other image would give, too."""


def _request(
    registry: Registry, repository: str, digest: str, limiter: RateLimiter, queue: ClosableQueue[_Event]
) -> ImageScan | EcrTuiError | None:
    """Request the scan of an image. Return it, or the error of the request; None if the reading was closed.

    Raises:
        EcrTuiError: no other scan can be read either.
    """
    throttled = 0
    while True:
        limiter.acquire()
        if queue.closed.is_set():
            return None
        try:
            scan = registry.scan(repository, digest)
        except EcrTuiError as error:
            if error.kind is ErrorKind.THROTTLED and throttled < MAX_THROTTLED:
                throttled += 1
                limiter.record_throttling()
                _log.info("throttled while reading scans of %s", repository)
                queue.put(_Throttled(limiter.seconds_for(1)))
                continue
            if error.kind in (ErrorKind.THROTTLED, *_OF_ALL_IMAGES):
                raise
            return error
        limiter.record_success()
        return scan
