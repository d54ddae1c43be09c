"""The base class of screens with a table: columns, sorting, filtering, marks, and the details of a row."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from textual import work
from textual.reactive import var
from textual.widget import Widget

from ecrtui.catalog.rows.rows import Rows
from ecrtui.ecr.units import format_quoted
from ecrtui.tui.bindings import press, shown_key
from ecrtui.tui.lists.column_choice import ChosenColumnsScreen
from ecrtui.tui.lists.list_state import ListState
from ecrtui.tui.messages import ShowText
from ecrtui.tui.table.arranger import SLICE
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.message_panel import MessagePanel
from ecrtui.tui.yielding import yield_to_keys

if TYPE_CHECKING:
    from ecrtui.catalog.filter import Filter

Item = TypeVar("Item")


class TableScreen(ChosenColumnsScreen[Item], Generic[Item]):
    """A screen with a table that can be sorted and filtered."""

    SCOPES: ClassVar[tuple[str, ...]] = ("list",)
    FILTER_EXAMPLE: ClassVar[str] = ""
    FILTER_LIST: ClassVar[str] = ""
    """The name of the list that the used filters are kept for."""
    FIRST_DESCENDING: ClassVar[frozenset[str]] = frozenset()
    """The columns that sort descending first, such as dates and sizes."""
    MARKABLE: ClassVar[bool] = False

    state: var[ListState] = var(ListState("", False))

    rows: Rows[Item]
    first_filter: str = ""
    """The filter to start with; set it before the screen is opened."""
    _filter: Filter[Item] | None = None
    """The filter that applies; None for all rows."""
    _known_matches: int | None = None
    """The number of matches of the last filter that was complete; None without one."""
    _hides_sort: bool = False
    """There is no room for the sorted column, and the status names it."""

    def body(self) -> Iterable[Widget]:
        yield FilterBar(self.FILTER_EXAMPLE, self.FILTER_LIST, self.complete_filter)
        yield MessagePanel()
        state = self.state
        yield Table(
            self.rows,
            self.columns,
            chosen=self.chosen,
            sort=state.sort,
            descending=state.descending,
            markable=self.MARKABLE,
            note="loading…",
            differs=self.has_changed,
            note_of=self.note_of,
        )

    @property
    def table(self) -> Table[Item]:
        """The table with the rows."""
        return self.query_one(Table)

    @property
    def current(self) -> Item | None:
        """The selected row."""
        return self.rows.current

    @property
    def arranges_content(self) -> bool:
        """True while the rows change after the filter was closed."""
        bar = self.query_one(FilterBar)
        return not bar.is_open and (bar.value.strip() != self.state.filter_text or self.table.awaits_rows)

    @property
    def changes_soon(self) -> bool:
        """True while the rows of a filter are about to follow its letter.

        A frame can be due before the screen has its table, and after it has lost it.
        """
        table = self.query_one_optional(Table)
        return table is not None and table.shows_rows_soon

    def show_progress(self) -> None:
        """Show in the status how many rows there are, match and are marked."""
        raise NotImplementedError

    def parse_filter(self, line: str) -> Filter[Item]:
        """Parse a filter; raises FilterError."""
        raise NotImplementedError

    def complete_filter(self, line: str) -> Iterable[str]:
        """Return what can follow a filter to complete its last word, the best first."""
        raise NotImplementedError

    def note_of(self, row: Item) -> str:
        """Return a text in place of all cells of a row but the first one; empty for none. Screens override it."""
        return ""

    def has_changed(self, before: Item, after: Item) -> bool:
        """Return True if a refreshed or written row has changed, so that it flashes. Screens override it."""
        return before != after

    def no_match(self, reason: str) -> str:
        """Return the text in place of the rows when the filter shows none."""
        if problem := self.state.filter_problem:
            reason = f"The filter is not valid: {problem}. The last valid filter applies. {reason}"
        hints = (press(self, "screen.back", "clear the filter"), self._find_hint(self.query_one(FilterBar).value))
        return f"{reason}. {' '.join(filter(None, hints))}".rstrip()

    def _find_hint(self, line: str) -> str:
        """Return how to find what this list does not: a pasted reference, or tags; empty for another text."""
        from ecrtui.catalog.find.query import asks_for_tags, looks_pasted
        from ecrtui.ecr.tag import stored_tag_error

        key = shown_key(self, "app.find")
        if not key or not (looks_pasted(line) or asks_for_tags(line) or not stored_tag_error(line.strip())):
            return ""
        leave = "enter, then " if self.query_one(FilterBar).has_focus_within else ""  # the field would take the letter
        return f"Press {leave}{key} to find it in all repositories."

    @property
    def text_to_find(self) -> str:
        line = self.query_one(FilterBar).value.strip()
        shows_nothing = self.state.filter_problem or not self.rows
        return line if shows_nothing and self._find_hint(line) else super().text_to_find

    def count_matches(self) -> int | None:
        """Return the number of matches; while a filter is at work, that of the last complete one."""
        if not self.state.filter_text:
            self._known_matches = None
        elif not self.table.is_arranging:
            self._known_matches = self.rows.matched
        return self._known_matches

    @property
    def hidden_sort(self) -> Column[Item] | None:
        """The column that the rows are sorted by, if there is no room for it."""
        if self.table.shows(self.state.sort) or not self.table.shown_columns:
            return None
        return next((column for column in self.columns if column.id == self.state.sort), None)

    def on_table_view_changed(self) -> None:
        hidden = self.hidden_sort is not None
        if hidden != self._hides_sort:
            self._hides_sort = hidden
            self.show_progress()

    def action_filter(self) -> None:
        """Open the filter."""
        self.query_one(FilterBar).open()
        self.call_after_refresh(_import_hints)
        self.call_after_refresh(self._read_for_filter)

    @work(exclusive=True, group="read for filter", exit_on_error=False)
    async def _read_for_filter(self) -> None:
        """Read what a word of a filter needs, between keys. The first letter would wait for it otherwise."""
        due = time.perf_counter() + SLICE
        for _ in self.rows.read_chunks(self.read_for_word):
            if time.perf_counter() > due:
                await yield_to_keys()
                due = time.perf_counter() + SLICE

    def read_for_word(self, rows: Sequence[Item]) -> None:
        """Read the columns of rows that a word of a filter needs. Screens with many rows override it."""

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        from ecrtui.catalog.filter import FilterError

        bar = self.query_one(FilterBar)
        try:
            parsed = self.parse_filter(message.value)
        except FilterError as problem:
            from ecrtui.inspect.filter_lists import naming_lists

            self.state = self.state._replace(filter_problem=problem.title)
            applies = self.state.filter_text
            shown = f"The last valid filter applies: {format_quoted(applies)}" if applies else "No filter applies"
            hint = naming_lists(problem, message.value).with_hint().rstrip(".")
            wrong = f"{hint}{'' if hint.endswith('?') else '.'} {self._find_hint(message.value)}".rstrip()
            bar.show_problem(wrong, problem.position, f"{shown}.", covers=bool(self.rows))
            return
        bar.show_problem("")
        self._filter = parsed or None
        if parsed:
            self.table.filter(parsed.matches, parsed.spans)
        else:
            self.table.filter(None)
        self.state = self.state._replace(filter_text=message.value.strip(), filter_problem="")

    def on_table_sort_filter_done(self) -> None:
        self.show_progress()

    def on_table_marks_changed(self) -> None:
        self.show_progress()

    def on_filter_bar_closed(self) -> None:
        self.table.complete_filter()  # the next key is for a row that matches
        if self.query_one(FilterBar).value:
            self.rows.anchor()  # without the filter the user wants to see what is around this row
        self.table.focus()

    def action_back(self) -> None:
        bar = self.query_one(FilterBar)
        if bar.value:  # the state may lag behind what was typed
            bar.clear()
            self.table.focus()  # the field may have the focus, if the user's key for this action is not that of the bar
        else:
            super().action_back()

    def action_sort(self) -> None:
        """Sort by the next column that is shown."""
        column = self.table.column_after(self.state.sort)
        if column:
            self._sort_by(column)

    def action_reverse(self) -> None:
        """Reverse the sort order."""
        self._sort_by(self.state.sort)

    def on_table_sort_requested(self, message: Table.SortRequested) -> None:
        self._sort_by(message.column)

    def _sort_by(self, column: str) -> None:
        is_sorted = column == self.state.sort
        descending = not self.state.descending if is_sorted else column in self.FIRST_DESCENDING
        self.state = self.state._replace(sort=column, descending=descending)
        self.table.sort_by(column, descending)

    def document(self, row: Item) -> tuple[str, Mapping[str, Any]] | None:
        """Return a title and the details of a row; None if it has none. Screens override it."""
        return None

    def action_describe(self) -> None:
        """Show all details of the selected row."""
        from ecrtui.tui import details

        self._show_document(details.as_text, labelled=True)

    def action_yaml(self) -> None:
        """Show the selected row as YAML."""
        from ecrtui.tui import details

        self._show_document(details.as_yaml)

    def _show_document(self, form: Callable[[Mapping[str, Any]], str], *, labelled: bool = False) -> None:
        if (row := self.current) is not None:
            self.show_document_of(row, form, labelled=labelled)

    def show_document_of(self, row: Item, form: Callable[[Mapping[str, Any]], str], *, labelled: bool) -> None:
        """Show the details of a row, unless the user has opened another screen meanwhile."""
        if self.is_active and (document := self.document(row)) is not None:
            self.post_message(ShowText(document[0], form(document[1]), labelled))

    def action_open(self) -> None:
        """Open the selected row."""
        self.table.activate()

    def action_mark(self) -> None:
        """Mark or unmark the selected row."""
        self.table.toggle_mark()

    def action_mark_range(self) -> None:
        """Mark the rows from the last mark to the selected row."""
        self.table.mark_range()

    def action_mark_all(self) -> None:
        """Mark all shown rows, or unmark them if all are marked."""
        self.table.mark_all()


def _import_hints() -> None:
    """Import what the hints of a filter need, once the field is drawn. The first letter would wait for it otherwise."""
    import ecrtui.catalog.find.query
    import ecrtui.inspect.filter_lists  # noqa: F401 - imported for the letters that follow
