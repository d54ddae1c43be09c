"""A manifest prepared for the screen: its lines, its digests, its rows at a width, its colours where they are seen.

A manifest can be a single line of 4 MiB, so nothing here costs what the text weighs but :func:`prepare`, which a screen
runs off its thread; everything else costs what is on the screen. JSON is coloured row by row by a lexer of three
kinds of token: the strings of JSON do not go over lines, and in a long line there are places to start from.
``textual.highlight`` would have to go over the whole text, half a second for 27,000 lines, and keep all its spans.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size

from ecrtui.tui import safe_text as text

LONG_LINE = 4_096
"""Characters of a line from which on it has places for the lexer to start from, about one in as many characters."""

LOOK_AHEAD = 512
"""Characters beyond a row that the lexer looks at: the name of a member is told from another string by its colon."""

MAX_MATCHES = 10_000
"""Matches that a search finds; who has more searches for something else."""

_TOKEN = re.compile(
    r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*"?)(?P<colon>\s*:)?'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<constant>\b(?:true|false|null)\b)"
)
_REST_OF_STRING = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"?')
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}(?![0-9a-f])")
_PLAIN = bytes(range(ord(" "), ord("~") + 1)) + b"\n"
"""Characters that are shown as they are, and those that end a line."""

Span = tuple[int, int, str]
"""Start and end in a line, and a style of Textual."""


class TextRange(NamedTuple):
    """A range of characters of a shown line."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LexerCheckpoints:
    """Where the lexer can start in a long line.

    Args:
        positions: characters of the line, ascending.
        inside: for each of them whether it lies within a string.
    """

    positions: array[int]
    inside: bytes


@dataclass(frozen=True, slots=True)
class ManifestDocument:
    """A text, ready to be shown.

    Args:
        text: the exact text.
        lines: its lines as they are shown: visible characters only.
        wide: the numbers of the lines in which a character takes two cells, or none.
        starts: places to start from, by the numbers of the long lines.
        digests: where it names digests, in its order.
        width: the cells of its longest line.
    """

    text: str
    lines: tuple[str, ...]
    wide: frozenset[int]
    checkpoints: Mapping[int, LexerCheckpoints]
    digests: tuple[TextRange, ...]
    width: int

    def text_at(self, place: TextRange) -> str:
        """The characters at a place."""
        return self.lines[place.line][place.start : place.end]

    def spans(self, place: TextRange) -> Iterator[Span]:
        """The colours at a place, and beyond it on both sides as far as a token goes."""
        shown, start, end = self.lines[place.line], place.start, place.end
        position = 0
        known = self.checkpoints.get(place.line)
        number = -1 if known is None else bisect_right(known.positions, start) - 1
        if known is not None and number >= 0:
            position = known.positions[number]
            if known.inside[number]:
                rest = _REST_OF_STRING.match(shown, position, end + LOOK_AHEAD)
                begin, position = position, rest.end() if rest else position
                yield begin, position, "$json-string"
        for token in _TOKEN.finditer(shown, position, end + LOOK_AHEAD):
            if token.start() >= end:
                break
            if token.lastgroup == "colon":
                yield token.start(), token.end("string"), "$json-key"
            else:
                yield token.start(), token.end(), f"$json-{token.lastgroup}"

    def find(self, words: str) -> tuple[TextRange, ...]:
        """Where these words are, in upper or lower case; at most :data:`MOST_MATCHES` places."""
        if not words:
            return ()
        pattern = re.compile(re.escape(text.visible(words)), re.IGNORECASE)
        return tuple(islice(_places(self.lines, pattern), MAX_MATCHES))


