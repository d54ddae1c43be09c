"""Read a layer in parts, one part ahead of the upload, and compute its digest on the way."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Generator, Iterator

from ecrtui.ecr.digest import short_digest
from ecrtui.errors import IntegrityError
from ecrtui.promote.closure import Blob
from ecrtui.registry.protocol import LayerReader

_PARTS_IN_MEMORY = 2
"""The part that is sent, and the one that is read meanwhile."""


def layer_parts(reader: LayerReader, blob: Blob, part_size: int) -> Generator[bytes]:
    """Yield the parts of a layer. The digest is checked after the last one. Close the generator in the end.

    Args:
        reader: the content of the layer.
        blob: its digest, and its size if it is known.
        part_size: bytes of each part but the last.

    Raises:
        IntegrityError: the content has another digest, or more bytes than the manifest says.
        EcrTuiError: the content cannot be read.
    """
    parts = _read(reader, blob, part_size)
    return parts if 0 <= blob.size <= part_size else _read_ahead(parts, blob.digest)


def _read(reader: LayerReader, blob: Blob, part_size: int) -> Generator[bytes]:
    computed = hashlib.sha256()
    count = 0
    while part := reader.read(part_size):
        computed.update(part)
        count += len(part)
        if 0 <= blob.size < count:
            raise _broken(blob, f"it has more than the {blob.size:,} bytes that the manifest says")
        yield part
    if (digest := f"sha256:{computed.hexdigest()}") != blob.digest:
        raise _broken(blob, f"{count:,} bytes arrived, with the digest {digest}")


def _read_ahead(parts: Iterator[bytes], name: str) -> Generator[bytes]:
    """Yield these parts, and read the next one in a thread meanwhile."""
    found: queue.SimpleQueue[bytes | BaseException | None] = queue.SimpleQueue()
    room = threading.Semaphore(_PARTS_IN_MEMORY - 1)
    closed = threading.Event()

    def read() -> None:
        try:
            for part in parts:
                found.put(part)
                room.acquire()
                if closed.is_set():
                    return
        except BaseException as problem:  # noqa: BLE001 - raised in the thread that sends
            found.put(problem)
        else:
            found.put(None)

    threading.Thread(target=read, daemon=True, name=f"layer {short_digest(name)}").start()
    try:
        while (entry := found.get()) is not None:
            if isinstance(entry, BaseException):
                raise entry
            yield entry
            room.release()
    finally:
        closed.set()
        room.release()


def _broken(blob: Blob, what: str) -> IntegrityError:
    return IntegrityError(
        f"Layer {short_digest(blob.digest)} of the source does not match its digest",
        f"{blob.digest}: {what}",
        "The layer was not stored. Pull the image to check it, and push it again if the registry has a broken copy.",
        operation="GetDownloadUrlForLayer",
    )
