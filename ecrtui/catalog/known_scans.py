"""The scans that are known, in memory and on disk, and those that are being requested."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from threading import Lock

from ecrtui.catalog.cache.store import Cache
from ecrtui.ecr.findings import PENDING, ImageScan
from ecrtui.ecr.image import Image
from ecrtui.ecr.units import DAY
from ecrtui.errors import EcrTuiError

FRESH_SECONDS = 900.0
"""Seconds for which a known scan is used without another request."""

RESCAN_SECONDS = DAY
"""Seconds after a basic scan in which ECR accepts no other scan of the image (StartImageScan)."""

MAX_SCANS = 50_000
"""Scans in memory, besides those of the repository in use: about 20 MB."""

ScanResult = ImageScan | EcrTuiError | None
"""A scan, or the error of its request; None if there was no request."""


class KnownScans:
    """The scans of one registry that are known and not too old. Thread-safe.

    Args:
        cache: the cache on disk; None to keep nothing on disk.
        clock: returns seconds since the epoch.
        size: scans to keep in memory. Beyond it, those of the repository that was not used for longest are dropped.
    """

    def __init__(self, cache: Cache | None, clock: Callable[[], float] = time.time, *, size: int = MAX_SCANS) -> None:
        self._size = size
        self._cache = cache
        self._clock = clock
        self._lock = Lock()
        self._known: OrderedDict[str, dict[str, tuple[ImageScan, float]]] = OrderedDict()
        self._unsaved: dict[str, dict[str, tuple[ImageScan, float]]] = {}
        self._requests: dict[tuple[str, str], Future[ScanResult]] = {}

    def add_to(self, repository: str, images: Sequence[Image]) -> Sequence[Image]:
        """Return the images with the scans that are in memory, where the images do not have them."""
        known = self._known.get(repository)  # without the lock: one look-up, and each scan in it is a frozen value
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
        with self._lock:
            known = self._of(repository)
            missing = [digest for digest in digests if digest not in known]
        if missing and self._cache is not None:
            stored = self._cache.scans(repository, missing)
            with self._lock:
                known.update({digest: scan for digest, scan in stored.items() if digest not in known})
        now = self._clock()
        return {
            digest: found[0]
            for digest in digests
            if (found := known.get(digest)) is not None and _is_fresh(*found, now)
        }

    def get_or_read(self, repository: str, digest: str, read: Callable[[], ScanResult]) -> ScanResult:
        """Return a scan from memory, or read and keep it. Blocks.

        While another thread reads the same scan, wait for its result instead.

        Args:
            repository: the repository of the image.
            digest: the image.
            read: sends the request.
        """
        while True:
            with self._lock:
                if (found := self._known.get(repository, {}).get(digest)) and _is_fresh(*found, self._clock()):
                    return found[0]
                under_way = self._requests.get((repository, digest))
                if under_way is None:
                    request = self._requests[repository, digest] = Future()
                    break
            if (result := under_way.result()) is not None:
                return result
        return self._read(repository, digest, read, request)

    def _read(
        self, repository: str, digest: str, read: Callable[[], ScanResult], request: Future[ScanResult]
    ) -> ScanResult:
        try:
            result = read()
        except BaseException as problem:
            self._end(repository, digest, request)
            request.set_exception(problem)
            raise
        self._end(repository, digest, request, result)
        request.set_result(result)
        return result

    def _end(self, repository: str, digest: str, request: Future[ScanResult], result: ScanResult = None) -> None:
        """Keep the result of a request, unless the scans were forgotten since it was sent."""
        with self._lock:
            if self._requests.get((repository, digest)) is request:
                del self._requests[repository, digest]
                if isinstance(result, ImageScan):
                    self._keep(repository, {digest: result})

    def keep(self, repository: str, scans: Mapping[str, ImageScan]) -> None:
        """Keep scans that the registry has just returned in memory and on disk, except those that will change soon."""
        with self._lock:
            self._keep(repository, scans)
        self.save(repository)

    def _keep(self, repository: str, scans: Mapping[str, ImageScan]) -> None:
        now = self._clock()
        lasting = {digest: (scan, now) for digest, scan in scans.items() if scan.status not in PENDING}
        self._of(repository).update(lasting)
        while len(self._known) > 1 and sum(map(len, self._known.values())) > self._size:
            self._known.popitem(last=False)
        self._unsaved.setdefault(repository, {}).update(lasting)

    def _of(self, repository: str) -> dict[str, tuple[ImageScan, float]]:
        """Return the scans in memory of a repository, which is in use now."""
        known = self._known.setdefault(repository, {})
        self._known.move_to_end(repository)
        return known

    def save(self, repository: str) -> None:
        """Write the scans to the cache on disk that are not there yet."""
        with self._lock:
            unsaved = self._unsaved.pop(repository, None)
        if unsaved and self._cache is not None:
            self._cache.keep_scans(repository, unsaved)

    def forget(self, repository: str) -> None:
        """Drop the scans of a repository, so that they are read again."""
        with self._lock:
            self._known.pop(repository, None)
            self._unsaved.pop(repository, None)
            for key in [key for key in self._requests if key[0] == repository]:
                del self._requests[key]
        if self._cache is not None:
            self._cache.forget_scans(repository)


def _is_fresh(scan: ImageScan, read_at: float, now: float) -> bool:
    """Return True if the scan is still the last one of its image, or was read a short time ago."""
    is_last = scan.status == "COMPLETE" and scan.completed_at is not None and now < scan.completed_at + RESCAN_SECONDS
    return is_last or now < read_at + FRESH_SECONDS
