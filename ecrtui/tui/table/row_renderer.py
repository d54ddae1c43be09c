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


LEAST_TITLE = 3
"""Cells of the narrowest column with a cut title: one letter and an ellipsis say nothing."""


def render_header(
    placed: Sequence[PlacedColumn[Any]], gutter: int, state: TableHeaderState, styles: HeaderStyles
) -> Strip:
    """Draw the titles of the columns."""
    plain = styles.title
    parts = [Segment(" " * gutter, plain.rich_style)]
    for column, _, width in placed:
        style = plain
        title = text.one_line(column.title, width) if width >= min(LEAST_TITLE, cell_len(column.title)) else ""
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
    item: Item, placed: Sequence[PlacedColumn[Item]], width: int, state: RowState, styles: RowStyles, note: str = ""
) -> Strip:
    """Draw a row of this width with its cursor and its mark; with a note, which replaces all cells but the first one.

    Blanks side by side are one segment: whatever handles the strip takes its time for each segment.
    """
    cursor = CURSOR if state.cursor else " "
    mark = "" if state.marked is None else MARK if state.marked else " "
    gutter_text = mark + " " if not state.sign else (mark + " ").replace(" ", state.sign, 1)
    fold = "" if state.outline is None else f"{state.outline.sign or ' '} "
    gutter = cursor + gutter_text + fold
    blank = styles.base.rich_style
    parts = [Segment(gutter, blank)]
    if note and len(placed) > 1:
        first, end = placed[0], placed[-1].start + placed[-1].width
        alone: Column[Item] = Column("note", "", lambda item: note, style=NOTE_STYLE)
        placed = [first, PlacedColumn(alone, placed[1].start, end - placed[1].start)]
    indent = 0 if state.outline is None else INDENT * state.outline.depth
    x = len(gutter)
    for number, (column, start, room) in enumerate(placed):
        inset = 0 if number else min(indent, room - 1)
        drawn, cells = _cell(column, room - inset, item, state.highlight, styles)
        left = start + room - cells if column.align == "right" else start + inset
        if left > x:
            parts.append(Segment(" " * (left - x), blank))
        parts += drawn
        x = left + cells
    if width > x:
        parts.append(Segment(" " * (width - x), blank))
    return Strip(parts, width)


def _cell(
    column: Column[Item], width: int, item: Item, highlight: Highlight | None, styles: RowStyles
) -> tuple[list[Segment], int]:
    """Draw a cell; return its segments, and how many cells they take."""
    base, over, match, parse = styles
    value = column.cell(item)
    if column.short is not None and (cell_len(value) if isinstance(value, str) else value.cell_length) > width:
        value = column.short(item)
    if isinstance(value, str):
        spans = list(highlight(value)) if column.matches and highlight is not None else []
        if not spans:
            shown = text.one_line(value, width)
            style = base if not column.style else base + parse(column.style)
            return [Segment(shown, (style if over is None else style + over).rich_style)], cell_len(shown)
        value = text.highlighted(value, spans, match, column.style)
    elif column.matches and highlight is not None:
        for start, end in highlight(value.plain):
            value = value.stylize(match, start, end)
    if value.cell_length > width:
        value = value.truncate(width, ellipsis=width > column.whole)
    return paint.to_segments(value, base, parse, over), value.cell_length


def _aligned(parts: list[Segment], fill: int, base: Style, align: str) -> list[Segment]:
    if fill <= 0:
        return parts
    blank = Segment(" " * fill, base.rich_style)
    return [blank, *parts] if align == "right" else [*parts, blank]
