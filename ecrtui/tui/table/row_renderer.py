"""Draw the header and the rows of a table: values and styles in, strips out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.style import Style

from ecrtui.catalog.rows.folding import Outline
from ecrtui.tui import safe_text as text
from ecrtui.tui.table.column_layout import GAP, Column, PlacedColumn
from ecrtui.tui.textual_fixes import segments as paint

Item = TypeVar("Item")
Highlight = Callable[[str], text.Spans]
"""Returns the ranges of a cell's text to highlight."""

CURSOR, MARK, ASCENDING, DESCENDING = "▸", "✓", "▲", "▼"

FOLD_CELLS = 2
"""Cells of the sign of a row that can be folded, with a blank."""

INDENT = 2
"""Cells that a row is indented for each row that it is below."""


class TableHeaderState(NamedTuple):
    """The state that a header shows beside the titles.

    Args:
        sorted_by: The id of the sorted column; None for the order of arrival.
        descending: True if the greatest value comes first.
        hovered: The id of the column below the mouse; None for no column.
    """

    sorted_by: str | None
    descending: bool
    hovered: str | None


class HeaderStyles(NamedTuple):
    """The styles of a header: of a title, of the sorted title, and of a title below the mouse."""

    title: Style
    sorted_title: Style
    hovered_title: Style


class RowState(NamedTuple):
    """The state that a row shows beside its cells.

    Args:
        cursor: True if the cursor is on the row.
        focused: True if the cursor is on the row and the table has the focus.
        hovered: True if the mouse is on the row.
        marked: True if the row is marked; None if the table has no marks.
        highlight: Returns the ranges to highlight in columns with ``matches``; None for none.
        sign: A sign of one cell in the first blank cell after the cursor; empty for none.
        changed: True if the row has another color for a moment, because it changed.
        outline: How the row is folded; None in a list whose rows do not fold.
    """

    cursor: bool
    focused: bool
    hovered: bool
    marked: bool | None
    highlight: Highlight | None
    sign: str = ""
    changed: bool = False
    outline: Outline | None = None


class RowStyles(NamedTuple):
    """The styles of a row.

    Args:
        base: The style below the cells.
        over: A style above the cells, such as the cursor's; None for none.
        match: The style above a highlighted range.
        parse: Turns the style of a column into a style.
    """

    base: Style
    over: Style | None
    match: Style
    parse: paint.ParseStyle


def render_header(
    placed: Sequence[PlacedColumn[Any]], gutter: int, state: TableHeaderState, styles: HeaderStyles
) -> Strip:
    """Draw the titles of the columns."""
    plain = styles.title
    parts = [Segment(" " * gutter, plain.rich_style)]
    for column, _, width in placed:
        style = plain
        title = text.one_line(column.title, width)
        if column.id == state.sorted_by:
            style = styles.sorted_title
            arrow = DESCENDING if state.descending else ASCENDING
            title = text.one_line(column.title, width - 2) + " " + arrow
        if column.id == state.hovered and column.sort_key is not None:
            style = styles.hovered_title
        fill = max(width - cell_len(title), 0)
        parts += _aligned([Segment(title, style.rich_style)], fill, plain, column.align)
        parts.append(Segment(" " * GAP, plain.rich_style))
    return Strip(parts)


NOTE_STYLE = "$text-error"


def render_row(
    item: Item, placed: Sequence[PlacedColumn[Item]], gutter: int, state: RowState, styles: RowStyles, note: str = ""
) -> Strip:
    """Draw a row with its cursor and its mark; with a note, which replaces all cells but the first one."""
    cursor = CURSOR if state.cursor else " "
    mark = "" if state.marked is None else MARK if state.marked else " "
    gutter_text = mark + " " if not state.sign else (mark + " ").replace(" ", state.sign, 1)
    fold = "" if state.outline is None else f"{state.outline.sign or ' '} "
    parts = [Segment(cursor + gutter_text + fold, styles.base.rich_style)]
    if note and len(placed) > 1:
        first, end = placed[0], placed[-1].start + placed[-1].width
        column: Column[Item] = Column("note", "", lambda item: note, style=NOTE_STYLE)
        placed = [first, PlacedColumn(column, placed[1].start, end - placed[1].start)]
    indent = 0 if state.outline is None else INDENT * state.outline.depth
    for number, column_here in enumerate(placed):
        inset = 0 if number else min(indent, column_here.width - 1)
        parts.append(Segment(" " * inset, styles.base.rich_style))
        parts += _cell(column_here._replace(width=column_here.width - inset), item, state.highlight, styles)
        parts.append(Segment(" " * GAP, styles.base.rich_style))
    return Strip(parts, gutter + sum(column.width + GAP for column in placed))


def _cell(placed: PlacedColumn[Item], item: Item, highlight: Highlight | None, styles: RowStyles) -> list[Segment]:
    column, width = placed.column, placed.width
    base, over, match, parse = styles
    value = column.cell(item)
    if isinstance(value, str):
        spans = list(highlight(value)) if column.matches and highlight is not None else []
        if not spans:
            shown = text.one_line(value, width)
            style = base if not column.style else base + parse(column.style)
            drawn = [Segment(shown, (style if over is None else style + over).rich_style)]
            return _aligned(drawn, width - cell_len(shown), base, column.align)
        value = text.highlighted(value, spans, match, column.style)
    elif column.matches and highlight is not None:
        for start, end in highlight(value.plain):
            value = value.stylize(match, start, end)
    if value.cell_length > width:
        value = value.truncate(width, ellipsis=True)
    return _aligned(paint.to_segments(value, base, parse, over), width - value.cell_length, base, column.align)


def _aligned(parts: list[Segment], fill: int, base: Style, align: str) -> list[Segment]:
    if fill <= 0:
        return parts
    blank = Segment(" " * fill, base.rich_style)
    return [blank, *parts] if align == "right" else [*parts, blank]
