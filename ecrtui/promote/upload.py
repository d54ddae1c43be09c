"""Send one layer: begin, parts, complete. What an answer of the registry means is decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.layer import Upload, part_size
from ecrtui.errors import (
    AccessDenied,
    ConnectionFailed,
    CredentialsError,
    EcrTuiError,
    ErrorKind,
    IntegrityError,
    NotFound,
    OnRetry,
    Refused,
    Throttled,
)
from ecrtui.promote.closure import Blob
from ecrtui.promote.parts import Buffers, layer_parts
from ecrtui.promote.plan import Way
from ecrtui.registry.protocol import LayerReader, LayerStore, Part
from ecrtui.registry.rate_limiter import RateLimiter

Result = TypeVar("Result")

RESUMED_FROM = 64 * 1024 * 1024
"""The least number of bytes of a layer whose upload is recorded, so that another run can continue it."""

_PIECE = 4 * 1024 * 1024
"""Bytes of a layer that are sent at a time in one request for the whole layer."""

_MAX_ATTEMPTS = 8
"""Attempts of a request that is throttled or fails; the pauses between them add up to a minute."""

_MAX_UPLOADS = 3
"""Uploads of a layer that are begun in a run, if the registry loses them."""


class Stopped(Exception):  # noqa: N818 - reads as what happened
    """The user stopped the transfer. Never shown."""


class _UploadLostError(Exception):
    """The registry does not have what was sent to the upload. Never shown."""

    def __init__(self, error: EcrTuiError | None = None) -> None:
        super().__init__(error)
        self.error = error or ConnectionFailed(
            "The registry lost the parts of a layer", "It has other bytes than those that were sent.", "Try again."
        )


class UploadRecords(Protocol):
    """Where the state of uploads is kept between runs; the journal has such records."""

    def save_upload(self, repository: str, digest: str, upload: Upload, received: int) -> None:
        """Record how many bytes of a layer an upload has."""

    def unfinished_upload(self, repository: str, digest: str) -> tuple[Upload, int] | None:
        """Return an upload that an earlier run left, and the bytes that it has; None if there is none."""

    def forget_upload(self, repository: str, digest: str) -> None:
        """Forget the upload of a layer."""


class UploadLimiters:
    """The pauses of the operations of an upload: each has its own quota in ECR (service quotas, per second).

    Args:
        limiter: returns the limiter of a rate, in requests a second.
    """

    def __init__(self, limiter: Callable[[float], RateLimiter] = RateLimiter) -> None:
        self.begin = limiter(100)
        self.part = limiter(500)
        self.complete = limiter(100)


@dataclass
class LayerUpload:
    """Copies layers from a repository to another.

    Args:
        source: the layers of the source.
        source_repository: its repository.
        target: the layers of the target.
        target_repository: its repository.
        records: keeps the state of the uploads of large layers.
        limiters: the pauses between requests.
        buffers: the memory for parts.
        on_bytes: called with the number of bytes of a part that the target has.
        on_retry: called with the error before a request is sent again.
        stop: returns True once no further part may be sent.
        way: how layers reach the target.
    """

    source: LayerStore
    source_repository: str
    target: LayerStore
    target_repository: str
    records: UploadRecords
    limiters: UploadLimiters
    buffers: Buffers
    on_bytes: Callable[[int], None] = lambda _: None
    on_retry: OnRetry = lambda _: None
    stop: Callable[[], bool] = lambda: False
    way: Way = "api"

    def copy(self, blob: Blob) -> None:
        """Copy a layer. Its digest is checked before it is stored.

        Raises:
            Stopped: the user stopped the transfer between two parts.
            IntegrityError: the source has other bytes than its digest says.
            EcrTuiError: the layer cannot be read or sent.
        """
        if self.way == "mount" and self._is_mounted(blob):
            self.on_bytes(max(blob.size, 0))
            return
        if self.way == "oci" and blob.size > 0:
            self._retried(self.limiters.complete, lambda: self._push(blob))
            return
        for left in reversed(range(_MAX_UPLOADS)):
            sent = _Sent(self.on_bytes)
            try:
                self._send(blob, sent)
            except _UploadLostError as lost:
                if self._is_there(blob):
                    sent.add(max(blob.size, sent.count) - sent.count)
                    return
                sent.take_back()
                self._forget(blob)
                if not left:
                    raise lost.error from None
            else:
                return

    def _is_mounted(self, blob: Blob) -> bool:
        """Return True if the registry has mounted the layer. A refusal is not an error: the layer can be sent."""
        try:
            return self._retried(
                self.limiters.begin,
                lambda: self.target.mount_layer(self.target_repository, blob.digest, self.source_repository),
            )
        except (AccessDenied, NotFound, Refused):
            return False

    def _push(self, blob: Blob) -> None:
        """Send a layer in one request. After a failure it counts as sent if the repository has it."""
        sent = _Sent(self.on_bytes)
        try:
            with (
                closing(self._open(blob)) as reader,
                closing(layer_parts(reader, blob, _PIECE, self.buffers)) as pieces,
            ):
                content = self._counted(pieces, blob, sent)
                self.target.push_layer(self.target_repository, blob.digest, blob.size, content)
        except Exception as error:
            sent.take_back()
            if not isinstance(error, ConnectionFailed) or not self._is_there(blob):
                raise
            self.on_bytes(blob.size)

    def _open(self, blob: Blob) -> LayerReader:
        return self.source.open_layer(self.source_repository, blob.digest, self.on_retry)

    def _counted(self, pieces: Iterable[Part], blob: Blob, sent: _Sent) -> Iterator[Part]:
        for piece in pieces:
            self._check_stop()
            yield piece
            sent.add(len(piece))
        if sent.count < blob.size:  # the registry would wait for the rest
            raise IntegrityError(
                f"Layer {short_digest(blob.digest)} has fewer bytes than its manifest says",
                f"{blob.digest}: {sent.count:,} of {blob.size:,} bytes. The digest is right.",
                "Send it in parts, which need no size: --way api.",
                operation="GetDownloadUrlForLayer",
            )

    def _is_there(self, blob: Blob) -> bool:
        """Return True if the repository has the layer: the reply to the request that completed it was lost."""
        return self.target.layers(self.target_repository, [blob.digest])[blob.digest].available

    def _send(self, blob: Blob, sent: _Sent) -> None:
        upload, received = self._begin(blob)
        position = 0
        with (
            closing(self._open(blob)) as reader,
            closing(layer_parts(reader, blob, upload.part_size, self.buffers)) as parts,
        ):
            for part in parts:
                self._check_stop()
                end = position + len(part)
                if end > received:
                    self._send_part(upload, position, part)
                    if _is_recorded(blob):
                        self.records.save_upload(self.target_repository, blob.digest, upload, end)
                sent.add(len(part))
                position = end
        self._complete(blob, upload, position)
        self._forget(blob)

    def _forget(self, blob: Blob) -> None:
        if _is_recorded(blob):
            self.records.forget_upload(self.target_repository, blob.digest)

    def _begin(self, blob: Blob) -> tuple[Upload, int]:
        """Return an upload, and the bytes that it has: one that an earlier run left, or a new one."""
        if _is_recorded(blob) and (left := self.records.unfinished_upload(self.target_repository, blob.digest)):
            upload, recorded = left
            received = self._received(upload, recorded)
            # A process that was killed had not recorded its last part.
            if received >= recorded and (received % upload.part_size == 0 or received == blob.size):
                self.records.save_upload(self.target_repository, blob.digest, upload, received)  # now it is ours
                return upload, received
            self._forget(blob)
        begun = self._retried(self.limiters.begin, lambda: self.target.begin_upload(self.target_repository))
        return begun._replace(part_size=part_size(begun.part_size, blob.size)), 0

    def _received(self, upload: Upload, expected: int) -> int:
        """Return the bytes that an upload has; 0 if the registry does not have it any more.

        Only the refusal of a part that does not follow shows the number.

        Raises:
            EcrTuiError: it is not known. The upload may still be there, so its record stays for another run.
        """
        try:
            return self._retried(
                self.limiters.part,
                lambda: self.target.upload_part(self.target_repository, upload.id, expected + 1, b"0"),
            )
        except EcrTuiError as error:
            if error.retryable or isinstance(error, (AccessDenied, CredentialsError)):
                raise
            return 0

    def _send_part(self, upload: Upload, first_byte: int, part: Part) -> None:
        """Send a part. A repeat after a lost reply is answered with the end of the part, which is success."""
        try:
            received = self._retried(
                self.limiters.part,
                lambda: self.target.upload_part(self.target_repository, upload.id, first_byte, part),
            )
        except EcrTuiError as error:
            raise _lost_or(error) from None
        if received != first_byte + len(part):
            raise _UploadLostError

    def _complete(self, blob: Blob, upload: Upload, size: int) -> None:
        try:
            self._retried(
                self.limiters.complete,
                lambda: self.target.complete_upload(self.target_repository, upload.id, blob.digest, size),
            )
        except EcrTuiError as error:
            raise _lost_or(error) from None

    def _retried(self, limiter: RateLimiter, call: Callable[[], Result]) -> Result:
        """Call until there is an answer. All requests of an upload may be repeated.

        An upload that is begun twice leaves one that expires. A part or a completion that was applied is answered so.
        """
        for left in reversed(range(_MAX_ATTEMPTS)):
            limiter.acquire()
            self._check_stop()
            try:
                result = call()
            except (Throttled, ConnectionFailed) as error:
                if not left or not error.retryable:
                    raise
                limiter.record_throttling()
                self.on_retry(error)
            else:
                limiter.record_success()
                break
        return result

    def _check_stop(self) -> None:
        if self.stop():
            raise Stopped


@dataclass
class _Sent:
    """The bytes of an upload, which do not count if it is lost."""

    on_bytes: Callable[[int], None]
    count: int = field(default=0, init=False)

    def add(self, byte_count: int) -> None:
        self.count += byte_count
        self.on_bytes(byte_count)

    def take_back(self) -> None:
        self.on_bytes(-self.count)
        self.count = 0


def _is_recorded(blob: Blob) -> bool:
    return blob.size > RESUMED_FROM


def _lost_or(error: EcrTuiError) -> Exception:
    """Return the signal that an upload is lost, or the error if it says something else."""
    lost = error.kind in (ErrorKind.UPLOAD_LOST, ErrorKind.DIGEST_MISMATCH)
    return _UploadLostError(error) if lost else error