def prepare_manifest(source: str) -> ManifestDocument:
    """Prepare a text. Takes a fiftieth of a second for 4 MiB; safe in a thread."""
    lines = source.split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    plain = source.isascii() and not source.encode("ascii").translate(None, _PLAIN)
    if not plain:
        lines = [text.visible(line) for line in lines]
    wide = frozenset() if plain else frozenset(number for number, line in enumerate(lines) if _is_wide(line))
    longest = max(map(len, lines))
    long = (number for number, line in enumerate(lines) if len(line) > LONG_LINE) if longest > LONG_LINE else ()
    return ManifestDocument(
        text=source,
        lines=tuple(lines),
        wide=wide,
        checkpoints={number: _starts(lines[number]) for number in long},
        digests=tuple(_places(lines, _DIGEST)),
        width=longest
        if not wide
        else max(cell_len(line) if number in wide else len(line) for number, line in enumerate(lines)),
    )


def _is_wide(line: str) -> bool:
    return not line.isascii() and any(get_character_cell_size(character) != 1 for character in set(line))


def _places(lines: Sequence[str], pattern: re.Pattern[str]) -> Iterator[TextRange]:
    """Where a pattern that matches no line feed is found; one search over all the lines is quicker than one a line."""
    begins = array("I", accumulate((len(line) + 1 for line in lines), initial=0))
    for match in pattern.finditer("\n".join(lines)):
        number = bisect_right(begins, match.start()) - 1
        yield TextRange(number, match.start() - begins[number], match.end() - begins[number])


def _starts(shown: str) -> LexerCheckpoints:
    positions, inside = array("I"), bytearray()
    for position, within in _starts_among_escapes(shown) if "\\" in shown else _starts_among_quotes(shown):
        positions.append(position)
        inside.append(within)
    return LexerCheckpoints(positions, bytes(inside))


def _starts_among_quotes(shown: str) -> Iterator[tuple[int, bool]]:
    """Without an escape quotes tell what is a string: they are counted from place to place."""
    last, inside = 0, False
    while last + LONG_LINE < len(shown):
        inside ^= shown.count('"', last, last + LONG_LINE) % 2 == 1
        last += LONG_LINE
        close = shown.find('"', last) if inside else last - 1
        if inside and not 0 <= close < last + LONG_LINE:
            yield last, True
            continue
        last = shown.find('"', close + 1)
        if last < 0:
            return
        inside = False
        yield last, False


def _starts_among_escapes(shown: str) -> Iterator[tuple[int, bool]]:
    last = 0
    for token in _TOKEN.finditer(shown):
        start, end = token.span()
        if start - last >= LONG_LINE:
            last = start
            yield last, False
        while end - last > 2 * LONG_LINE:  # a string as long as that: places within it, but not within an escape
            before = shown[last : last + LONG_LINE]
            last += LONG_LINE + (len(before) - len(before.rstrip("\\"))) % 2
            yield last, True


class LineWrapping:
    """The lines of a text as rows of the screen.

    Args:
        prepared: the text.
        width: the cells of a row; None for one row a line, as long as it is.
    """

    def __init__(self, prepared: ManifestDocument, width: int | None) -> None:
        self._lines = prepared.lines
        self._width = None if width is None else max(width, 2)
        self._breaks: dict[int, array[int]] = {}
        if self._width is None:
            self._first = array("I", range(len(self._lines) + 1))
            return
        cells = self._width
        heights = [-(-len(line) // cells) or 1 for line in self._lines]
        for number in prepared.wide:
            line = self._lines[number]
            if 2 * len(line) > cells:
                self._breaks[number] = breaks = array("I", _breaks(line, cells))
                heights[number] = len(breaks) - 1
        self._first = array("I", accumulate(heights, initial=0))

    def __len__(self) -> int:
        return self._first[-1]

    def __getitem__(self, row: int) -> TextRange:
        """What a row shows."""
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
        """The row that shows this character."""
        first = self._first[line]
        if self._width is None:
            return first
        breaks = self._breaks.get(line)
        within = position // self._width if breaks is None else bisect_right(breaks, position) - 1
        return min(first + within, self._first[line + 1] - 1)


def _breaks(shown: str, width: int) -> Iterator[int]:
    """Where a line with wide characters is broken, its start and its end among them."""
    yield 0
    if len(shown) > LONG_LINE:  # not measured one by one: half as many characters always fit
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
"""No text."""
