"""A pane with a table above and, below it, a text about the row under the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual.widget import Widget
from textual.widgets import Static

from ecrtui.catalog.rows.rows import Rows
from ecrtui.tui import safe_text as text
from ecrtui.tui.inspector.text_pane import PaneText, TextPane
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table
from ecrtui.tui.text_document import TextDocument
from ecrtui.tui.widgets.filter_bar import FilterBar

Content = TypeVar("Content")


class PaneTable(Table[Any]):
    """The table of a pane. It is as high as its rows need."""

    def replace_rows(self, rows: Iterable[Any], first: Any = None) -> None:
        super().replace_rows(rows, first)
        self.styles.max_height = len(self.rows) + 2  # the heading, and a scroll bar below


class SplitPane(TextPane[Content], Generic[Content]):
    """A line about the whole, a table, a line about the selected row, and a text about it."""

    SCOPES = ("split_pane",)
    EXAMPLE: ClassVar[str] = "find in the table, and in the text below"
    """The placeholder of the field that ``/`` opens."""
    DEFAULT_CSS = """
    SplitPane .about { height: auto; padding: 0 1; color: $text-muted; }
    SplitPane .selected {
        height: 2; padding: 0 1; border-top: solid $border-blurred; color: $primary;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    SplitPane PaneTable { height: 1fr; min-height: 4; }
    SplitPane TextView { height: 1fr; }
    """

    def content(self) -> Iterable[Widget]:
        yield FilterBar(self.EXAMPLE)
        yield Static(classes="about")
        yield PaneTable(Rows(self.key_of), self.columns())
        yield Static(classes="selected")
        yield PaneText()

    def key_of(self, row: Any) -> Any:
        """Return the identity of a row."""
        raise NotImplementedError

    def columns(self) -> Sequence[Column[Any]]:
        """Return the columns of the table."""
        raise NotImplementedError

    @property
    def table(self) -> PaneTable:
        """The table."""
        return self.query_one(PaneTable)

    def show_about(self, about: str) -> None:
        """Show lines about the whole above the table."""
        line = self.query_one(".about", Static)
        line.update(text.block(about))
        line.display = bool(about)

    def show_selected(self, selected: str) -> None:
        """Show a line about the selected row above its text."""
        self.query_one(".selected", Static).update(text.content(selected))

    def focus_content(self) -> None:
        self.focus_now(self.table)

    def row_text(self, row: Any) -> str:
        """Return the text in which a search finds a row: its cells. Panes whose rows have more override it."""
        return "\n".join(str(column.cell(row)) for column in self.columns())

    def find(self, words: str) -> int:
        """Find words in the text of the selected row; else select the next row with them, and find them there."""
        found = super().find(words)
        if found or not words:
            return found
        rows, current = list(self.table.rows), self.table.current
        start = rows.index(current) if current in rows else 0
        for row in (*rows[start:], *rows[:start]):
            if words.casefold() in self.row_text(row).casefold():
                self.table.go_to(self.key_of(row))
                return 1
        return 0

    def show_text(self, document: TextDocument) -> None:
        """Show the text of another row, with the matches of the search."""
        self.view.show(document)
        bar = self.query_one(FilterBar)
        if bar.is_open and bar.value:
            self.view.search(bar.value)

    def on_filter_bar_closed(self, message: FilterBar.Closed) -> None:
        """Give the keys to the text: there they move between the matches."""
        message.stop()
        message.prevent_default()  # Textual would call the handler of the base class, too
        self.focus_now(self.view if self.view.found[1] else self.table)

    def action_switch_half(self) -> None:
        """Move the keys between the table and the text."""
        self.focus_now(self.view if self.table.has_focus else self.table)
