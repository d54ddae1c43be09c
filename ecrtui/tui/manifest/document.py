"""The lines, rows, colors and digests of a manifest on the screen.

A manifest can be a single line of 4 MiB. Only :func:`prepare_manifest` takes time in proportion to the text; run it
in a thread. Everything else takes time in proportion to the visible part. A lexer colors the JSON line by line, because
a JSON string cannot span lines. ``textual.highlight`` would take half a second for 27,000 lines.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, islice
from operator import itemgetter
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size

from ecrtui.tui import safe_text as text

MAX_COLORED_LENGTH = 65_536
"""Lines with more characters than this have no colors: the lexer reads a line from its start."""

MEASURED_LENGTH = 4_096
"""Longer lines with wide characters are wrapped without measuring each character."""

MAX_MATCHES = 10_000
"""Greatest number of matches that a search returns."""

_TOKEN = re.compile(
    r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*"?)(?P<colon>\s*:)?'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<constant>\b(?:true|false|null)\b)"
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}(?![0-9a-f])")
_PLAIN = bytes(range(ord(" "), ord("~") + 1)) + b"\n"
"""Characters that need no escaping, and the line feed."""

Span = tuple[int, int, str]
"""Start and end in a line, and a Textual style."""


class TextRange(NamedTuple):
    """A range of characters of a visible line."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ManifestDocument:
    """A manifest, ready to be shown.

    Args:
        text: The exact text.
        lines: Its lines with invisible characters made visible.
        wide: The numbers of the lines with a character that does not take exactly one cell.
        digests: The ranges of its digests, in order.
        width: The width of its widest line in cells.
    """

    text: str
    lines: tuple[str, ...]
    wide: frozenset[int]
    digests: tuple[TextRange, ...]
    width: int

    def text_at(self, part: TextRange) -> str:
        """Return the characters of a range."""
        return self.lines[part.line][part.start : part.end]

    def spans(self, part: TextRange) -> Iterator[Span]:
        """Yield the colored tokens that overlap a range. They can start before it and end behind it."""
        line = self.lines[part.line]
        if len(line) > MAX_COLORED_LENGTH:
            return
        spans = _line_spans(line)
        for index in range(bisect_right(spans, part.start, key=itemgetter(1)), len(spans)):
            if spans[index][0] >= part.end:
                return
            yield spans[index]

    def find(self, words: str) -> tuple[TextRange, ...]:
        """Return the ranges of these words, ignoring case, at most :data:`MAX_MATCHES`."""
        if not words:
            return ()
        pattern = re.compile(re.escape(text.visible(words)), re.IGNORECASE)
        return tuple(islice(_find_all(self.lines, pattern), MAX_MATCHES))


def prepare_manifest(source: str) -> ManifestDocument:
    """Prepare a manifest for the screen. Takes about 20 ms for 4 MiB; safe in a thread."""
    lines = source.split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    plain = source.isascii() and not source.encode("ascii").translate(None, _PLAIN)
    if not plain:
        lines = [text.visible(line) for line in lines]
    wide = frozenset() if plain else frozenset(number for number, line in enumerate(lines) if _is_wide(line))
    longest = max(map(len, lines))
    return ManifestDocument(
        text=source,
        lines=tuple(lines),
        wide=wide,
        digests=tuple(_find_all(lines, _DIGEST)),
        width=longest
        if not wide
        else max(cell_len(line) if number in wide else len(line) for number, line in enumerate(lines)),
    )


def _is_wide(line: str) -> bool:
    return not line.isascii() and any(get_character_cell_size(character) != 1 for character in set(line))


def _find_all(lines: Sequence[str], pattern: re.Pattern[str]) -> Iterator[TextRange]:
    """Yield the matches of a pattern that matches no line feed. One search of all lines is faster than one each."""
    begins = array("I", accumulate((len(line) + 1 for line in lines), initial=0))
    for match in pattern.finditer("\n".join(lines)):
        number = bisect_right(begins, match.start()) - 1
        yield TextRange(number, match.start() - begins[number], match.end() - begins[number])


@lru_cache(maxsize=8)
def _line_spans(line: str) -> tuple[Span, ...]:
    """Return the colored tokens of a line. Cached because each row of a wrapped line needs them."""
    return tuple(
        (token.start(), token.end("string"), "$json-key")
        if token.lastgroup == "colon"
        else (token.start(), token.end(), f"$json-{token.lastgroup}")
        for token in _TOKEN.finditer(line)
    )


class LineWrapping:
    """The rows of a manifest on the screen.

    Args:
        document: The manifest.
        width: The width of a row in cells; None for one row per line.
    """

    def __init__(self, document: ManifestDocument, width: int | None) -> None:
        self._lines = document.lines
        self._width = None if width is None else max(width, 2)
        self._breaks: dict[int, array[int]] = {}
        if self._width is None:
            self._first = array("I", range(len(self._lines) + 1))
            return
        cells = self._width
        heights = [-(-len(line) // cells) or 1 for line in self._lines]
        for number in document.wide:
            line = self._lines[number]
            if 2 * len(line) > cells:
                self._breaks[number] = breaks = array("I", _breaks(line, cells))
                heights[number] = len(breaks) - 1
        self._first = array("I", accumulate(heights, initial=0))

    def __len__(self) -> int:
        return self._first[-1]

    def __getitem__(self, row: int) -> TextRange:
        """Return the part of a line that a row shows."""
        line = bisect_right(self._first, row) - 1
        length = len(self._lines[line])
        within = row - self._first[line]
        if self._width is None:
            return TextRange(line, 0, length)
        breaks = self._breaks.get(line)
        if breaks is None:
            return TextRange(line, within * self._width, min((within + 1) * self._width, length))
        return TextRange(line, breaks[within], breaks[within + 1])

    def row_of(self, line: int, position: int) -> int:
        """Return the row that shows this character."""
        first = self._first[line]
        if self._width is None:
            return first
        breaks = self._breaks.get(line)
        within = position // self._width if breaks is None else bisect_right(breaks, position) - 1
        return min(first + within, self._first[line + 1] - 1)


def _breaks(shown: str, width: int) -> Iterator[int]:
    """Yield where a line with wide characters wraps, with its start and its end."""
    yield 0
    if len(shown) > MEASURED_LENGTH:  # half as many characters as cells always fit
        yield from range(width // 2, len(shown), width // 2)
    else:
        cells = 0
        for position, character in enumerate(shown):
            size = get_character_cell_size(character)
            if cells + size > width:
                yield position
                cells = 0
            cells += size
    yield len(shown)


EMPTY = prepare_manifest("")
"""The document without text."""
