"""The overlay that chooses and orders the columns of a list."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ecrtui.tui.bindings import bindings, key_hint
from ecrtui.tui.key_line import key_line
from ecrtui.tui.lists.column_choice import ChosenColumnsScreen
from ecrtui.tui.overlays.menus import Menu
from ecrtui.tui.table.row_renderer import MARK
from ecrtui.tui.table.table import Table

_HINTS = {
    "columns.save": "save",
    "columns.toggle": "show or hide",
    "columns.move_up": "move up",
    "columns.move_down": "move down",
    "columns.reset": "default",
    "overlay.close": "cancel",
}

_HINTS_PER_LINE = 2


class ColumnMenu(Menu[tuple[str, ...]]):
    """All columns of a list, the shown ones first. The list changes at once; Esc restores it.

    The result is the ids of the columns to show; empty for the default.

    Args:
        screen: the screen with the list.
    """

    SHEET = NARROW = True
    BINDINGS = bindings("columns")
    DEFAULT_CSS = "ColumnMenu .keys { margin-top: 1; }"

    def __init__(self, screen: ChosenColumnsScreen[Any]) -> None:
        super().__init__()
        self._list = screen
        self._before = screen.chosen
        self._order: list[str] = []
        self._shown: set[str] = set()
        self._arrange(screen.chosen or screen.default_columns)

    def _arrange(self, shown: tuple[str, ...]) -> None:
        self._order = [*shown, *(column.id for column in self._list.columns if column.id not in shown)]
        self._shown = set(shown)

    def compose(self) -> ComposeResult:
        hints = [key_hint(self, action, label) for action, label in _HINTS.items()]
        lines = (key_line(hints[start : start + _HINTS_PER_LINE]) for start in range(0, len(hints), _HINTS_PER_LINE))
        with Vertical(classes="overlay"):
            yield Static("Columns", classes="overlay-title")
            yield OptionList()
            yield Static(Content("\n").join(lines), classes="keys")

    @property
    def max_rows(self) -> int:
        return max(self.room - len(_HINTS) // _HINTS_PER_LINE, 1)

    def on_mount(self) -> None:
        self._show(0)

    def _show(self, highlighted: int) -> None:
        """Show the columns, and the list with them."""
        chosen = self._ids()
        self._list.use_columns(chosen or ())
        table, titles = self._list.query_one(Table), {column.id: column.title for column in self._list.columns}
        options = self.query_one(OptionList)
        options.clear_options()
        for name in self._order:
            is_shown = name in self._shown
            note = "  no room" if is_shown and not table.shows(name) else ""
            line = f"{MARK if is_shown else ' '} {titles[name]}"
            options.add_option(Option(Content.assemble(line, (note, "dim"))))
        options.highlighted = highlighted

    def _ids(self) -> tuple[str, ...]:
        """Return the ids to show, in their order; empty for the default."""
        ids = tuple(name for name in self._order if name in self._shown)
        return () if ids == self._list.default_columns else ids

    @property
    def _here(self) -> int:
        return self.query_one(OptionList).highlighted or 0

    def action_toggle_column(self) -> None:
        """Show or hide the column; one column stays."""
        name = self._order[self._here]
        if self._shown != {name}:
            self._shown ^= {name}
            self._show(self._here)

    def action_move(self, step: int) -> None:
        """Move the column in the order."""
        here, there = self._here, self._here + step
        if 0 <= there < len(self._order):
            self._order[here], self._order[there] = self._order[there], self._order[here]
            self._show(there)

    def action_reset(self) -> None:
        """Show the default columns in their order."""
        self._arrange(self._list.default_columns)
        self._show(0)

    def on_option_list_option_selected(self) -> None:
        self.action_save()

    def action_save(self) -> None:
        """Close; the columns are saved."""
        self.finish(self._ids())

    def action_leave(self) -> None:
        """Restore the columns and close."""
        self._list.use_columns(self._before or ())
        self.finish(None)
