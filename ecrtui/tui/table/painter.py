"""Draws the lines of a table, and keeps the rows that it has drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from rich.style import Style
from textual.cache import FIFOCache
from textual.strip import Strip
from textual.widget import Widget

from ecrtui.catalog.rows.rows import Key, Rows
from ecrtui.tui.table.column_layout import ColumnLayout
from ecrtui.tui.table.placeholder import Placeholder
from ecrtui.tui.table.row_renderer import (
    FOLD_CELLS,
    HeaderStyles,
    Highlight,
    RowState,
    RowStyles,
    TableHeaderState,
    render_header,
    render_row,
)
from ecrtui.tui.table.row_signs import RowSigns
from ecrtui.tui.textual_fixes import segments as paint

Item = TypeVar("Item")

COMPONENT_CLASSES = {
    "table--header",
    "table--header-sorted",
    "table--header-hover",
    "table--row",
    "table--hover",
    "table--marked",
    "table--changed",
    "table--cursor",
    "table--cursor-blurred",
    "table--match",
    "table--note",
}
DEFAULT_CSS = """
Table {
    height: 1fr;
    background: $surface;
    color: $foreground;
    scrollbar-gutter: stable;
    scrollbar-size-vertical: 1;
    scrollbar-size-horizontal: 1;
    & > .table--header { background: $panel; color: $foreground; text-style: bold; }
    & > .table--header-sorted { background: $panel; color: $accent; text-style: bold; }
    & > .table--header-hover { background: $panel; color: $accent; text-style: bold underline; }
    & > .table--row { background: $surface; color: $foreground; }
    & > .table--hover { background: $block-hover-background; }
    & > .table--marked { color: $row-marked; text-style: bold; }
    & > .table--changed { background: $primary-muted; }
    &:ansi > .table--changed { background: ansi_default; }
    & > .table--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: $block-cursor-text-style;
    }
    & > .table--cursor-blurred {
        background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground;
        text-style: $block-cursor-blurred-text-style;
    }
    & > .table--match { color: $match; text-style: bold underline; }
    & > .table--note { color: $text-muted; }
}
"""


def gutter(rows: Rows[Any], *, markable: bool) -> int:
    """Return the cells at the left that belong to no column: for the cursor, the mark, and the sign of folded rows."""
    return (3 if markable else 2) + (FOLD_CELLS if rows.has_groups else 0)


class TablePainter(Generic[Item]):
    """Draws the header, the rows and the placeholder with the styles of a widget.

    Args:
        widget: The table; its styles are used, and a cursor looks different while it has the focus.
        rows: The rows.
        layout: The columns.
        signs: What changed in the rows.
        note_of: Returns a text in place of all cells of a row but the first one; empty for none.
        markable: True if rows can be marked.
    """

    def __init__(
        self,
        widget: Widget,
        rows: Rows[Item],
        layout: ColumnLayout[Item],
        signs: RowSigns,
        note_of: Callable[[Item], str],
        *,
        markable: bool,
    ) -> None:
        self._widget = widget
        self._note_of = note_of
        self._signs = signs
        self._rows = rows
        self._layout = layout
        self._markable = markable
        # Textual's LRUCache keeps the old value of a key.
        self._strips: FIFOCache[tuple[Key, RowState], tuple[Item, Strip]] = FIFOCache(512)
        self._parse: paint.ParseStyle | None = None
        self._fill: Style | None = None
        self._styles: dict[tuple[bool, ...], RowStyles] = {}
        """By what a row shows: its styles."""
        self._blanks: dict[int, Strip] = {}
        """By width: a line without text."""

    def forget_rows(self) -> None:
        """Draw every row again: the columns, or something that the rows show, has changed."""
        self._strips.clear()

    def forget_styles(self) -> None:
        """Draw every row again, with new styles."""
        self._strips.clear()
        self._styles.clear()
        self._blanks.clear()
        self._parse = None
        self._fill = None

    def header(self, state: TableHeaderState) -> tuple[Strip, Style]:
        """Return the line of the headings, and the style to fill it up with."""
        style = self._widget.get_visual_style
        base = style("table--header")
        styles = HeaderStyles(base, style("table--header-sorted"), style("table--header-hover"))
        return render_header(self._layout.placed, self._layout.gutter, state, styles), base.rich_style

    def row(self, index: int, *, hovered: bool, highlight: Highlight | None) -> tuple[Strip, Style]:
        """Return the line of a row, and the style to fill it up with."""
        rows = self._rows
        item = rows[index]
        key = rows.key_of(item)
        cursor = index == rows.cursor
        state = RowState(
            cursor=cursor,
            focused=cursor and self._widget.has_focus,
            hovered=hovered,
            marked=rows.is_marked(key) if self._markable else None,
            highlight=highlight,
            sign=self._signs.sign_of(key),
            changed=self._signs.is_flashing(key),
            outline=rows.outline(index) if rows.has_groups else None,
        )
        fill = self._fill_style
        cached = self._strips.get((key, state))
        if cached is not None and cached[0] is item:
            return cached[1], fill
        layout, styles = self._layout, self._row_styles(state)
        strip = render_row(item, layout.placed, layout.row_width, state, styles, self._note_of(item))
        self._strips[key, state] = (item, strip)
        return strip, fill

    def blank(self, width: int) -> Strip:
        """Return a line below the last row, or below the placeholder."""
        blank = self._blanks.get(width)
        if blank is None:
            blank = self._blanks[width] = Strip.blank(width, self._fill_style)
        return blank

    def placeholder_line(self, placeholder: Placeholder, line: int, width: int) -> Strip:
        """Return a line of the placeholder, which is shown when there are no rows."""
        if line >= placeholder.height(width, self._layout.gutter):
            return self.blank(width)
        base = self._widget.get_visual_style("table--row")
        note = base + paint.component_style(self._widget, "table--note")
        return placeholder.render_line(line, width, self._layout.gutter, base, note, self._parse_style)

    @property
    def _fill_style(self) -> Style:
        """The style behind the rows."""
        if self._fill is None:
            self._fill = self._widget.get_visual_style("table--row").rich_style
        return self._fill

    @property
    def _parse_style(self) -> paint.ParseStyle:
        if self._parse is None:
            self._parse = paint.style_parser(self._widget.app.theme_variables)
        return self._parse

    def _row_styles(self, state: RowState) -> RowStyles:
        """Return the styles of a row. Textual looks them up anew each time, which takes as long as drawing the row."""
        shown = state.cursor, state.focused, state.hovered, bool(state.marked), state.changed, bool(state.highlight)
        styles = self._styles.get(shown)
        if styles is None:
            styles = self._styles[shown] = self._look_up(state)
        return styles

    def _look_up(self, state: RowState) -> RowStyles:
        names = ["table--row"]
        if state.hovered:
            names.append("table--hover")
        if state.marked:
            names.append("table--marked")
        if state.changed:
            names.append("table--changed")
        base = self._widget.get_visual_style(*names)
        over = None
        if state.cursor and not (state.changed and self._signs.has_color):  # the sign of the cursor stays
            name = "table--cursor" if state.focused else "table--cursor-blurred"
            over = paint.component_style(self._widget, name)
            base = base + over
        match = base if state.highlight is None else paint.component_style(self._widget, "table--match")
        return RowStyles(base, over, match, self._parse_style)
