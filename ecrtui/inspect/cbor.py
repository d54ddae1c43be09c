"""Read CBOR (RFC 8949), in which COSE envelopes of Notary Project are written. Only what such an envelope needs.

botocore has a reader too, but a private one: it refuses the tag of COSE, and has no limit of depth or of items.
"""

from __future__ import annotations

from typing import Any, NamedTuple

MAX_DEPTH = 16
MAX_ITEMS = 10_000

_BREAK = b"\xff"
"""The byte that ends an item without a length (RFC 8949, 3.2.1)."""


class Tagged(NamedTuple):
    """A value with a tag: 18 is COSE_Sign1, 1 is a time in seconds since the epoch."""

    tag: int
    value: Any


def parse_cbor(data: bytes) -> Any:
    """Return the value of a CBOR text. Numbers of floating point are None.

    Raises:
        ValueError: it is not CBOR, nested too deeply, or has too many items.
    """
    return _Reader(data).value(0)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._items = 0

    def value(self, depth: int) -> Any:
        """Return the next value."""
        self._items += 1
        if depth > MAX_DEPTH or self._items > MAX_ITEMS:
            raise ValueError("it is nested too deeply, or has too many items")
        first = self._take(1)[0]
        major, information = first >> 5, first & 0x1F
        argument = self._argument(information)
        if argument is None and major in (0, 1, 6, 7):
            raise ValueError("it is not CBOR")
        if major == 7:
            return {20: False, 21: True}.get(information)
        return self._of_type(major, argument, depth)

    def _of_type(self, major: int, argument: int | None, depth: int) -> Any:
        match major:
            case 0:
                return argument
            case 1:
                return -1 - (argument or 0)
            case 2:
                return self._take(argument) if argument is not None else b"".join(self._chunks(bytes, depth))
            case 3:
                if argument is None:
                    return "".join(self._chunks(str, depth))
                return self._take(argument).decode("utf-8", errors="replace")
            case 4:
                return self._entries(argument, depth)
            case 5:
                entries = self._entries(None if argument is None else 2 * argument, depth)
                if len(entries) % 2:
                    raise ValueError("it is not CBOR")
                pairs = zip(entries[::2], entries[1::2], strict=True)
                return {key: value for key, value in pairs if isinstance(key, (int, str, bytes))}
            case _:
                return Tagged(argument or 0, self.value(depth + 1))

    def _argument(self, information: int) -> int | None:
        """Return the argument of an item; None if its length is not given before it."""
        if information < 24:
            return information
        if information <= 27:
            return int.from_bytes(self._take(1 << (information - 24)), "big")
        if information == 31:
            return None
        raise ValueError("it is not CBOR")

    def _entries(self, count: int | None, depth: int) -> list[Any]:
        found: list[Any] = []
        while count is None or len(found) < count:
            if count is None and self._data.startswith(_BREAK, self._position):
                self._position += 1
                return found
            found.append(self.value(depth + 1))
        return found

    def _chunks(self, kind: type, depth: int) -> list[Any]:
        chunks = self._entries(None, depth)
        if not all(isinstance(chunk, kind) for chunk in chunks):
            raise ValueError("it is not CBOR")
        return chunks

    def _take(self, count: int) -> bytes:
        end = self._position + count
        if end > len(self._data):
            raise ValueError("it is cut")
        taken = self._data[self._position : end]
        self._position = end
        return taken
