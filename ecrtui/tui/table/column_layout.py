"""The columns of a table and how they share the width of a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from rich.cells import cell_len
from textual.content import Content

from ecrtui.catalog.rows.rows import Rows
from ecrtui.tui import safe_text as text

Item = TypeVar("Item")

GAP = 2
"""Cells between two columns."""

SAMPLE = 100
"""Number of rows at the top that a table measures for the widths of the columns."""

LEAST = 4
"""Cells to which a column without ``min_width`` shrinks if nothing more can be dropped."""

SLACK, STEP = 24, 20
"""Cells that a flexible column has at least beyond its widest known cell before the end of the line stays blank: more
would tear the cells of a row apart. Its limit grows in steps, so that the columns behind it seldom move."""

ARROW = 2
"""Cells that the arrow of the sorted column takes beside its title, with a space."""


class Column(NamedTuple, Generic[Item]):
    """A column of a table.

    Args:
        id: The name of the column for sorting and in the settings.
        title: The heading.
        cell: Returns the cell of a row. The table makes a ``str`` visible, so it can be registry text; ``Content``
            must come from :mod:`ecrtui.tui.safe_text`.
        sort_key: Returns the value to sort rows by. All values must compare with each other, so map a missing value
            to a lowest one. The same function object for each request, because results are cached by it. None if
            the column cannot be sorted.
        align: The side that the text is aligned to.
        style: A style of Textual for a ``str`` (not for ``Content``), such as ``"$digest"``.
        min_width: The width in cells to which the column shrinks before a column is dropped; None if it needs the
            width of its contents.
        full_width: The width of contents for which columns are dropped first; it shrinks to ``min_width`` when none
            is left to drop. None for ``min_width``.
        max_width: The greatest width for the contents in cells; None for no limit. A flexible column may exceed it.
        short: Returns the cell of a row where the column is too narrow for the other one; None for that one, cut.
        whole: The cells at the start of a ``Content`` that are never cut for an ellipsis, such as a digest before tags.
        flex: The share of the spare width that the column takes, up to a limit; 0 for none.
        drop_priority: Columns with a greater number are dropped first when the line is too narrow; 0 is never dropped.
        matches: True if the column highlights what the filter matched.
        extra: True if the column is shown only if the user chooses it.
        optional: True if the column is left out while no known row has anything in it, unless the user chose it.
    """

    id: str
    title: str
    cell: Callable[[Item], str | Content]
    sort_key: Callable[[Item], Any] | None = None
    align: Literal["left", "right"] = "left"
    style: str = ""
    min_width: int | None = None
    full_width: int | None = None
    max_width: int | None = None
    short: Callable[[Item], str | Content] | None = None
    whole: int = 0
    flex: int = 0
    drop_priority: int = 0
    matches: bool = False
    extra: bool = False
    optional: bool = False

    @property
    def heading(self) -> int:
        """Width of the heading with its arrow in cells."""
        return cell_len(self.title) + (ARROW if self.sort_key else 0)


class PlacedColumn(NamedTuple, Generic[Item]):
    """A column with its start and its width in cells."""

    column: Column[Item]
    start: int
    width: int


class ColumnLayout(Generic[Item]):
    """Measures the cells of a table and places its columns.

    Widths only grow, so that columns do not jump.

    Args:
        columns: All columns.
        gutter: Cells at the left that belong to no column.
        chosen: See :meth:`choose`.
    """

    def __init__(self, columns: Sequence[Column[Item]], gutter: int, chosen: Sequence[str] | None = None) -> None:
        self.columns = tuple(columns)
        self.choose(chosen)
        self.gutter = gutter
        self.placed: list[PlacedColumn[Item]] = []
        """The columns that fit, from left to right."""
        self._room = 0
        self._contents: dict[str, int] = {}
        """Width of the widest known cell in cells, by column id."""
        self._sampled = 0

    @property
    def width(self) -> int:
        """Width of all placed columns in cells, without the gap behind the last one."""
        return max((placed.start + placed.width for placed in self.placed), default=0)

    @property
    def row_width(self) -> int:
        """Width of a row in cells: of the line if a column is flexible, else of the columns and the gap behind them."""
        is_flexible = any(placed.column.flex for placed in self.placed)
        return max(self.width, self._room if is_flexible else min(self.width + GAP, self._room))

    def choose(self, ids: Sequence[str] | None) -> None:
        """Choose the columns to show.

        Args:
            ids: The ids of the columns, from left to right; the last one is dropped first where they do not fit. None
                for all columns that are not ``extra``.
        """
        by_id = {column.id: column for column in self.columns}
        if ids is None:
            self.chosen = tuple(column for column in self.columns if not column.extra)
        else:
            self.chosen = tuple(
                by_id[name]._replace(drop_priority=position, optional=False) for position, name in enumerate(ids)
            )

    def replace(self, columns: Sequence[Column[Item]]) -> None:
        """Use other columns: all that are not ``extra``."""
        self.columns = tuple(columns)
        self.choose(None)

    def clear(self) -> None:
        """Forget all measured widths."""
        self._contents.clear()
        self._sampled = 0

    def sample(self, rows: Rows[Item]) -> bool:
        """Measure the first rows that were not measured before.

        Return:
            True if the columns must be placed again.
        """
        count = min(len(rows), SAMPLE)
        if count <= self._sampled and self.placed:
            return False
        self.measure(rows[index] for index in range(self._sampled, count))
        self._sampled = count
        return True

    def measure(self, items: Iterable[Item]) -> None:
        """Widen the columns for the cells of these rows."""
        for item in items:
            for column in self.chosen:
                width = _cell_width(column.cell(item), column.max_width)
                if width > self._contents.get(column.id, 0):
                    self._contents[column.id] = width

    def place(self, width: int) -> bool:
        """Place the columns on a line of this width in cells.

        Return:
            True if a column has moved.
        """
        self._room = width
        columns = [column for column in self.chosen if not column.optional or self._contents.get(column.id)]
        placed = layout_columns(columns, self._contents, width, self.gutter) if width else []
        if placed == self.placed:
            return False
        self.placed = placed
        return True

    def column_at(self, x: int) -> Column[Item] | None:
        """Return the column at a cell of the line, or None."""
        return next(
            (placed.column for placed in self.placed if placed.start <= x < placed.start + placed.width + 1), None
        )


def layout_columns(
    columns: Sequence[Column[Item]], wanted: Mapping[str, int], width: int, gutter: int
) -> list[PlacedColumn[Item]]:
    """Lay columns side by side.

    If they do not fit, first shrink them to their ``min_width``, then drop the columns with the greatest
    ``drop_priority``. If they still do not fit, shrink the columns with a ``whole`` start, then those that have a
    ``short`` cell, and then the others, from the right. If that is not enough either, the line is wider than ``width``
    and scrolls.

    Args:
        columns: The columns from left to right.
        wanted: The known widths of the contents by column id.
        width: The width of the line in cells.
        gutter: Cells at the left that belong to no column.
    """
    natural = {column.id: _natural(column, wanted.get(column.id, 0)) for column in columns}
    widths = {column.id: _least(column, natural[column.id]) for column in columns}
    kept = list(columns)
    while _total(kept, widths, gutter) > width and any(column.drop_priority for column in kept):
        kept.remove(max(reversed(kept), key=lambda column: column.drop_priority))
    spare = width - _total(kept, widths, gutter)
    if spare < 0:
        _shrink(kept, widths, -spare)
    else:
        _stretch(kept, widths, natural, spare)
    placed, start = [], gutter
    for column in kept:
        placed.append(PlacedColumn(column, start, widths[column.id]))
        start += widths[column.id] + GAP
    return placed


def _natural(column: Column[Item], contents: int) -> int:
    width = contents if column.max_width is None else min(contents, column.max_width)
    return max(width, column.min_width or LEAST, column.heading)


def _least(column: Column[Item], natural: int) -> int:
    """Return the width without which the column is dropped."""
    if column.min_width is None:
        return column.heading if column.flex else natural
    return max(min(column.full_width or 0, natural), column.min_width, column.heading)


def _total(columns: Sequence[Column[Item]], widths: Mapping[str, int], gutter: int) -> int:
    return gutter + sum(widths[column.id] for column in columns) + GAP * max(len(columns) - 1, 0)


def _shrink(columns: Sequence[Column[Item]], widths: dict[str, int], missing: int) -> None:
    from_right = columns[::-1]
    for column in sorted(from_right, key=lambda column: (not column.whole, column.short is None)):
        given = min(missing, max(widths[column.id] - (column.min_width or LEAST), 0))
        widths[column.id] -= given
        missing -= given


def _stretch(columns: Sequence[Column[Item]], widths: dict[str, int], natural: Mapping[str, int], spare: int) -> None:
    """Give the spare cells to the contents: first of the columns of a fixed width, then of the flexible ones.

    The flexible columns share the rest, up to a limit.
    """
    fixed = [column for column in columns if not column.flex]
    flexible = [column for column in columns if column.flex]
    for column in sorted(fixed, key=lambda column: column.drop_priority):
        given = min(spare, max(natural[column.id] - widths[column.id], 0))
        widths[column.id] += given
        spare -= given
    cut = [column for column in flexible if widths[column.id] < natural[column.id]]
    while spare and cut:  # cell by cell, so that no column takes all
        column = min(cut, key=lambda column: widths[column.id] / column.flex)
        widths[column.id] += 1
        spare -= 1
        if widths[column.id] == natural[column.id]:
            cut.remove(column)
    shares = sum(column.flex for column in flexible)
    for number, column in enumerate(flexible):
        share = spare if number == len(flexible) - 1 else spare * column.flex // shares
        given = min(share, max(_limit(natural[column.id]) - widths[column.id], 0))
        widths[column.id] += given
        spare -= given
        shares -= column.flex


def _limit(contents: int) -> int:
    """Return the greatest width of a flexible column with contents of this width."""
    return -(-(contents + SLACK) // STEP) * STEP


def _cell_width(value: str | Content, most: int | None) -> int:
    if isinstance(value, Content):
        return value.cell_length
    return cell_len(text.visible(value, None if most is None else most + 1))
