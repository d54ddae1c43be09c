"""Text that a widget can show: its lines with every character visible, and the rows of their wrapping.

A text can be a single line of 4 MiB. Only preparing it takes time in proportion to the text; run that in a thread where
the text can be long. Everything else takes time in proportion to the visible part.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size

from ecrtui.tui import safe_text as text

MEASURED_LENGTH = 4_096
"""Longer lines are wrapped without measuring each character."""

MAX_MATCHES = 10_000
"""Greatest number of matches that a search returns."""

LABEL = re.compile(r" *(?:\S+(?: \S+)* {2,})?")
"""The indentation of a line, and its label: words that two spaces or more separate from the rest."""

Span = tuple[int, int, str]
"""Start and end in a line, and a Textual style."""


class TextRange(NamedTuple):
    """A range of characters of a visible line."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TextDocument:
    """A text, ready to be shown.

    Args:
        text: The exact text.
        lines: Its lines with invisible characters made visible.
        wide: The numbers of the lines with a character that does not take exactly one cell.
        width: The width of its widest line in cells.
        indents: For each line, the cells that its further rows are indented by; empty to wrap without indentation.
        styles: The styled ranges of a line, by its number.
    """

    text: str
    lines: tuple[str, ...]
    wide: frozenset[int]
    width: int
    indents: tuple[int, ...] = ()
    styles: Mapping[int, Sequence[Span]] = field(default_factory=dict)

    def text_at(self, part: TextRange) -> str:
        """Return the characters of a range."""
        return self.lines[part.line][part.start : part.end]

    def spans(self, part: TextRange) -> Iterable[Span]:
        """Return the styled ranges of the line of a range. They can start before it and end behind it."""
        return self.styles.get(part.line, ())

    def find(self, words: str) -> tuple[TextRange, ...]:
        """Return the ranges of these words, ignoring case, at most :data:`MAX_MATCHES`."""
        if not words:
            return ()
        pattern = re.compile(re.escape(text.visible(words)), re.IGNORECASE)
        return tuple(islice(find_all(self.lines, pattern), MAX_MATCHES))


def prepare_text(source: str, styles: Mapping[int, Sequence[Span]] | None = None) -> TextDocument:
    """Prepare a text for people. It wraps between words, and the further rows of a line are indented.

    So a text of the registry that is beside a label never starts a row of its own at the left edge.
    """
    lines = text.visible_lines(source).split("\n")
    wide = wide_lines(lines)
    return TextDocument(
        text=source,
        lines=tuple(lines),
        wide=wide,
        width=widest(lines, wide),
        indents=tuple(_indent(line) for line in lines),
        styles=styles or {},
    )


def prepare_facts(source: str) -> TextDocument:
    """Prepare lines with a label and a value each. A label is muted, as in a panel of facts.

    A line that begins with a blank has no label of its own.
    """
    ends = ((number, _label_end(line)) for number, line in enumerate(source.split("\n")))
    return prepare_text(source, {number: [(0, end, "$text-muted")] for number, end in ends if end})


def wide_lines(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the lines with a character that does not take exactly one cell."""
    return frozenset(number for number, line in enumerate(lines) if _is_wide(line))


def widest(lines: Sequence[str], wide: frozenset[int]) -> int:
    """Return the width of the widest line in cells."""
    if not wide:
        return max(map(len, lines))
    return max(cell_len(line) if number in wide else len(line) for number, line in enumerate(lines))


def find_all(lines: Sequence[str], pattern: re.Pattern[str]) -> Iterator[TextRange]:
    """Yield the matches of a pattern that matches no line feed. One search of all lines is faster than one each."""
    begins = array("I", accumulate((len(line) + 1 for line in lines), initial=0))
    for match in pattern.finditer("\n".join(lines)):
        number = bisect_right(begins, match.start()) - 1
        yield TextRange(number, match.start() - begins[number], match.end() - begins[number])


def _indent(line: str) -> int:
    """Return the indentation of the further rows of a line: a little more than that of the text beside its label."""
    label = LABEL.match(line[:80])
    return (0 if label is None else cell_len(label[0])) + 2


def _label_end(line: str) -> int:
    """Return the number of characters of the label at the start of a line; 0 without one."""
    label = None if line.startswith(" ") else LABEL.match(line[:80])
    return 0 if label is None else len(label[0].rstrip(" "))


def _is_wide(line: str) -> bool:
    return not line.isascii() and any(get_character_cell_size(character) != 1 for character in set(line))


class LineWrapping:
    """The rows of a text on the screen.

    Args:
        document: The text.
        width: The width of a row in cells; None for one row per line.
    """

    def __init__(self, document: TextDocument, width: int | None) -> None:
        self._lines = document.lines
        self._indents = document.indents
        self._width = None if width is None else max(width, 2)
        self._breaks: dict[int, array[int]] = {}
        if self._width is None:
            self._first = array("I", range(len(self._lines) + 1))
            return
        cells = self._width
        heights = [-(-len(line) // cells) or 1 for line in self._lines]
        long = range(len(self._lines)) if document.indents else document.wide
        for number in long:
            line = self._lines[number]
            if 2 * len(line) > cells and (number in document.wide or len(line) > cells):
                self._breaks[number] = breaks = array("I", self._breaks_of(number, number in document.wide))
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

    def indent(self, part: TextRange) -> int:
        """Return the cells by which a row is indented: none for the first row of a line."""
        if part.start == 0 or not self._indents or self._width is None:
            return 0
        return min(self._indents[part.line], self._width // 2)

    def _breaks_of(self, number: int, wide: bool) -> Iterator[int]:
        line, width = self._lines[number], self._width or 2
        indent = self.indent(TextRange(number, 1, 1))
        if len(line) > MEASURED_LENGTH:
            step = (width - indent) // 2 if wide else width - indent  # half as many characters as cells always fit
            return iter((*range(0, len(line), max(step, 1)), len(line)))
        return _breaks(line, width, indent, wide=wide, between_words=bool(self._indents))

    def row_of(self, line: int, position: int) -> int:
        """Return the row that shows this character."""
        first = self._first[line]
        if self._width is None:
            return first
        breaks = self._breaks.get(line)
        within = position // self._width if breaks is None else bisect_right(breaks, position) - 1
        return min(first + within, self._first[line + 1] - 1)


def _breaks(shown: str, width: int, indent: int, *, wide: bool, between_words: bool) -> Iterator[int]:
    """Yield where a line wraps, with its start and its end. The first row has ``width`` cells, the others less.

    Args:
        shown: the line.
        width: cells of a row.
        indent: cells that the further rows are indented by.
        wide: whether the line has a character that does not take exactly one cell.
        between_words: wrap after a space where a row has one, but not before a word that no row has room for.
    """
    yield 0
    start, room, length = 0, width, len(shown)
    while True:
        end = _row_end(shown, start, room) if wide else min(start + room, length)
        if end == length:
            break
        space = shown.rfind(" ", start, end + 1) if between_words else -1
        if space > start and shown[start:space].strip() and _word_length(shown, space + 1) <= width - indent:
            end = space + 1
        start = max(end, start + 1)
        yield start
        room = width - indent
    yield length


def _word_length(shown: str, start: int) -> int:
    end = shown.find(" ", start)
    return (len(shown) if end < 0 else end) - start


def _row_end(shown: str, start: int, room: int) -> int:
    """Return where a row ends that starts here and has this many cells."""
    end = start
    while end < len(shown) and (room := room - get_character_cell_size(shown[end])) >= 0:
        end += 1
    return end


EMPTY_TEXT = prepare_text("")
"""The document without text."""
