"""The shortest sequence from one cell of a terminal to another.

Upstream: as for :mod:`ecrtui.tui.textual_fixes.cell_frame`, which this module is a part of.
Delete this module with that one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache


@lru_cache(1 << 14)
def shortest_move(x: int | None, y: int, to_x: int, to_y: int, width: int) -> str:
    """Return the shortest sequence that moves the cursor.

    Args:
        x: The column of the cursor; the width after a character in the last column; None if it is not known.
        y: The line of the cursor.
        to_x: The column to move to.
        to_y: The line to move to.
        width: The columns of the terminal.
    """
    return min(_moves(x, y, to_x, to_y, width), key=len)


def _moves(x: int | None, y: int, to_x: int, to_y: int, width: int) -> Iterator[str]:
    yield f"\x1b[{to_y + 1};{to_x + 1}H" if to_x else f"\x1b[{to_y + 1}H"
    if x is None:
        return
    if x < width:
        yield _down(to_y - y) + _right(to_x - x)
    elif to_x == width - 1:  # terminals differ in the column here, but without line wrap all write into the last one
        yield _down(to_y - y)
    if to_y == y:
        yield "\r" + _right(to_x)
    elif to_y > y:
        yield "\r" + "\n" * (to_y - y) + _right(to_x)


def _down(lines: int) -> str:
    return _steps(lines, "B") if lines > 0 else _steps(-lines, "A")


def _right(columns: int) -> str:
    return _steps(columns, "C") if columns > 0 else _steps(-columns, "D")


def _steps(count: int, final: str) -> str:
    return "" if count == 0 else f"\x1b[{final}" if count == 1 else f"\x1b[{count}{final}"
