"""Layers over boto3: what a repository has, downloads that continue after a cut, and uploads in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ecrtui.ecr.layer import LayerState, Upload, is_part_size
from ecrtui.errors import AccessDenied, ConnectionFailed, EcrTuiError, ErrorKind, OnRetry, Refused, Throttled
from ecrtui.registry.calls import EcrCalls
from ecrtui.registry.client import Clients
from ecrtui.registry.layers import blobs, oci_uploads
from ecrtui.registry.layers import parts as layer_parts
from ecrtui.registry.layers.blobs import BlobStream
from ecrtui.registry.layers.mounts import Mounts
from ecrtui.registry.layers.oci_api import OciApi
from ecrtui.registry.protocol import LayerReader, LayerStore, Part
from ecrtui.registry.rate_limiter import RateLimiter
from ecrtui.registry.replies.validation import (
    MAX_IDS,
    MAX_MEDIA_TYPE,
    MAX_NAME,
    BadValue,
    Reply,
    check_answers,
    check_subject,
    integer,
    required_text,
    structures,
    text,
    validate_reply,
)

PART_SIZE = 10 * 1024 * 1024
"""Bytes of a part where the registry names no size that ECR allows."""

_PART_TIMEOUT = 60
"""Seconds that the reply to a part may take; the time limit of botocore."""

_COMPLETE_RATE = 16 * 1024 * 1024
"""Bytes a second that CompleteLayerUpload takes at least."""

_MAX_FAILURES = 8
"""Failures of a download in a row, without a byte between them. The pauses between them add up to a minute."""

_MAX_REFUSALS = 3
"""Refusals in a row. A URL that has expired is refused like a permission that is missing."""

_INVALID_PART = "InvalidLayerPartException"
_CHUNK = 256 * 1024


class LayerCalls(LayerStore):
    """The operations of ECR for layers.

    Args:
        calls: calls the operations.
        clients: the clients of the connection.
    """

    def __init__(self, calls: EcrCalls, clients: Clients) -> None:
        self._calls = calls
        self._clients = clients
        self._oci = OciApi(calls, clients)
        self._mounts = Mounts(calls, self._oci)

    def mounts_layers(self) -> bool:
        return self._mounts.allowed()

    def mount_layer(self, repository: str, digest: str, source: str) -> bool:
        return self._mounts.mount(repository, digest, source)

    def push_layer(self, repository: str, digest: str, size: int, pieces: Iterable[Part]) -> None:
        oci_uploads.push(self._oci, repository, digest, size, pieces, read_timeout=_complete_timeout(size))

    def layers(self, repository: str, digests: Sequence[str]) -> Mapping[str, LayerState]:
        operation = "BatchCheckLayerAvailability"
        unique = list(dict.fromkeys(digests))
        found: dict[str, LayerState] = {}
        for start in range(0, len(unique), MAX_IDS):
            asked = unique[start : start + MAX_IDS]
            reply = self._calls.read(operation, repositoryName=repository, layerDigests=asked)
            with validate_reply(operation):
                for failure in structures(reply, "failures", MAX_IDS):
                    raise _failure(failure, operation)
                states = [_state(entry) for entry in structures(reply, "layers", MAX_IDS)]
                check_answers(asked, ([state.digest] for state in states))
            found |= {state.digest: state for state in states}
        return found

    def open_layer(self, repository: str, digest: str, on_retry: OnRetry = lambda _: None) -> LayerReader:
        def open_at(first_byte: int) -> BlobStream:
            url = self.download_url(repository, digest)
            with self._clients.calling(blobs.OPERATION, repository=repository):
                return self._clients.content.downloads.open(url, first_byte)

        return ResumingReader(open_at, self._read, RateLimiter(0), on_retry)

    def download_url(self, repository: str, digest: str) -> str:
        """Return the URL of the content of a layer (GetDownloadUrlForLayer). It is valid for a short time."""
        reply = self._calls.read(blobs.OPERATION, repositoryName=repository, layerDigest=digest)
        with validate_reply(blobs.OPERATION):
            check_subject(reply, {"layerDigest": digest})
            return required_text(reply, "downloadUrl")

    def begin_upload(self, repository: str) -> Upload:
        reply = self._calls.write("InitiateLayerUpload", repositoryName=repository)
        with validate_reply("InitiateLayerUpload", write=True):
            proposed = integer(reply, "partSize") or PART_SIZE
            size = proposed if is_part_size(proposed) else PART_SIZE
            return Upload(required_text(reply, "uploadId", MAX_NAME), size)

    def upload_part(self, repository: str, upload_id: str, first_byte: int, part: Part) -> int:
        operation = "UploadLayerPart"
        parameters = {
            "uploadId": upload_id,
            "partFirstByte": first_byte,
            "partLastByte": first_byte + len(part) - 1,
            **layer_parts.parameters(part),
        }
        reply = self._calls.write(
            operation,
            client=self._clients.upload_client(_PART_TIMEOUT),
            answer_code=_INVALID_PART,
            repositoryName=repository,
            **parameters,
        )
        with validate_reply(operation, write=True):
            last = integer(reply, "lastByteReceived" if "Error" not in reply else "lastValidByteReceived")
            if last is None:
                raise BadValue("the last byte that was received is missing")
            return last + 1

    def complete_upload(self, repository: str, upload_id: str, digest: str, size: int) -> None:
        client = self._clients.upload_client(_complete_timeout(size))
        try:
            reply = self._calls.write(
                "CompleteLayerUpload",
                client=client,
                repositoryName=repository,
                uploadId=upload_id,
                layerDigests=[digest],
            )
        except EcrTuiError as error:
            if error.kind is ErrorKind.ALREADY_EXISTS:
                return
            raise
        with validate_reply("CompleteLayerUpload", write=True):
            check_subject(reply, {"layerDigest": digest})

    def _read(self, stream: BlobStream, count: int) -> bytes:
        with self._clients.calling(blobs.OPERATION):
            return stream.read(count)


class ResumingReader(LayerReader):
    """Reads a layer, and continues at the next byte after a cut, a failure of the storage, or an expired URL.

    Args:
        open_at: opens the content from a byte on, at a new URL.
        read: reads at most this many bytes of the content.
        limiter: makes the pauses after failures.
        on_retry: called before the download continues after a failure.
    """

    def __init__(
        self,
        open_at: Callable[[int], BlobStream],
        read: Callable[[BlobStream, int], bytes],
        limiter: RateLimiter,
        on_retry: OnRetry = lambda _: None,
    ) -> None:
        self._open_at = open_at
        self._read_some = read
        self._limiter = limiter
        self._on_retry = on_retry
        self._stream: BlobStream | None = None
        self._position = 0
        self._failures = 0
        self._refusals = 0

    def readinto(self, buffer: memoryview) -> int:
        filled = 0
        while filled < len(buffer) and (chunk := self._next(min(_CHUNK, len(buffer) - filled))):
            buffer[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
            self._position += len(chunk)
            self._failures = self._refusals = 0
            self._limiter.record_success()
        return filled

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _next(self, count: int) -> bytes:
        while True:
            try:
                if self._stream is None:
                    self._limiter.acquire()
                    self._stream = self._open_at(self._position)
                return self._read_some(self._stream, count)
            except (AccessDenied, ConnectionFailed, Throttled) as error:
                self.close()
                self._count(error)

    def _count(self, error: EcrTuiError) -> None:
        """Count a failure; raise it if it will come again."""
        if isinstance(error, AccessDenied):
            self._refusals += 1
            if self._refusals >= _MAX_REFUSALS or not error.code.isdecimal():  # ECR itself refuses with a name
                raise error
            return
        self._failures += 1
        if self._failures >= _MAX_FAILURES or not error.retryable:
            raise error
        self._limiter.record_throttling()
        self._on_retry(error)


def _complete_timeout(size: int) -> int:
    """Return the seconds that ECR may take to complete a layer: a power of two, so that few clients are created."""
    return 1 << max(6, (size // _COMPLETE_RATE).bit_length())


def _state(entry: Reply) -> LayerState:
    return LayerState(
        required_text(entry, "layerDigest"),
        required_text(entry, "layerAvailability", MAX_NAME),
        integer(entry, "layerSize"),
        text(entry, "mediaType", MAX_MEDIA_TYPE),
    )


def _failure(failure: Reply, operation: str) -> EcrTuiError:
    reason = text(failure, "failureReason") or text(failure, "failureCode")
    return Refused(
        "ECR does not accept the digest of a layer",
        f"{text(failure, 'layerDigest')}: {reason}",
        kind=ErrorKind.INVALID_REQUEST,
        code=text(failure, "failureCode"),
        operation=operation,
    )
