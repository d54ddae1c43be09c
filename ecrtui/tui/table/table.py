"""A table that draws only its visible rows, so that it can hold any number of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from operator import ne
from typing import Any, Generic, TypeAlias, TypeVar

from textual import events, work
from textual.content import Content
from textual.geometry import Offset, Region, Size
from textual.strip import Strip

from ecrtui.catalog.rows.rows import Key, Predicate, RowDelta, RowLine, Rows
from ecrtui.catalog.rows.sort_filter_job import SortKey
from ecrtui.tui.bindings import bindings
from ecrtui.tui.table import messages, painter
from ecrtui.tui.table.arranger import SLICE, Arranger
from ecrtui.tui.table.arrival_pause import ARRIVAL_CELLS_PER_SECOND, ArrivalPause
from ecrtui.tui.table.column_layout import Column, ColumnLayout
from ecrtui.tui.table.hover import Hover
from ecrtui.tui.table.marks import Marks
from ecrtui.tui.table.placeholder import Placeholder
from ecrtui.tui.table.row_renderer import FOLD_CELLS, Highlight, TableHeaderState
from ecrtui.tui.table.row_signs import SIGN_TIME, RowSigns
from ecrtui.tui.textual_fixes.bare_lines import BareLines
from ecrtui.tui.textual_fixes.virtual_size import set_virtual_size
from ecrtui.tui.yielding import yield_to_keys

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

AGE_REFRESH_INTERVAL = 30.0
"""Seconds between two redraws of the visible rows, because they show ages."""


class Table(BareLines, Generic[Item], can_focus=True, inherit_bindings=False):
    """Shows :class:`Rows` in columns with a header, a cursor and marks.

    Change the rows only through the methods of the table. They keep the row under the cursor on its line. Enter and
    Space are actions of the screen, which calls :meth:`activate` and :meth:`toggle_mark`.

    Args:
        rows: The rows. From now on only the table may change them.
        columns: The columns. Rows can also be sorted by a column that is not shown.
        chosen: The ids of the columns to show, from left to right; None for all that are not ``extra``.
        sort: The id of the column to sort by; None for the order of arrival.
        descending: True for the greatest value first.
        markable: True if rows can be marked.
        note: The placeholder that the table shows without rows.
        slice_seconds: Longest time in seconds that sorting and filtering block the event loop.
        arrival_speed: Cells to redraw in a second for rows that arrive.
        note_of: Returns a text in place of all cells of a row but the first one; empty for none.
        differs: Returns True if a row has changed so that it flashes; it gets the old and the new row.
    """

    BINDINGS = bindings("table")
    ALLOW_SELECT = False
    COMPONENT_CLASSES = painter.COMPONENT_CLASSES
    DEFAULT_CSS = painter.DEFAULT_CSS

    Activated: TypeAlias = messages.Activated
    CursorMoved: TypeAlias = messages.CursorMoved
    SortRequested: TypeAlias = messages.SortRequested
    MarksChanged: TypeAlias = messages.MarksChanged
    SortFilterDone: TypeAlias = messages.SortFilterDone
    ViewChanged: TypeAlias = messages.ViewChanged

    def __init__(
        self,
        rows: Rows[Item],
        columns: Sequence[Column[Item]],
        *,
        chosen: Sequence[str] | None = None,
        sort: str | None = None,
        descending: bool = False,
        markable: bool = False,
        note: str | Content = "",
        slice_seconds: float = SLICE,
        arrival_speed: float = ARRIVAL_CELLS_PER_SECOND,
        differs: Callable[[Item, Item], bool] = ne,
        note_of: Callable[[Item], str] = lambda item: "",
        id: str | None = None,  # noqa: A002 - Textual's name for it
    ) -> None:
        super().__init__(id=id)
        self.rows = rows
        self.markable = markable
        self.sorted_by = sort
        self._placeholder = Placeholder(note)
        self._layout = ColumnLayout(columns, painter.gutter(rows, markable=markable), chosen)
        self._arranger = Arranger(
            rows,
            slice_seconds,
            page=lambda: self._page,
            change=self._change,
            on_preview=self._show_cursor,
            on_done=self._arranged,
        )
        self._signs = RowSigns(self, self._refresh_rows)
        self._painter = painter.TablePainter(self, rows, self._layout, self._signs, note_of, markable=markable)
        self._hover = Hover(self._refresh_row, self._refresh_header)
        self._marks = Marks(rows, self._marks_changed)
        self._announced: tuple[object, int] = (None, -1)
        self._arrival_pause = ArrivalPause(self, rows, self._show_arrived_later, arrival_speed)
        self._differs = differs
        self._was_loaded = False
        """All rows were loaded once, so that new and changed rows flash."""
        self._is_reloading = False
        self._window: tuple[int, Offset] | None = None
        """See :meth:`_find_window`; None while no frame is drawn."""
        rows.set_descending(descending)
        self._arranger.arrange_now(self._sort_key)

    # Methods for the screen

    @property
    def current(self) -> Item | None:
        """The row under the cursor."""
        return self.rows.current

    @property
    def descending(self) -> bool:
        """True if the greatest value comes first."""
        return self.rows.descending

    def merge(self, items: Iterable[Item], asked: int | None = None, *, more: bool = False) -> RowDelta:
        """Add the rows of a page; see :meth:`Rows.merge`.

        Args:
            items: The rows.
            asked: The version of the rows at the time of the request.
            more: True if more pages follow. Then rows that arrive at a full screen wait from time to time: a slow
                connection cannot redraw the screen for each page.
        """
        wait = more and self._arrival_pause.active and len(self.rows) >= self._page
        items = list(items)
        if self._is_reloading:
            self._flash_changes(items)
        delta = self._change(lambda: self.rows.merge(items, asked, show=not wait))
        if more and not wait:
            self._arrival_pause.start()
        return delta

    def show_arrived(self) -> None:
        """Show the rows that have arrived and wait."""
        if self.rows.has_waiting:
            self._change(self.rows.show_arrived)

    async def show_arrived_in_slices(self) -> None:
        """Show the rows that have arrived. Keys and frames come first: to put 100,000 rows into order takes long."""
        for _ in self.rows.join_arrived():
            await yield_to_keys()
        self.show_arrived()

    @work(group="arrived", exclusive=True, exit_on_error=False)
    async def _show_arrived_later(self) -> None:
        await self.show_arrived_in_slices()

    def update(self, items: Iterable[Item]) -> RowDelta:
        """Replace these rows, and let those that have changed flash; see :meth:`Rows.update`."""
        items = list(items)
        self._flash_changes(items)
        return self._change(lambda: self.rows.update(items))

    def amend(self, items: Iterable[Item]) -> RowDelta:
        """Replace rows by rows with more values; see :meth:`Rows.amend`."""
        return self._change(lambda: self.rows.amend(items))

    def visible_rows(self) -> list[Item]:
        """Return the rows on the screen."""
        return [self.rows[index] for index in self._lines_in_view]

    @property
    def awaits_rows(self) -> bool:
        """True until the first rows of a requested sort or filter are shown."""
        return self._arranger.awaits_rows

    @property
    def shows_rows_soon(self) -> bool:
        """True for a short time after a sort or filter was requested, until its first rows are shown."""
        return self._arranger.shows_rows_soon

    @property
    def is_arranging(self) -> bool:
        """True until all rows of a requested sort or filter are known."""
        return self._arranger.active

    @property
    def shown_columns(self) -> list[Column[Item]]:
        """The columns for which there is room, from left to right; empty before the first frame."""
        return [placed.column for placed in self._layout.placed]

    def column_after(self, column: str | None) -> str:
        """Return the id of the next sortable column for which there is room; empty before the first frame."""
        sortable = [shown.id for shown in self.shown_columns if shown.sort_key is not None]
        here = sortable.index(column) if column in sortable else -1
        return sortable[(here + 1) % len(sortable)] if sortable else ""

    def shows(self, column: str) -> bool:
        """Return True if there is room for the column with this id."""
        return any(placed.column.id == column for placed in self._layout.placed)

    def remove_rows(self, keys: Iterable[Key]) -> RowDelta:
        """Remove the rows with these keys."""
        return self._change(lambda: self.rows.remove(keys))

    def begin_reload(self) -> None:
        """Begin a reload; see :meth:`Rows.begin`. New and changed rows flash, but not on the first load."""
        self._is_reloading = self._was_loaded
        self.rows.begin()

    def finish_reload(self) -> RowDelta:
        """Finish the reload: remove the rows that were not loaded again."""
        self._was_loaded, self._is_reloading = True, False
        return self._change(self.rows.finish)

    def clear(self) -> None:
        """Remove all rows."""
        self._layout.clear()
        self._arranger.discard()
        self._signs.clear()
        self._was_loaded = self._is_reloading = False
        self._change(self.rows.clear)

    def replace_rows(self, rows: Iterable[Item], first: Item | None = None) -> None:
        """Show other rows. The cursor stays on its row if that is still there.

        Args:
            rows: The rows.
            first: The row on which the cursor starts; None for the first one.
        """
        current = self.current or first
        self.clear()
        self.merge(rows)
        if current is not None:
            self.go_to(self.rows.key_of(current))

    def sign_rows(self, signs: Mapping[Key, str], seconds: float = SIGN_TIME) -> None:
        """Show a sign of one cell before these rows for some time, such as ``+`` for a new row.

        A row need not be there yet. The sign of a row replaces an earlier one.
        """
        self._signs.show(signs, seconds)

    def flash(self, keys: Iterable[Key]) -> None:
        """Draw these rows in another color for two seconds."""
        self._signs.flash(keys)

    def _flash_changes(self, items: Iterable[Item]) -> None:
        known = ((item, self.rows.get(self.rows.key_of(item))) for item in items)
        self.flash([self.rows.key_of(item) for item, before in known if before is None or self._differs(before, item)])

    def choose_columns(self, ids: Sequence[str] | None) -> None:
        """Show these columns, from left to right; None for all that are not ``extra``."""
        self._layout.choose(ids)
        self._columns_changed()

    def replace_columns(self, columns: Sequence[Column[Item]]) -> None:
        """Show other columns of the same rows. Sort by another one if the sorted column is not among them."""
        self._layout.replace(columns)
        self._columns_changed()
        if all(column.id != self.sorted_by for column in columns):
            self.sort_by(columns[0].id, self.descending)

    def _columns_changed(self) -> None:
        self._measure_visible()
        self._painter.forget_rows()
        self._resize()
        self.refresh()
        self.post_message(self.ViewChanged(self))

    def set_placeholder(self, note: str | Content | Callable[[], str]) -> None:
        """Set the text that the table shows without rows: "loading…", or why there are none.

        A function is called when the text is drawn.
        """
        self._placeholder = Placeholder(note)
        if not self.rows:
            self.refresh()

    def sort_by(self, column: str | None, descending: bool) -> None:
        """Sort by a column, or by arrival. A large table is sorted between frames; :class:`SortFilterDone` follows."""
        self._change(lambda: self.rows.set_descending(descending))
        if column != self.sorted_by:
            self.sorted_by = column
            self.refresh()
            self._start_job()

    def filter(self, predicate: Predicate[Item] | None, highlight: Highlight | None = None) -> None:
        """Show only the rows that satisfy a predicate.

        Args:
            predicate: The predicate; None for all rows.
            highlight: Returns the ranges of a cell's text to highlight, in columns with ``matches``.
        """
        self._arranger.set_filter(predicate, highlight)
        self._start_job()

    def complete_filter(self) -> None:
        """Complete the requested sort and filter at once, so that only rows that match are there to choose from."""
        self._arranger.complete()

    def go_to(self, key: Key) -> None:
        """Put the cursor on the row with this key, if it is shown."""
        index = self.rows.index_of(key)
        if index is not None:
            self._move(index)

    def regroup(self) -> None:
        """Find out again which rows belong to which others, and show them so."""
        self.rows.groups_changed()
        self._start_job()

    def unfold(self, on: bool) -> None:
        """Unfold the row under the cursor, or fold the row that the cursor is on or below."""
        cursor = self.rows.cursor
        if cursor is not None:
            self._change(lambda: self.rows.unfold(cursor, on))
            self._painter.forget_rows()
            self._show_cursor()
            self.refresh()

    def unfold_all(self, on: bool) -> None:
        """Unfold or fold all rows."""
        self.rows.unfold_all(on)
        self._painter.forget_rows()
        self._start_job()

    def activate(self) -> None:
        """Open the row under the cursor, as a double click does."""
        item = self.current
        if item is not None:
            self.rows.anchor()
            self.post_message(self.Activated(self, item))

    def toggle_mark(self, *, advance: bool = True) -> None:
        """Mark or unmark the row under the cursor and move to the next row."""
        cursor = self.rows.cursor
        if cursor is not None and self.markable:
            self._marks.toggle(cursor)
            self._move(cursor + (1 if advance else 0))

    def mark_range(self) -> None:
        """Mark every row from the last marked one to the cursor."""
        cursor = self.rows.cursor
        if cursor is not None and self.markable:
            self._marks.extend_to(cursor)

    def mark_all(self) -> None:
        """Mark all rows that pass the filter; if all are marked, unmark them."""
        if self.markable:
            self.complete_filter()
            self._marks.toggle_shown()

    def redraw(self) -> None:
        """Redraw the visible rows, because something outside the rows has changed, such as the time."""
        self._painter.forget_rows()
        self._measure_visible()
        self.refresh()

    # Changes

    def _change(self, change: Callable[[], Outcome]) -> Outcome:
        """Change the rows and keep the row under the cursor, or else the first visible row, on its line."""
        line, offset = self._anchor()
        seen, before = self.visible_rows(), self._visible_state()
        outcome = change()
        if self._layout.sample(self.rows):
            self._place_columns()
        self._resize()
        index = None if line is None else self.rows.position(line)
        if index is not None:
            self._scroll(index - offset)
        elif self.rows.anchored:
            self._scroll(self.scroll_offset.y)
        else:
            self._scroll(0)
            self._show_cursor()
        has_other_rows = self.visible_rows() != seen
        if has_other_rows:
            self._measure_visible()
        self._announce()
        if has_other_rows or self._visible_state() != before:
            self.refresh()
            self.post_message(self.ViewChanged(self))
        return outcome

    def _visible_state(self) -> tuple[object, ...]:
        """Return everything visible that a change of the rows can affect, besides the rows."""
        rows = self.rows
        return (
            self.scroll_offset.y,
            rows.cursor,
            rows.descending,
            self._layout.placed,
            self._arranger.highlight,
        )

    def _anchor(self) -> tuple[RowLine | None, int]:
        """Return the row that stays on its line, and that line below the header."""
        cursor, top = self.rows.cursor, self.scroll_offset.y
        if cursor is None or not self.rows.anchored:
            return None, 0
        seen = cursor if top <= cursor < top + self._page else min(top, len(self.rows) - 1)
        return self.rows.line_at(seen), seen - top

    def _resize(self) -> None:
        """Set the virtual size to that of the rows and the columns.

        While a filter has found only some of its rows, the table stays as high as it was: the scroll bar would jump.
        """
        height = len(self.rows) + 1
        if self.is_arranging:
            height = max(height, self.virtual_size.height)
        size = Size(self._layout.width, height)
        if size != self.virtual_size:
            set_virtual_size(self, size)

    def _announce(self) -> None:
        """Post messages if another row is under the cursor or marked rows are gone."""
        item, index = self.current, self.rows.cursor
        if self._announced[0] is not item:
            self.post_message(self.CursorMoved(self, item, -1 if index is None else index))
        self._announced = (item, -1 if index is None else index)
        self._marks.rows_changed()

    def _marks_changed(self, count: int) -> None:
        self.refresh()
        self.post_message(self.MarksChanged(self, count))

    def _start_job(self) -> None:
        self.workers.cancel_group(self, "arrange")
        rest = self._arranger.start(self._sort_key)
        if rest is not None:
            self._run_job(rest)

    @work(group="arrange", exit_on_error=False)
    async def _run_job(self, rest: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await rest()

    @property
    def _sort_key(self) -> SortKey[Item] | None:
        return next((column.sort_key for column in self._layout.columns if column.id == self.sorted_by), None)

    def _arranged(self) -> None:
        self._show_cursor()
        self.post_message(self.SortFilterDone(self, len(self.rows), self.rows.total))

    # Size and styles

    @property
    def _page(self) -> int:
        """Number of visible rows."""
        return max(self.scrollable_content_region.height - 1, 1)

    @property
    def _lines_in_view(self) -> range:
        top = self.scroll_offset.y
        return range(top, min(top + self._page, len(self.rows)))

    def _measure_visible(self) -> None:
        """Measure the visible rows. Scrolling does not call this, so that the columns stay in place."""
        self._layout.measure(self.visible_rows())
        self._place_columns()

    def _place_columns(self) -> None:
        if self._layout.place(self.scrollable_content_region.width):
            self._painter.forget_rows()
            self._resize()

    def on_mount(self) -> None:
        self.set_interval(AGE_REFRESH_INTERVAL, self.redraw)

    def on_resize(self) -> None:
        self._painter.forget_rows()
        self._layout.sample(self.rows)
        self._place_columns()
        self._resize()
        self._show_cursor()
        self.post_message(self.ViewChanged(self))

    def notify_style_update(self) -> None:
        self._painter.forget_styles()
        super().notify_style_update()

    # Drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        self._window = self._find_window()
        try:
            return super().render_lines(crop)
        finally:
            self._window = None

    def _find_window(self) -> tuple[int, Offset]:
        """Return the width of the lines, and the cell that is shown at the top left.

        To look them up takes as long as a line that was drawn before, so the lines of a frame share them.
        """
        return self.scrollable_content_region.width, self.scroll_offset

    def render_line(self, y: int) -> Strip:
        if self.rows and not self._layout.placed:  # the first frame comes before the first Resize
            self._place_columns()
        width, (scroll_x, scroll_y) = self._window or self._find_window()
        index = scroll_y + y - 1
        if y == 0:
            strip, style = self._painter.header(
                TableHeaderState(self.sorted_by, self.rows.descending, self._hover.heading)
            )
        elif index < len(self.rows):
            strip, style = self._painter.row(
                index, hovered=index == self._hover.row, highlight=self._arranger.highlight
            )
        elif self.rows:
            return self._painter.blank(width)
        else:
            return self._painter.placeholder_line(self._placeholder, y - 1, width)
        return strip.crop_extend(scroll_x, scroll_x + width, style)

    # Moving

    def _move(self, index: int) -> None:
        before = self.rows.cursor
        self.rows.move(index)
        after = self.rows.cursor
        for line in {before, after} - {None}:
            self._refresh_row(line)
        self._show_cursor()
        self._announce()

    def _refresh_row(self, index: int | None) -> None:
        if index is not None:
            self.refresh(Region(0, index - self.scroll_offset.y + 1, self.size.width, 1))

    def _refresh_header(self) -> None:
        self.refresh(Region(0, 0, self.size.width, 1))

    def _refresh_rows(self, keys: Collection[Key]) -> None:
        """Draw the lines of these rows again that are in view. A row inside two others is on two lines."""
        for index in self._lines_in_view:
            if self.rows.key_at(index) in keys:
                self._refresh_row(index)

    def _show_cursor(self) -> None:
        cursor, top = self.rows.cursor, self.scroll_offset.y
        if cursor is None or not self.size:
            return
        if cursor < top:
            self._scroll(cursor)
        elif cursor >= top + self._page:
            self._scroll(cursor - self._page + 1)

    def _scroll(self, top: int) -> None:
        if self.is_mounted:
            last = len(self.rows) - self._page
            self.scroll_to(y=max(min(top, last), 0), animate=False, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value > 0:
            self.rows.anchor()
        if round(old_value) != round(new_value):
            self.post_message(self.ViewChanged(self))

    def action_down(self) -> None:
        """Move one row down."""
        self._move((self.rows.cursor or 0) + 1)

    def action_up(self) -> None:
        """Move one row up."""
        self._move((self.rows.cursor or 0) - 1)

    def action_top(self) -> None:
        """Move to the first row."""
        self._move(0)

    def action_bottom(self) -> None:
        """Move to the last row."""
        self._move(len(self.rows) - 1)

    def action_page_down(self) -> None:
        """Move one page down."""
        self._move((self.rows.cursor or 0) + self._page)

    def action_page_up(self) -> None:
        """Move one page up."""
        self._move((self.rows.cursor or 0) - self._page)

    def action_right(self) -> None:
        """Scroll to the columns on the right."""
        self.scroll_relative(x=8, animate=False, force=True)

    def action_left(self) -> None:
        """Scroll to the columns on the left."""
        self.scroll_relative(x=-8, animate=False, force=True)

    # Focus and mouse

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Apply no styles. Textual applies all of them at each change of the focus, but none of ours depends on it."""

    def on_focus(self) -> None:
        self._refresh_row(self.rows.cursor)

    def on_blur(self) -> None:
        self._refresh_row(self.rows.cursor)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        x, y = event.get_content_offset_capture(self)
        column = self._layout.column_at(x + self.scroll_offset.x) if y == 0 else None
        row = y - 1 + self.scroll_offset.y if y > 0 else None
        self._hover.point_at(row, None if column is None else column.id)

    def on_leave(self) -> None:
        self._hover.point_at(None, None)

    def on_click(self, event: events.Click) -> None:
        """Move to a row. With Ctrl, or left of the row, mark it; on its sign, fold it; with two clicks, open it."""
        event.stop()
        x, y = event.get_content_offset_capture(self)
        if y == 0:
            column = self._layout.column_at(x + self.scroll_offset.x)
            if column is not None and column.sort_key is not None:
                self.post_message(self.SortRequested(self, column.id))
            return
        index = y - 1 + self.scroll_offset.y
        if index >= len(self.rows):
            return
        self._move(index)
        cell, gutter = x + self.scroll_offset.x, self._layout.gutter
        fold = gutter - FOLD_CELLS if self.rows.has_groups else gutter
        if self.markable and (cell < fold or event.ctrl):
            self.toggle_mark(advance=False)
        elif fold <= cell < gutter:
            if sign := self.rows.outline(index).sign:
                self.unfold(sign == "+")
        elif event.chain == 2:
            self.activate()
