"""Write only the cells that change.

Defect: Textual writes every strip of an update whole, each segment with all its SGR parameters and a reset, and a
change of the layout writes the whole screen. Over a slow connection a key takes seconds.
Upstream: no issue known.
Delete this module when Textual compares cells.

A frame remembers the cells that the application wants and the cells that the terminal shows. Drawing a strip changes
only the wanted cells; :meth:`CellFrame.take_changes` returns the output that makes the terminal show them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from rich.cells import split_graphemes
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.strip import Strip

from ecrtui.ascii_text import ascii_cells
from ecrtui.tui.textual_fixes.cell_line import LONGEST_GAP, CellLine, Piece
from ecrtui.tui.textual_fixes.cell_looks import Look, LookTable, blank_look, look_for_blanks, transition
from ecrtui.tui.textual_fixes.cursor_moves import shortest_move

ERASE_LINE_END = "\x1b[K"
"""Erase from the cursor to the end of the line."""

MOVE_SIZE = 5
"""Typical bytes of a move within a line."""

_CONTROLS: Final = "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
"""Controls of the terminal and of the direction of text. They take no cell, and a terminal would obey them."""


class CellFrame:
    """The cells of a terminal of one size.

    Args:
        width: Columns.
        height: Lines.
        table: The looks of styles.
        ascii_only: True to show ASCII in place of other characters, cell by cell.
    """

    def __init__(self, width: int, height: int, table: LookTable, *, ascii_only: bool = False) -> None:
        self.width = width
        self._split = _ascii_cells if ascii_only else _cells
        self.height = height
        self.erases_in_color = False
        """True if the terminal erases cells with the background of the pen."""
        self._table = table
        self._lines = [CellLine(width) for _ in range(height)]
        self._changed: set[int] = set(range(height))
        self._pen: Look | None = None
        self._x: int | None = None
        """Column of the cursor; the width after a character in the last column; None if it is not known."""
        self._y = 0

    def forget(self) -> None:
        """Assume nothing about the terminal, because another program may have written to it."""
        for line in self._lines:
            line.forget()
        self._changed = set(range(self.height))
        self._pen = self._x = None

    def draw(self, update: LayoutUpdate | ChopsUpdate) -> None:
        """Draw an update of Textual's compositor."""
        strips = _layout_strips(update) if isinstance(update, LayoutUpdate) else _chop_strips(update)
        for x, y, strip in strips:
            if 0 <= y < self.height:
                self.draw_strip(x, y, strip)

    def draw_strip(self, x: int, y: int, strip: Strip) -> None:
        """Draw a strip with its first cell at (x, y). Cells right of the last column are dropped."""
        line = self._lines[y]
        if line.strips.get(x) is strip:
            return
        end = min(x + strip.cell_length, self.width)
        for start, other in list(line.strips.items()):
            if start < end and x < start + other.cell_length:
                del line.strips[start]
        line.strips[x] = strip
        self._changed.add(y)
        wanted, looks, look_of, split = line.wanted, line.looks, self._table.look, self._split
        if x < self.width and wanted[x] == "":
            wanted[x - 1] = " "  # a terminal blanks the other half of a character that loses one half
        if end < self.width and wanted[end] == "":
            wanted[end] = " "
        for text, style, control in strip:
            if control or not text:
                continue
            cells = text if text.isascii() and text.isprintable() else split(text)
            count = max(min(len(cells), end - x), 0)  # a strip may claim fewer cells than its text has
            wanted[x : x + count] = cells[:count]
            looks[x : x + count] = [look_of(style)] * count
            x += count

    def take_changes(self, cursor: tuple[int, int] | None) -> str:
        """Return the output that shows the wanted cells.

        Its first move is absolute, so that another program that has written to the terminal cannot shift it.

        Args:
            cursor: Column and line to leave the cursor at; None to leave it anywhere.
        """
        before, self._x = self._x, None
        output = [self._write_line(y) for y in sorted(self._changed)]
        self._changed.clear()
        if not any(output):
            self._x = before
        if cursor is not None and (self._x, self._y) != cursor:
            self._move(*cursor, output)
        if self._pen is not None and self._pen.link:  # another program would write into the link
            self._set_pen(self._pen._replace(link=""), output, is_blank=False)
        return "".join(output)

    def _write_line(self, y: int) -> str:
        """Return the output that shows the wanted cells of a line.

        What the pen can write as it is comes first if that is shorter: most lines of a table have the same few looks.
        """
        pieces = self._lines[y].take_changes(self.erases_in_color)
        pen = self._pen
        first = [piece for piece in pieces if piece.look == pen]
        if first != pieces[: len(first)]:
            reordered = [*first, *(piece for piece in pieces if piece.look != pen)]
            pieces = min(pieces, reordered, key=self._size_of_control)
        return self._write(pieces, y)

    def _size_of_control(self, pieces: Iterable[Piece]) -> int:
        """Estimate the bytes of the sequences that change the pen and move the cursor."""
        size, pen, x = 0, self._pen, -1
        for piece in pieces:
            size += len(transition(pen, piece.look)) + (MOVE_SIZE if piece.start != x else 0)
            pen, x = piece.look, piece.end
        return size

    def _write(self, pieces: Iterable[Piece], y: int) -> str:
        output: list[str] = []
        for piece in pieces:
            if (self._x, self._y) != (piece.start, y):
                self._go_to(piece.start, y, output)
            self._set_pen(piece.look, output, is_blank=piece.is_blank)
            if piece.text:
                output.append(piece.text)
                self._x = piece.end if len(self._lines[y].wanted[piece.end - 1]) == 1 else None
            else:  # the cursor stays
                output.append(ERASE_LINE_END if piece.end == self.width else f"\x1b[{piece.end - piece.start}X")
        return "".join(output)

    def _set_pen(self, look: Look, output: list[str], *, is_blank: bool) -> None:
        """Change the pen to a look, or to any one that is the same on blank cells."""
        if is_blank and self._pen is not None:
            look = look_for_blanks(self._pen, look)
        output.append(transition(self._pen, look))
        self._pen = look

    def _go_to(self, x: int, y: int, output: list[str]) -> None:
        """Move the cursor to a cell, by writing the cells up to it if that is shorter."""
        here = self._x
        if here is not None and y == self._y and 0 < x - here <= LONGEST_GAP:
            line = self._lines[y]
            cells = line.wanted[here:x]
            if all(map(self._draws, cells, line.looks[here:x])):
                output += cells
                self._x = x
                return
        self._move(x, y, output)

    def _draws(self, cell: str, look: Look) -> bool:
        """Return True if the pen draws a cell in its look, and a terminal takes it for one cell."""
        pen = self._pen
        if cell == " ":
            return pen is not None and blank_look(pen) == blank_look(look)
        return pen == look and len(cell) == 1

    def _move(self, x: int, y: int, output: list[str]) -> None:
        output.append(shortest_move(self._x, self._y, x, y, self.width))
        self._x, self._y = x, y


def _layout_strips(update: LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            yield x, y, strip
            x += strip.cell_length


def _chop_strips(update: ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Yield the strips that :meth:`ChopsUpdate.render_segments` writes."""
    for y, first, last in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x > last or end <= first:
                continue
            inside = last > x >= first and end <= last
            yield x, y, strip if inside else strip.crop(0, min(end, last) - x)


@lru_cache(4096)
def _cells(text: str) -> list[str]:
    """Split a text into cells; see :class:`CellLine`. Drop control characters, whatever has let them through."""
    text = re.sub(_CONTROLS, "", text)
    cells: list[str] = []
    for start, end, width in split_graphemes(text)[0]:
        if width:
            cells += [text[start:end], *[""] * (width - 1)]
        elif cells:
            head = max(index for index, cell in enumerate(cells) if cell)
            cells[head] += text[start:end]
    return cells


@lru_cache(4096)
def _ascii_cells(text: str) -> list[str]:
    return ascii_cells(_cells(text))
