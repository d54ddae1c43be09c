"""Layers in memory, with the answers of ECR and parts of a few bytes. Its faults are the answers that ECR can give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.layer import AVAILABLE, UNAVAILABLE, LayerState, Upload
from ecrtui.errors import ConnectionFailed, EcrTuiError, ErrorKind, NotFound, OnRetry, Refused, Throttled
from ecrtui.registry.protocol import LayerReader, LayerStore, Part

PART_SIZE = 4

THROTTLED = Throttled("throttled", retryable=True)
FAILED = ConnectionFailed("failed", retryable=True)
LOST = NotFound("no such upload", kind=ErrorKind.UPLOAD_LOST)
EMPTY = Refused("no parts", kind=ErrorKind.UPLOAD_LOST)
CHANGED = Refused("another digest", kind=ErrorKind.DIGEST_MISMATCH)


class Content(LayerReader):
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    def readinto(self, buffer: memoryview) -> int:
        part = self._content[self._position : self._position + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def close(self) -> None:
        pass


@dataclass
class MemoryStore(LayerStore):
    """The layers of one repository."""

    stored: dict[str, bytes] = field(default_factory=dict)
    mountable: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    before: dict[str, list[EcrTuiError]] = field(default_factory=dict)
    """Errors by method: each is raised once, and the request is not applied."""
    after: dict[str, list[EcrTuiError]] = field(default_factory=dict)
    """Errors by method: each is raised once, after the request was applied. The reply is lost."""
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def layers(self, repository: str, digests: Sequence[str]) -> Mapping[str, LayerState]:
        return {digest: LayerState(digest, AVAILABLE if digest in self.stored else UNAVAILABLE) for digest in digests}

    def open_layer(self, repository: str, digest: str, on_retry: OnRetry = lambda _: None) -> LayerReader:
        return Content(self.stored[digest])

    def mount_layer(self, repository: str, digest: str, source: str) -> bool:
        self._fail("mount", self.before)
        if digest in self.mountable:
            self.stored[digest] = self.mountable[digest]
        return digest in self.mountable

    def push_layer(self, repository: str, digest: str, size: int, pieces: Iterable[Part]) -> None:
        self._fail("push", self.before)
        content = b"".join(bytes(piece) for piece in pieces)
        assert len(content) == size
        if digest_of(content) != digest:
            raise CHANGED
        self.stored[digest] = content
        self.calls["push"] += 1
        self._fail("push", self.after)

    def begin_upload(self, repository: str) -> Upload:
        self._fail("begin", self.before)
        upload = Upload(f"upload {next(self._numbers)}", PART_SIZE)
        self.uploads[upload.id] = bytearray()
        self._fail("begin", self.after)
        self.calls["begin"] += 1
        return upload

    def upload_part(self, repository: str, upload_id: str, first_byte: int, part: Part) -> int:
        self._fail("part", self.before)
        if upload_id not in self.uploads:
            raise LOST
        content = self.uploads[upload_id]
        if first_byte == len(content):
            content += part
            self.calls["part"] += 1
        self._fail("part", self.after)
        return max(len(content), 1)

    def complete_upload(self, repository: str, upload_id: str, digest: str, size: int) -> None:
        self._fail("complete", self.before)
        if upload_id not in self.uploads:
            raise LOST
        content = bytes(self.uploads[upload_id])
        if not content:
            raise EMPTY
        if digest_of(content) != digest:
            raise CHANGED
        del self.uploads[upload_id]
        self.stored[digest] = content
        self.calls["complete"] += 1
        self._fail("complete", self.after)

    def _fail(self, method: str, errors: Mapping[str, list[EcrTuiError]]) -> None:
        if errors.get(method):
            raise errors[method].pop(0)


@dataclass
class MemoryRecords:
    """The records of uploads."""

    uploads: dict[str, tuple[Upload, int]] = field(default_factory=dict)

    def save_upload(self, repository: str, digest: str, upload: Upload, received: int) -> None:
        self.uploads[digest] = (upload, received)

    def unfinished_upload(self, repository: str, digest: str) -> tuple[Upload, int] | None:
        return self.uploads.get(digest)

    def forget_upload(self, repository: str, digest: str) -> None:
        self.uploads.pop(digest, None)
