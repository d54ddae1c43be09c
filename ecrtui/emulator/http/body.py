"""The body of an HTTP request in pieces, as they arrive: of a known length, or chunked (RFC 9112, section 7.1)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator

from ecrtui.emulator.errors import ServiceError

PIECE = 1024 * 1024
"""Bytes; the largest piece."""

_LINE = 1024
"""Bytes; the longest line between two chunks."""

_TRAILERS = 100
"""Lines after the last chunk."""

_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?\r?\n")


class RequestBody:
    """The body of one request. Iterate once to read it.

    Args:
        reader: the connection after the head of the request.
        length: bytes; None for a chunked body.
        take_memory: called by :meth:`whole` with the bytes of each piece; it raises ServiceError if they are not left.

    Iteration raises ServiceError if the body is malformed, ends early or does not arrive in time.
    """

    def __init__(
        self, reader: io.BufferedIOBase, length: int | None, take_memory: Callable[[int], None] = lambda _: None
    ) -> None:
        self._reader = reader
        self.take_memory = take_memory
        self.length = length
        self.finished = length == 0
        """Whether the next bytes of the connection belong to the next request."""

    def __iter__(self) -> Iterator[bytes]:
        pieces = self._chunks() if self.length is None else self._exactly(self.length)
        yield from pieces
        self.finished = True

    def whole(self, limit: int) -> bytes:
        """Return the whole body, of at most this many bytes.

        Raises:
            ServiceError: RequestEntityTooLarge with status 413; or as iteration does.
        """
        pieces: list[bytes] = []
        size = 0
        for piece in self:
            size += len(piece)
            if size > limit:
                raise ServiceError("RequestEntityTooLarge", f"The request is larger than {limit} bytes.", 413)
            self.take_memory(len(piece))
            pieces.append(piece)
        return b"".join(pieces)

    def _exactly(self, size: int) -> Iterator[bytes]:
        left = size
        while left:
            piece = self._reader.read1(min(left, PIECE))
            if not piece:
                raise ServiceError("SerializationException", f"The request ends after {size - left} of {size} bytes.")
            left -= len(piece)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while size := self._chunk_size():
            yield from self._exactly(size)
            if self._line().strip():
                raise ServiceError("BadRequest", "A chunk of the body is longer than its size.")
        for _ in range(_TRAILERS):
            if not self._line().strip():
                return
        raise ServiceError("BadRequest", f"The body ends with more than {_TRAILERS} trailers.")

    def _chunk_size(self) -> int:
        found = _CHUNK_SIZE.fullmatch(self._line())
        if found is None:
            raise ServiceError("BadRequest", "A chunk of the body does not begin with its size.")
        return int(found[1], 16)

    def _line(self) -> bytes:
        line = self._reader.readline(_LINE)
        if not line.endswith(b"\n"):
            raise ServiceError("BadRequest", "The chunked body ends early, or a line in it is too long.")
        return line
