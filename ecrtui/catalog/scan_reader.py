"""Read the scans of many images: rate-limited, in threads, and cached in memory and on disk.

A scan costs a request of its own. So a caller names the images whose scans it needs, and can stop at any time.
"""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import NamedTuple

from ecrtui.catalog.cache.store import Cache
from ecrtui.catalog.closable_queue import ClosableQueue
from ecrtui.ecr.findings import PENDING, ImageScan
from ecrtui.ecr.image import Image
from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter

REQUESTS_PER_SECOND = 20.0
"""Highest rate of DescribeImageScanFindings. ECR publishes no quota for it."""

CONCURRENT_REQUESTS = 4
"""Requests at the same time. They hide the distance to the service."""

FRESH_SECONDS = 900.0
"""Seconds for which a known scan is used without another request."""

RESCAN_SECONDS = 86_400.0
"""Seconds after a basic scan in which ECR accepts no other scan of the image (StartImageScan)."""

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


class KnownScans:
    """The scans of one registry that are known and not too old. Thread-safe.

    Args:
        cache: the cache on disk; None to keep nothing on disk.
        clock: returns seconds since the epoch.
    """

    def __init__(self, cache: Cache | None, clock: Callable[[], float] = time.time) -> None:
        self._cache = cache
        self._clock = clock
        self._known: dict[str, dict[str, tuple[ImageScan, float]]] = {}

    def add_to(self, repository: str, images: Sequence[Image]) -> Sequence[Image]:
        """Return the images with the scans that are in memory, where the images do not have them."""
        known = self._known.get(repository)
        if not known:
            return images
        now = self._clock()
        return [
            image.with_scan(found[0])
            if (found := known.get(image.digest)) is not None and not image.scan_known and _is_fresh(*found, now)
            else image
            for image in images
        ]

    def find(self, repository: str, digests: Sequence[str]) -> dict[str, ImageScan]:
        """Return the known scans of these images, from memory or the cache on disk."""
        known = self._known.setdefault(repository, {})
        missing = [digest for digest in digests if digest not in known]
        if missing and self._cache is not None:
            known |= self._cache.scans(repository, missing)
        now = self._clock()
        return {
            digest: found[0]
            for digest in digests
            if (found := known.get(digest)) is not None and _is_fresh(*found, now)
        }

    def keep(self, repository: str, scans: Mapping[str, ImageScan]) -> None:
        """Store scans that the registry has just returned, except those that will change soon."""
        now = self._clock()
        lasting = {digest: (scan, now) for digest, scan in scans.items() if scan.status not in PENDING}
        self._known.setdefault(repository, {}).update(lasting)
        if lasting and self._cache is not None:
            self._cache.keep_scans(repository, lasting)

    def forget(self, repository: str) -> None:
        """Drop the scans of a repository, so that they are read again."""
        self._known.pop(repository, None)
        if self._cache is not None:
            self._cache.forget_scans(repository)


def _is_fresh(scan: ImageScan, read_at: float, now: float) -> bool:
    """Return True if the scan is still the last one of its image, or was read a short time ago."""
    is_last = scan.status == "COMPLETE" and scan.completed_at is not None and now < scan.completed_at + RESCAN_SECONDS
    return is_last or now < read_at + FRESH_SECONDS


@dataclass
class _Progress:
    """What the threads of one reading share."""

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
    images ends the iteration. Any thread may call :meth:`close`, which ends it too.

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
            arguments = (self._registry, self._repository, progress, self._limiter, self._queue)
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
        self._known.keep(self._repository, scans)
        return self._batch(scans, failures, throttled)

    def _batch(
        self, scans: Mapping[str, ImageScan], failures: Mapping[str, EcrTuiError], throttled: float = 0.0
    ) -> ScanBatch:
        self._done += len(scans) + len(failures)
        self._last_batch = time.monotonic()
        return ScanBatch(scans, failures, self._done, len(self._digests), throttled)


def _read(
    registry: Registry, repository: str, progress: _Progress, limiter: RateLimiter, queue: ClosableQueue[_Event]
) -> None:
    """Read scans into the queue. The thread holds no reference to the reading, so that it can be freed."""
    try:
        while (digest := progress.next()) is not None:
            result = _result(registry, repository, digest, limiter, queue)
            if result is None or not queue.put((digest, result)):
                return
            # An image that was deleted meanwhile says nothing about the service.
            failed = isinstance(result, EcrTuiError) and result.kind is not ErrorKind.IMAGE_NOT_FOUND
            if progress.record(failed=failed) >= MAX_FAILURES and isinstance(result, EcrTuiError):
                queue.put(result)
                return
    except Exception as problem:  # noqa: BLE001 - raised in the thread that iterates
        queue.put(problem)


_OF_ALL_IMAGES = (ErrorKind.DENIED, ErrorKind.CREDENTIALS, ErrorKind.REPOSITORY_NOT_FOUND)
"""Errors that every other image would give, too."""


def _result(
    registry: Registry, repository: str, digest: str, limiter: RateLimiter, queue: ClosableQueue[_Event]
) -> ImageScan | EcrTuiError | None:
    """Return the scan of an image, or the error of its request; None if the reading was closed.

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
