"""Read a large JSON document without holding all of its values, and without stopping other threads.

Python's ``json`` reads a document in one step, in which no other thread runs, and whose result takes many times the
memory of the text. An SBOM can have tens of megabytes. Here the outer objects are read member by member, and the array
with the packages is read again each time somebody iterates over it, one entry at a time. Other long arrays, such as the
files of an SBOM, are checked and left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from typing import Any

from ecrtui.ecr.json_values import parse_json

MAX_WHOLE = 4 * 1024 * 1024
"""Characters of a document that is read in one step."""

MAX_LIST = 64 * 1024
"""Characters of an array in a larger document that is kept, whatever its name."""

MAX_VALUE = 8 * 1024 * 1024
"""Characters of an entry of an array, and of all values of a document together that are kept, texts excepted."""

MAX_ENTRIES = 1_000_000
"""Entries of an array. Those of an SBOM have more than a hundred characters."""

PACKAGES = frozenset({"packages", "@graph", "components", "artifacts"})
"""The names of the arrays with packages, in SPDX 2 and 3, CycloneDX and syft JSON."""

OUTER_OBJECTS = 6
"""Levels of objects that are read member by member. A statement in a bundle has three around an SBOM."""

_MEMBER = 64
"""Characters that a member counts for at least: it takes memory, however short it is."""

_WINDOWS = (4 * 1024, 256 * 1024, MAX_VALUE)
"""Characters from the start of a value in which its end is looked for."""

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


class LargeArray:
    """An array of a large document. Its entries are read each time it is iterated over.

    Args:
        text: the document.
        start: the position of its opening bracket. All of it is JSON.
    """

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._start = start

    def __iter__(self) -> Iterator[Any]:
        yield from _entries(self._text, self._start)


def parse_document(text: str) -> Any:
    """Parse JSON.

    In a document of more than :data:`MAX_WHOLE` characters, a long array of :data:`PACKAGES` is a :class:`LargeArray`,
    and any other long array is empty.

    Raises:
        ValueError: it is not JSON, it is nested too deeply, or it exceeds a limit.
    """
    return parse_json(text) if len(text) <= MAX_WHOLE else _Reader(text).document()


class _Reader:
    """Reads a large document. What it keeps has a limit: a value takes up to twenty times the memory of its text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._kept = 0

    def document(self) -> Any:
        value, end = self._value(_skip(self._text, 0), "", OUTER_OBJECTS)
        if (rest := _skip(self._text, end)) != len(self._text):
            raise _wrong(self._text, rest, "Extra data")
        return value

    def _value(self, start: int, name: str, levels: int) -> tuple[Any, int]:
        """Return the value of the member with this name at a position, and the position after it."""
        text = self._text
        if levels and text.startswith("{", start):
            return self._members(start, levels)
        if end := _long_text(text, start):
            return text[start + 1 : end - 1], end
        if text.startswith("[", start) and (end := _end(_entries(text, start))) - start > MAX_LIST:
            return LargeArray(text, start) if name in PACKAGES else [], end
        value, end = _decoded(text, start)
        self._keep(end - start)
        return value, end

    def _members(self, start: int, levels: int) -> tuple[dict[str, Any], int]:
        """Return the object at a position, and the position after it."""
        text, members = self._text, dict[str, Any]()
        position = _skip(text, start + 1)
        if text.startswith("}", position):
            return members, position + 1
        while True:
            if not text.startswith('"', position):
                raise _wrong(text, position, "Expecting property name enclosed in double quotes")
            name, end = _decoded(text, position)
            self._keep(end - position + _MEMBER)
            members[name], position = self._value(_after(text, end, ":"), name, levels - 1)
            position = _skip(text, position)
            if text.startswith("}", position):
                return members, position + 1
            position = _after(text, position, ",")

    def _keep(self, size: int) -> None:
        self._kept += size
        if self._kept > MAX_VALUE:
            raise ValueError(f"it has more than {MAX_VALUE:,} characters besides its long arrays")


def _long_text(text: str, start: int) -> int:
    """Return the position after a long text without escapes, such as base64; 0 for any other value.

    Python's reader looks at each of its characters, which takes long.
    """
    end = text.find('"', start + 1) if text.startswith('"', start) else -1
    return end + 1 if end - start > MAX_LIST and text.find("\\", start, end) < 0 else 0


def _entries(text: str, start: int) -> Generator[Any, None, int]:
    """Yield the entries of the array at a position; return the position after it."""
    position = _skip(text, start + 1)
    if text.startswith("]", position):
        return position + 1
    for _ in range(MAX_ENTRIES):
        entry, position = _decoded(text, position)
        yield entry
        position = _skip(text, position)
        if text.startswith("]", position):
            return position + 1
        position = _after(text, position, ",")
    raise ValueError(f"it has an array of more than {MAX_ENTRIES:,} entries")


def _end(entries: Generator[Any, None, int]) -> int:
    """Return what a generator returns, without what it yields."""
    while True:
        try:
            next(entries)
        except StopIteration as stop:
            return int(stop.value)


def _decoded(text: str, start: int) -> tuple[Any, int]:
    """Return the value at a position, and the position after it."""
    for size in _WINDOWS:
        window = text[start : start + size]
        is_cut = start + size < len(text)
        try:
            value, length = _DECODER.raw_decode(window)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        except json.JSONDecodeError as problem:
            if is_cut:  # its end can be behind the window
                continue
            raise _wrong(text, start + problem.pos, problem.msg) from None
        if length < len(window) or not is_cut:  # else it can be the first part of a number
            return value, start + length
    raise _wrong(text, start, f"Expecting a value of at most {MAX_VALUE:,} characters")


def _after(text: str, position: int, sign: str) -> int:
    """Return the position of what follows a sign, which must come next."""
    position = _skip(text, position)
    if not text.startswith(sign, position):
        raise _wrong(text, position, f"Expecting '{sign}' delimiter")
    return _skip(text, position + 1)


def _skip(text: str, position: int) -> int:
    """Return the position after white space."""
    found = _SPACE.match(text, position)
    return position if found is None else found.end()


def _wrong(text: str, position: int, problem: str) -> ValueError:
    return json.JSONDecodeError(problem, text, position)
