"""The columns of a table as values, and how they share a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from rich.cells import cell_len
from textual.content import Content

Item = TypeVar("Item")

GAP = 2
"""Cells between two columns."""

ARROW = 2
"""Cells that a title needs beside itself when its column is sorted: a space and the arrow."""


class Column(NamedTuple, Generic[Item]):
    """A column of a table.

    Args:
        id: what sorting and the settings call it.
        title: the heading.
        cell: what a row shows there. A ``str`` is registry text and is made visible by the table; ``Content`` must have
            come through :mod:`ecrtui.tui.safe_text` already.
        sort_key: what rows are sorted by; its values compare with each other, so that what is missing is mapped to a
            lowest value. A constant function, not one made anew for every request. None: it cannot be sorted by.
        align: where the text stands.
        style: a style of Textual for texts (not for ``Content``), such as ``"$digest"``.
        least: the fewest cells that are of use.
        most: the most cells; None for as many as the contents want. Of a flexible column: of its natural width.
        flex: its share of the room that is left over; 0 takes what the contents need.
        drop: columns with a greater number go first when the line is too narrow; 0 never goes.
        matches: whether what the filter matched is shown in it.
    """

    id: str
    title: str
    cell: Callable[[Item], str | Content]
    sort_key: Callable[[Item], Any] | None = None
    align: Literal["left", "right"] = "left"
    style: str = ""
    min_width: int = 4
    max_width: int | None = None
    flex: int = 0
    drop_priority: int = 0
    matches: bool = False

    @property
    def heading(self) -> int:
        """Cells of the heading with room for its arrow."""
        return cell_len(self.title) + (ARROW if self.sort_key else 0)


class PlacedColumn(NamedTuple, Generic[Item]):
    """A column in its place: where it starts, and its width, in cells."""

    column: Column[Item]
    start: int
    width: int


def layout_columns(
    columns: Sequence[Column[Item]], wanted: Mapping[str, int], width: int, gutter: int
) -> list[PlacedColumn[Item]]:
    """Lay columns side by side.

    Args:
        columns: from left to right.
        wanted: the width of the contents by column id, as far as they are known.
        width: cells of the line.
        gutter: cells at the left that belong to no column.

    What does not fit: first the columns with the greatest ``drop`` go; then what stays shrinks to its least; then the
    line is wider than the width given, and is scrolled.
    """
    natural = {column.id: _natural(column, wanted.get(column.id, 0)) for column in columns}
    kept = list(columns)
    while _total(kept, natural, gutter) > width and any(column.drop_priority for column in kept):
        kept.remove(max(reversed(kept), key=lambda column: column.drop_priority))
    widths = {column.id: _tight(column, natural) for column in kept}
    spare = width - _total(kept, natural, gutter)
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
    most = contents if column.max_width is None else min(contents, column.max_width)
    return max(most, column.min_width, column.heading)


def _tight(column: Column[Item], natural: Mapping[str, int]) -> int:
    """The width that must be there for the column to stay: what it needs, or its least if it is flexible."""
    return max(column.min_width, column.heading) if column.flex else natural[column.id]


def _total(columns: Sequence[Column[Item]], natural: Mapping[str, int], gutter: int) -> int:
    return gutter + sum(_tight(column, natural) for column in columns) + GAP * max(len(columns) - 1, 0)


def _shrink(columns: Sequence[Column[Item]], widths: dict[str, int], missing: int) -> None:
    for column in reversed(columns):
        given = min(missing, max(widths[column.id] - column.min_width, 0))
        widths[column.id] -= given
        missing -= given


def _stretch(columns: Sequence[Column[Item]], widths: dict[str, int], natural: Mapping[str, int], spare: int) -> None:
    """Give what is left to the flexible columns: first up to their contents, then by their shares."""
    flexible = [column for column in columns if column.flex]
    for column in flexible:
        given = min(spare, max(natural[column.id] - widths[column.id], 0))
        widths[column.id] += given
        spare -= given
    shares = sum(column.flex for column in flexible)
    for number, column in enumerate(flexible):
        given = spare if number == len(flexible) - 1 else spare * column.flex // shares
        widths[column.id] += given
        spare -= given
        shares -= column.flex
