"""Read a layer in parts, one part ahead of the upload, and compute its digest on the way."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from ecrtui.ecr.digest import short_digest
from ecrtui.errors import IntegrityError
from ecrtui.promote.closure import Blob
from ecrtui.registry.protocol import LayerReader


class Buffers:
    """The memory for parts, used again for each layer: an allocator keeps pieces of this size. Safe between threads."""

    def __init__(self) -> None:
        self._free: list[bytearray] = []

    @contextmanager
    def borrow(self, size: int) -> Iterator[memoryview]:
        """Yield a buffer of this many bytes for the block."""
        try:
            buffer = self._free.pop()
        except IndexError:
            buffer = bytearray(size)
        if len(buffer) < size:
            buffer = bytearray(size)
        try:
            yield memoryview(buffer)[:size]
        finally:
            self._free.append(buffer)


def layer_parts(reader: LayerReader, blob: Blob, part_size: int, buffers: Buffers) -> Generator[memoryview]:
    """Yield the parts of a layer; each is valid until the next one. The digest is checked after the last one.

    Close the generator in the end.

    Args:
        reader: the content of the layer.
        blob: its digest, and its size if it is known.
        part_size: bytes of each part but the last.
        buffers: the memory of the parts: two, or one if the layer has one part.

    Raises:
        IntegrityError: the content has another digest, or more bytes than the manifest says.
        EcrTuiError: the content cannot be read.
    """
    content = _CheckedContent(reader, blob)
    with buffers.borrow(part_size) as first:
        if 0 <= blob.size <= part_size:
            while part := content.read(first):
                yield part
            return
        with buffers.borrow(part_size) as second:
            yield from _read_ahead(content, first, second)


class _CheckedContent:
    """The content of a layer, compared with its size and its digest."""

    def __init__(self, reader: LayerReader, blob: Blob) -> None:
        self._reader = reader
        self.blob = blob
        self._computed = hashlib.sha256()
        self._count = 0

    def read(self, buffer: memoryview) -> memoryview:
        """Return the next bytes, in the buffer; none at the end, after the digest was checked."""
        part = buffer[: self._reader.readinto(buffer)]
        self._computed.update(part)
        self._count += len(part)
        if 0 <= self.blob.size < self._count:
            raise self._broken(f"it has more than the {self.blob.size:,} bytes that the manifest says")
        if not part and (digest := f"sha256:{self._computed.hexdigest()}") != self.blob.digest:
            raise self._broken(f"{self._count:,} bytes arrived, with the digest {digest}")
        return part

    def _broken(self, what: str) -> IntegrityError:
        return IntegrityError(
            f"Layer {short_digest(self.blob.digest)} of the source does not match its digest",
            f"{self.blob.digest}: {what}",
            "The layer was not stored. Pull the image to check it. Push it again if the registry has a broken copy.",
            operation="GetDownloadUrlForLayer",
        )


def _read_ahead(content: _CheckedContent, *buffers: memoryview) -> Generator[memoryview]:
    """Yield the parts of a layer. A thread reads the next one into a free buffer meanwhile."""
    free: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
    found: queue.SimpleQueue[tuple[memoryview, memoryview] | BaseException] = queue.SimpleQueue()
    for buffer in buffers:
        free.put(buffer)

    def read() -> None:
        try:
            while (buffer := free.get()) is not None:
                part = content.read(buffer)
                found.put((part, buffer))
                if not part:
                    return
        except BaseException as problem:  # noqa: BLE001 - raised in the thread that sends
            found.put(problem)

    thread = threading.Thread(target=read, daemon=True, name=f"layer {short_digest(content.blob.digest)}")
    thread.start()
    try:
        while not isinstance(entry := found.get(), BaseException):
            part, buffer = entry
            if not part:
                return
            yield part
            free.put(buffer)
        raise entry
    finally:
        free.put(None)
        thread.join()  # it may still fill a buffer, which is used again after this
