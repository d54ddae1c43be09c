"""The smallest output that changes one screen into another, estimated from the cells of the emulator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyte.screens import Char, Screen

MOVE, ATTRIBUTE = 8, 4
"""Bytes of a cursor move, and of an attribute."""

GAP = 8
"""Unchanged cells to write again instead of a move over them. They cost as much as the move."""

ATTRIBUTES = ("bold", "italics", "underscore", "strikethrough", "reverse", "blink")
PLAIN = Char(" ")

Cells = Sequence[Sequence[Char]]


def cells(screen: Screen) -> Cells:
    """Return the cells of the screen."""
    return [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]


def blank(cells: Cells) -> Cells:
    """Return blank cells for a screen of the same size."""
    return [[PLAIN] * len(line) for line in cells]


def smallest_output(before: Cells, after: Cells, color_bytes: int) -> int:
    """Return the bytes of the smallest output that changes the cells.

    Args:
        before: The cells before.
        after: The cells afterwards.
        color_bytes: Bytes of the sequence that sets one color.
    """
    size = 0
    pen = PLAIN
    for old, new in zip(before, after, strict=True):
        for start, end in _runs([x for x in range(len(new)) if old[x] != new[x]]):
            size += MOVE
            for cell in new[start:end]:
                size += len(cell.data.encode()) + _pen_change(pen, cell, color_bytes)
                pen = cell
    return size


def _runs(changed: list[int]) -> Iterator[tuple[int, int]]:
    if not changed:
        return
    start = previous = changed[0]
    for x in changed[1:]:
        if x - previous > GAP:
            yield start, previous + 1
            start = x
        previous = x
    yield start, previous + 1


def _pen_change(pen: Char, cell: Char, color_bytes: int) -> int:
    colors = int(pen.fg != cell.fg) + int(pen.bg != cell.bg)
    attributes = sum(1 for name in ATTRIBUTES if getattr(pen, name) != getattr(cell, name))
    return color_bytes * colors + ATTRIBUTE * attributes
