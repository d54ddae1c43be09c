"""One line of a terminal: the cells that the application wants, and those that the terminal shows.

Upstream: as for :mod:`ecrtui.tui.textual_fixes.cell_frame`, which this module is a part of.
Delete this module with that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from textual.strip import Strip

from ecrtui.tui.textual_fixes.cell_looks import PLAIN, Look, blank_look

UNKNOWN = "\x00"
"""A cell with contents that are not known. No wanted cell is equal to it."""

SHORTEST_ERASED = 12
"""Blank cells to erase with one sequence. It takes up to 10 bytes with the move behind them."""

SHORTEST_ERASED_AT_END = 4
"""Blank cells up to the end of the line to erase with one sequence."""

LONGEST_GAP = 4
"""Unchanged cells to write again instead of a sequence that moves the cursor over them."""

_ERASED = re.compile(f" {{{SHORTEST_ERASED},}}")
_ERASED_AT_END = re.compile(f" {{{SHORTEST_ERASED},}}| {{{SHORTEST_ERASED_AT_END},}}$")


class Piece(NamedTuple):
    """Neighboring cells of one look to write.

    Args:
        start: The first cell.
        end: The last cell plus one.
        look: The look of the cells; that of a blank one may differ where it does not show.
        text: What to write; empty to erase the cells.
    """

    start: int
    end: int
    look: Look
    text: str

    @property
    def is_blank(self) -> bool:
        """True if all its cells are blank."""
        return not self.text.strip(" ")


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

    def forget(self) -> None:
        """Assume nothing about what the terminal shows."""
        self.shown = [UNKNOWN] * len(self.wanted)

    def take_changes(self, erases: bool) -> list[Piece]:
        """Return what to write so that the terminal shows the wanted cells.

        Args:
            erases: True if the terminal erases cells with the background of the pen.
        """
        pieces = list(self._changes(erases))
        self.shown = self.wanted.copy()
        self.shown_looks = self.looks.copy()
        return pieces

    def _changes(self, erases: bool) -> Iterator[Piece]:
        stretches = self._changed_stretches()
        if not stretches:
            return
        text = "".join(self.wanted)
        if self._has_wide_cells(text):
            for start, end in self._narrow_stretches(*self._whole_characters(stretches[0][0], stretches[-1][1])):
                for first, last, look in self._runs(start, end):
                    yield Piece(first, last, look, "".join(self.wanted[first:last]))
            return
        if erases:
            stretches = self._with_blanks_between(stretches, text)
        for start, end in stretches:
            for first, last, look in self._runs(start, end):
                if erases and _is_erasable(look):
                    yield from _parts(text, first, last, look)
                else:
                    yield Piece(first, last, look, text[first:last])

    def _changed_stretches(self) -> list[tuple[int, int]]:
        """Return where the terminal shows other cells: first cell, last cell plus one."""
        if self.shown[:1] == [UNKNOWN]:
            return [(0, len(self.wanted))]
        if self.wanted == self.shown and self.looks == self.shown_looks:
            return []
        cells = [
            x
            for x, (wanted, shown, look, shown_look) in enumerate(
                zip(self.wanted, self.shown, self.looks, self.shown_looks, strict=True)
            )
            if wanted != shown
            or (look is not shown_look and (wanted != " " or blank_look(look) != blank_look(shown_look)))
        ]
        return _stretches(cells) if cells else []

    def _has_wide_cells(self, text: str) -> bool:
        """Return True if a cell of the wanted or the shown line does not have exactly one character."""
        width = len(self.wanted)
        return len(text) != width or "" in self.wanted or "" in self.shown or len("".join(self.shown)) != width

    def _whole_characters(self, start: int, end: int) -> tuple[int, int]:
        """Widen a range to whole characters of both the wanted and the shown line.

        A terminal blanks the other half of a character when it writes over one half.
        """
        width = len(self.wanted)
        while start and "" in (self.wanted[start], self.shown[start]):
            start -= 1
        while end < width and "" in (self.wanted[end], self.shown[end]):
            end += 1
        return start, end

    def _narrow_stretches(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Divide cells behind each character that a terminal may take for wider or narrower."""
        for x in range(start + 1, end):
            if len(self.wanted[x - 1]) != 1 and self.wanted[x]:
                yield start, x
                start = x
        yield start, end

    def _with_blanks_between(self, stretches: Sequence[tuple[int, int]], text: str) -> list[tuple[int, int]]:
        """Join stretches if one sequence erases the end of one, the begin of the next and what is between them."""
        joined = [stretches[0]]
        for start, end in stretches[1:]:
            before, here = joined[-1]
            blank_start = max(before, len(text[:here].rstrip(" ")))
            blank_end = end - len(text[start:end].lstrip(" "))
            is_short = start - here <= LONGEST_GAP or blank_end - blank_start >= SHORTEST_ERASED
            if blank_start < here and start < blank_end and is_short and self._is_blank(text, blank_start, blank_end):
                joined[-1] = before, end
            else:
                joined.append((start, end))
        start, end = joined[-1]
        blank_start = max(start, len(text.rstrip(" ")))
        is_short = end - blank_start >= SHORTEST_ERASED_AT_END
        if is_short and end < len(text) and self._is_blank(text, blank_start, len(text)):
            joined[-1] = start, len(text)
        return joined

    def _is_blank(self, text: str, start: int, end: int) -> bool:
        """Return True if the cells are blank, look the same, and can be erased."""
        return not text[start:end].strip(" ") and _is_one_blank(self.looks[start:end])

    def _runs(self, start: int, end: int) -> Iterator[tuple[int, int, Look]]:
        """Divide neighbors by their look: first cell, last cell plus one, look."""
        looks = self.looks
        run_look = looks[start]
        if looks[start:end].count(run_look) == end - start:  # many lines are blank
            yield start, end, run_look
            return
        ends = [x for x, (look, after) in enumerate(pairwise(looks[start:end]), start + 1) if look is not after]
        for x, after in pairwise([*ends, end]):
            look = looks[x]
            is_blank = self.wanted[x:after].count(" ") == after - x
            if look is run_look or (is_blank and blank_look(look) == blank_look(run_look)):
                continue
            yield start, x, run_look
            start, run_look = x, look
        yield start, end, run_look


def _stretches(cells: Sequence[int]) -> list[tuple[int, int]]:
    """Join neighbors: first cell, last cell plus one."""
    ends = [place for place, (x, after) in enumerate(pairwise(cells), 1) if after != x + 1]
    return [(cells[first], cells[last - 1] + 1) for first, last in pairwise([0, *ends, len(cells)])]


def _parts(text: str, start: int, end: int, look: Look) -> Iterator[Piece]:
    """Divide a run of one look into cells to write and blank cells to erase."""
    for blanks in (_ERASED_AT_END if end == len(text) else _ERASED).finditer(text, start, end):
        if start < blanks.start():
            yield Piece(start, blanks.start(), look, text[start : blanks.start()])
        start = blanks.end()
        yield Piece(blanks.start(), start, look, "")
    if start < end:
        yield Piece(start, end, look, text[start:end])


def _is_one_blank(looks: Sequence[Look]) -> bool:
    """Return True if blank cells of these looks look the same and can be erased."""
    return len({blank_look(look) for look in set(looks)}) == 1 and _is_erasable(looks[0])


def _is_erasable(look: Look) -> bool:
    """Return True if erasing draws a blank cell of this look."""
    blank = blank_look(look)
    return not blank.attributes and not blank.link
