"""Write only the cells that change.

Defect: Textual writes every strip of an update whole, each segment with all its SGR parameters and a reset, and a
change of the layout writes the whole screen. Over a slow connection a key takes seconds.
Upstream: no issue known.
Delete this module when Textual compares cells.

A frame remembers the cells that the application wants and the cells that the terminal shows. Drawing a strip changes
only the wanted cells; :meth:`CellFrame.take_changes` returns the output that makes the terminal show them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from rich.cells import split_graphemes
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.strip import Strip

from ecrtui.ascii_text import ascii_cells
from ecrtui.tui.textual_fixes.cell_looks import PLAIN, Look, LookTable, transition

UNKNOWN = "\x00"
"""A cell with contents that are not known. No wanted cell is equal to it."""

SHORTEST_ERASED = 12
"""Blank cells to erase with one sequence. It takes up to 10 bytes with the move behind them."""

LONGEST_GAP = 4
"""Unchanged cells to write again instead of a sequence that moves the cursor over them."""


class CellLine:
    """One line of a terminal.

    A character of two cells is in the first one; the second one is empty. Combining characters are in the cell of the
    character before them.
    """

    __slots__ = ("looks", "shown", "shown_looks", "strips", "wanted")

    def __init__(self, width: int) -> None:
        self.wanted = [" "] * width
        self.looks = [PLAIN] * width
        self.shown = [UNKNOWN] * width
        self.shown_looks = [PLAIN] * width
        self.strips: dict[int, Strip] = {}
        """The strips that were drawn last and not drawn over, by their first cell."""


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
        """Column of the cursor; None if it is not known."""
        self._y = 0

    def forget(self) -> None:
        """Assume nothing about the terminal, because another program may have written to it."""
        for line in self._lines:
            line.shown = [UNKNOWN] * self.width
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
            cells = text if text.isascii() else split(text)
            count = max(min(len(cells), end - x), 0)  # a strip may claim fewer cells than its text has
            wanted[x : x + count] = cells[:count]
            looks[x : x + count] = [look_of(style)] * count
            x += count

    def take_changes(self, cursor: tuple[int, int]) -> str:
        """Return the output that shows the wanted cells and moves the cursor to (x, y)."""
        output: list[str] = []
        for y in sorted(self._changed):
            self._write_line(y, output)
        self._changed.clear()
        if (self._x, self._y) != cursor:
            self._move(*cursor, output)
        return "".join(output)

    def _write_line(self, y: int, output: list[str]) -> None:
        line = self._lines[y]
        for start, end in _changed_runs(line):
            look = line.looks[start]
            can_erase = self.erases_in_color and not look.attributes and not look.link
            for first, last, is_blank in _parts(line.wanted, start, end) if can_erase else ((start, end, False),):
                self._go_to(first, y, line, output)
                output.append(transition(self._pen, look))
                self._pen = look
                if is_blank:  # the cursor stays
                    output.append(f"\x1b[{last - first}X")
                else:
                    output += line.wanted[first:last]
                    self._x = last if last < self.width and len(line.wanted[last - 1]) == 1 else None
        line.shown = line.wanted.copy()
        line.shown_looks = line.looks.copy()

    def _go_to(self, x: int, y: int, line: CellLine, output: list[str]) -> None:
        """Move the cursor to a cell, by writing the cells up to it if that is shorter."""
        here = self._x
        if here is not None and y == self._y and 0 < x - here <= LONGEST_GAP:
            between = line.wanted[here:x]
            if all(look is self._pen for look in line.looks[here:x]) and all(len(cell) == 1 for cell in between):
                output += between
                self._x = x
                return
        if (here, self._y) != (x, y):
            self._move(x, y, output)

    def _move(self, x: int, y: int, output: list[str]) -> None:
        here, line = self._x, self._y
        if here is not None and y == line and x > here:
            output.append("\x1b[C" if x == here + 1 else f"\x1b[{x - here}C")
        elif here is not None and x == 0 and y == line + 1:
            output.append("\r\n")
        else:
            output.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")
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
    """Split a text into cells; see :class:`CellLine`."""
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


def _changed_runs(line: CellLine) -> Iterator[tuple[int, int]]:
    """Yield the first and the last cell, plus one, of each run of cells of one look to write."""
    if line.wanted == line.shown and line.looks == line.shown_looks:
        return
    cells = [
        x
        for x, (wanted, shown, look, shown_look) in enumerate(
            zip(line.wanted, line.shown, line.looks, line.shown_looks, strict=True)
        )
        if wanted != shown or look is not shown_look
    ]
    if _has_wide_cells(line):
        cells = list(_whole_characters(line, cells[0], cells[-1] + 1))
    yield from _runs(line, cells)


def _parts(cells: list[str], start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Divide a run into cells to write and blank cells to erase: first cell, last cell plus one, True to erase."""
    written = x = start
    while x < end:
        blank_end = x
        while blank_end < end and cells[blank_end] == " ":
            blank_end += 1
        if blank_end - x >= SHORTEST_ERASED:
            if written < x:
                yield written, x, False
            yield x, blank_end, True
            written = blank_end
        x = max(blank_end, x + 1)
    if written < end:
        yield written, end, False


def _has_wide_cells(line: CellLine) -> bool:
    return any(len(cell) != 1 for cell in line.wanted) or any(len(cell) != 1 for cell in line.shown)


def _whole_characters(line: CellLine, start: int, end: int) -> Iterable[int]:
    """Widen a range to whole characters of both the wanted and the shown line.

    A terminal blanks the other half of a character when it writes over one half.
    """
    width = len(line.wanted)
    while start and "" in (line.wanted[start], line.shown[start]):
        start -= 1
    while end < width and "" in (line.wanted[end], line.shown[end]):
        end += 1
    return range(start, end)


def _runs(line: CellLine, cells: list[int]) -> Iterator[tuple[int, int]]:
    """Join neighbors of one look. End a run behind a character that a terminal may take for wider or narrower."""
    start = previous = cells[0]
    for x in cells[1:]:
        cell = line.wanted[previous]
        is_whole = len(cell) == 1 or line.wanted[x] == ""
        if x != previous + 1 or line.looks[x] is not line.looks[start] or not is_whole:
            yield start, previous + 1
            start = x
        previous = x
    yield start, previous + 1
