"""A table of plain text for a terminal: columns with two blanks between them, without borders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ecrtui.cli.aws_cli_output.table_format import display_width
from ecrtui.ecr.safe_text import visible

_GAP = 2


def plain_table(titles: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> Iterator[str]:
    r"""Yield the lines of a table, each with ``\n``. No value is cut.

    Args:
        titles: the titles of the columns, the most important first.
        rows: the cells of each row.
        width: the columns of the terminal: the last columns that do not fit are left out, but never the first one.
            None for no limit.
    """
    lines = [[visible(cell) for cell in line] for line in (titles, *rows)]
    widths = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
    kept = len(widths)
    while width is not None and kept > 1 and sum(widths[:kept]) + _GAP * (kept - 1) > width:
        kept -= 1
    for line in lines:
        cells = (cell + " " * (widths[place] - display_width(cell) + _GAP) for place, cell in enumerate(line[:kept]))
        yield "".join(cells).rstrip() + "\n"
