"""Copy the blobs of a promotion: four workers, the largest blobs first, with progress."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ecrtui.ecr.units import format_count, format_duration, format_size
from ecrtui.errors import EcrTuiError
from ecrtui.promote.background_call import BackgroundCall
from ecrtui.promote.closure import Blob
from ecrtui.promote.parts import Buffers
from ecrtui.promote.plan import Way
from ecrtui.promote.upload import LayerUpload, Stopped, UploadLimiters, UploadRecords
from ecrtui.registry.protocol import LayerStore
from ecrtui.retag.parallel import map_concurrently

WORKERS = 4
"""Blobs that are copied at the same time. Each has two parts of 10 MiB in memory."""

_STOP_TIMEOUT = 10.0
"""Seconds that requests in flight may take after the user stopped the transfer."""

_INTERVAL = 0.25
"""Seconds between two looks at whether the user stopped it."""

_RATE_WINDOW = 10.0
"""Seconds whose bytes give the current rate."""

_FIRST_SHARE = 0.01
"""The share of all bytes after which the rate is known. Small blobs end before the first part of a large one."""


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """The progress of a transfer."""

    bytes_done: int
    bytes_total: int
    blobs_done: int
    blobs_total: int
    rate: float
    """Bytes a second, in the last seconds; 0 as long as it is not known."""
    retried: EcrTuiError | None = None
    """Why a request is sent again; None if bytes have arrived since."""

    @property
    def seconds_left(self) -> float | None:
        """The seconds that the rest takes at this rate; None as long as it is not known."""
        return (self.bytes_total - self.bytes_done) / self.rate if self.rate > 0 else None

    def __str__(self) -> str:
        done = f"{format_size(self.bytes_done)} of {format_size(self.bytes_total)}"
        rate = f", {format_size(int(self.rate))}/s" if self.rate else ""
        left = f", {format_duration(self.seconds_left)} left" if self.seconds_left else ""
        return f"{done}{rate}{left}, {self.blobs_done} of {format_count(self.blobs_total, 'blob')}"


OnProgress = Callable[[TransferProgress], None]
"""Called after each part, each blob and each failure, in a thread of the transfer; calls do not overlap."""


@dataclass(frozen=True, slots=True)
class BlobCopy:
    """Blobs to copy from a repository of the source to one of the target."""

    source_repository: str
    target_repository: str
    blobs: tuple[Blob, ...]
    way: Way = "api"


@dataclass(frozen=True, slots=True)
class TransferResult:
    """What a transfer has copied."""

    blobs: int
    bytes: int
    stopped: bool
    """True if the user stopped it before all was copied."""


def copy_blobs(
    source: LayerStore,
    target: LayerStore,
    copies: Sequence[BlobCopy],
    records: UploadRecords,
    *,
    on_progress: OnProgress = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    limiters: UploadLimiters | None = None,
) -> TransferResult:
    """Copy blobs. The bytes pass through this process, so a process that draws does not call this.

    Args:
        source: the layers of the source.
        target: the layers of the target.
        copies: the blobs by repository.
        records: keeps the state of uploads for another run.
        on_progress: called with the progress; see :data:`OnProgress`.
        stop: returns True once no further part may be sent.
        limiters: the pauses between requests.

    Raises:
        EcrTuiError: a blob could not be copied. Those that are complete stay.
    """
    counter = _Counter([blob for copy in copies for blob in copy.blobs], on_progress)
    failed = threading.Event()

    def halted() -> bool:
        return failed.is_set() or stop()

    limiters, buffers = limiters or UploadLimiters(), Buffers()

    def upload_of(copy: BlobCopy) -> LayerUpload:
        repositories = source, copy.source_repository, target, copy.target_repository
        return LayerUpload(*repositories, records, limiters, buffers, counter.add, counter.retry, halted, copy.way)

    jobs = [(blob, upload_of(copy)) for copy in copies for blob in copy.blobs]
    jobs.sort(key=lambda job: job[0].size, reverse=True)

    def run(job: tuple[Blob, LayerUpload]) -> bool:
        blob, upload = job
        try:
            upload.copy(blob)
        except Stopped:
            return False
        except BaseException:
            failed.set()
            raise
        counter.finish_blob()
        return True

    def work() -> int:
        return sum(copied for _, copied in map_concurrently(run, jobs, WORKERS, lambda: not halted()))

    done = _wait(work, stop)
    return TransferResult(counter.blobs_done, counter.bytes_done, done != len(jobs))


def _wait(work: Callable[[], int], stop: Callable[[], bool]) -> int | None:
    """Return the result of the work; None if it has not ended some time after the user stopped it.

    A request that is in flight then is abandoned: its part is sent again by the next run.
    """
    call = BackgroundCall(work, "transfer")
    remaining = _STOP_TIMEOUT
    while remaining > 0:
        if call.wait(_INTERVAL):
            return call.result()
        remaining -= _INTERVAL if stop() else 0
    return None


class _Counter:
    """Counts bytes and blobs, and reports them. Safe between threads."""

    def __init__(self, blobs: Sequence[Blob], on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._total = sum(max(blob.size, 0) for blob in blobs)
        self._blobs_total = len(blobs)
        self.blobs_done = 0
        self.bytes_done = 0
        self._retried: EcrTuiError | None = None
        self._lock = threading.Lock()
        self._samples: list[tuple[float, int]] = [(time.monotonic(), 0)]

    def add(self, count: int) -> None:
        """Count bytes that the target has; a negative number takes them back."""
        with self._lock:
            self.bytes_done += count
            self._retried = None
            self._report()

    def finish_blob(self) -> None:
        """Count a blob that is complete."""
        with self._lock:
            self.blobs_done += 1
            self._report()

    def retry(self, error: EcrTuiError) -> None:
        """Report that a request is sent again, and why."""
        with self._lock:
            self._retried = error
            self._report()

    def _report(self) -> None:
        now = time.monotonic()
        self._samples.append((now, self.bytes_done))
        while len(self._samples) > 2 and now - self._samples[1][0] > _RATE_WINDOW:
            self._samples.pop(0)
        began, count = self._samples[0]
        is_known = now > began and self.bytes_done >= self._total * _FIRST_SHARE
        rate = max(0.0, (self.bytes_done - count) / (now - began)) if is_known else 0.0
        self._on_progress(
            TransferProgress(
                self.bytes_done,
                max(self._total, self.bytes_done),
                self.blobs_done,
                self._blobs_total,
                rate,
                self._retried,
            )
        )
