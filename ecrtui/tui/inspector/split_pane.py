"""A pane with a table above and, below it, a text about the row under the cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual import work
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Static

from ecrtui.catalog.rows.rows import Rows
from ecrtui.tui import blocking
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


class RowText(PaneText):
    """The text about a row. Its pane moves between the matches, because the next one can be in another row."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in ("next", "previous") and super().check_action(action, parameters)


class SplitPane(TextPane[Content], Generic[Content]):
    """A line about the whole, a table, and a text about the selected row, which the line above the text names."""

    SCOPES = ("split_pane",)
    _goes_back = False
    """The row was reached from the next one, so the search is at its last match."""
    EXAMPLE: ClassVar[str] = "find in the table, and in the text below"
    """The placeholder of the field that ``/`` opens."""
    DEFAULT_CSS = """
    SplitPane PaneTable { height: 1fr; min-height: 4; }
    SplitPane .below, SplitPane TextView { height: 1fr; }
    """

    def content(self) -> Iterable[Widget]:
        yield FilterBar(self.EXAMPLE)
        yield Static(classes="about")
        yield PaneTable(Rows(self.key_of), self.columns())
        yield Vertical(*self.below(), classes="below")

    def below(self) -> Iterable[Widget]:
        """Yield what is below the table."""
        yield RowText()

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
        """Name the selected row in the line above its text."""
        self.query_one(".below").border_title = text.content(f" {selected} ") if selected else ""

    def focus_content(self) -> None:
        self.focus_now(self.table)

    def row_text(self, row: Any) -> str:
        """Return the text in which a search finds a row: its cells. Panes whose rows have more override it."""
        return "\n".join(str(column.cell(row)) for column in self.columns())

    def _find(self, words: str) -> None:
        """Find words in the text of the selected row; else select the next row with them, and find them there."""
        self.workers.cancel_group(self, "find")
        found = self.find(words)
        if found or not words or self._has(self.table.current, words):
            self.query_one(FilterBar).show_found(found)
        else:
            self._find_row(words)

    def keep_match(self) -> None:
        """Select a row that the search finds, and say if there is none: rows have come, and they can be others."""
        words = self._searched
        if words and self._has(self.table.current, words):
            self.query_one(FilterBar).show_found(True)
        elif words:
            self._find_row(words)

    @work(exclusive=True, group="find", exit_on_error=False)
    async def _find_row(self, words: str) -> None:
        """Select the next row with these words, and say if there is none."""
        found = await self._step_row(words, 1)
        self.query_one(FilterBar).show_found(found)

    def _has(self, row: Any, words: str) -> bool:
        """Return True if the text of a row has these words."""
        return row is not None and words.casefold() in self.row_text(row).casefold()

    async def _step_row(self, words: str, step: int) -> bool:
        """Go to the next row with these words, or to the previous one; return False if no other row has them."""
        rows, current = list(self.table.rows), self.table.current
        row = await blocking.run_blocking(self._next_row, rows, current, words, step)
        if row is not None:
            self.table.go_to(self.key_of(row))
        return row is not None

    def _next_row(self, rows: Sequence[Any], current: Any, words: str, step: int) -> Any:
        """Return the next row with these words. It runs in a thread: an index can have 16,000 platforms."""
        start = rows.index(current) if current in rows else -step
        others = (rows[(start + step * distance) % len(rows)] for distance in range(1, len(rows)))
        return next((row for row in others if self._has(row, words)), None)

    async def action_next(self) -> None:
        """Go to the next match: in the text if it has the keys, then in the next row; after the last one start over."""
        await self._step_match(1)

    async def action_previous(self) -> None:
        """Go to the previous match."""
        await self._step_match(-1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys of a search to the screen while there is none."""
        is_of_search = action in ("next", "previous")
        return super().check_action(action, parameters) and (not is_of_search or bool(self._searched))

    @property
    def _searched(self) -> str:
        """The words of the search; empty without one."""
        bar = self.query_one(FilterBar)
        return bar.value if bar.is_open else ""

    async def _step_match(self, step: int) -> None:
        if self.view.has_focus and self.view.step_match(step):
            return
        self._goes_back = step < 0
        if not await self._step_row(self._searched, step):
            (self.view.action_previous if self._goes_back else self.view.action_next)()

    def show_text(self, document: TextDocument) -> None:
        """Show the text of another row, with the matches of the search."""
        self.view.show(document)
        if self._searched and self.view.search(self._searched) and self._goes_back:
            self.view.action_previous()  # from the first match to the last one
        self._goes_back = False

    async def on_filter_bar_closed(self, message: FilterBar.Closed) -> None:
        """Give the keys to the text: there they move between the matches."""
        message.stop()
        message.prevent_default()  # Textual would call the handler of the base class, too
        searches = [worker for worker in self.workers if worker.node is self and worker.group == "find"]
        await asyncio.gather(*(worker.wait() for worker in searches), return_exceptions=True)
        self.focus_now(self.view if self.view.found[1] else self.table)

    def action_switch_half(self) -> None:
        """Move the keys between the table and the text."""
        self.focus_now(self.view if self.table.has_focus else self.table)
