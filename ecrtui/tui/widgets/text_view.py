"""A view of a text: it wraps or scrolls long lines, and finds words."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from rich.segment import Segment
from textual import events
from textual.cache import LRUCache
from textual.content import Content, Span
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style

from ecrtui.tui.text_document import EMPTY_TEXT, MEASURED_LENGTH, LineWrapping, TextDocument, TextRange
from ecrtui.tui.textual_fixes import segments as paint
from ecrtui.tui.textual_fixes.virtual_size import set_virtual_size


class TextView(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws the visible rows of a text. During a search ``next`` and ``previous`` move between matches.

    Args:
        prepared: The text.
        wrap: False to scroll long lines instead of wrapping them.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"text-view--text", "text-view--match", "text-view--match-current"}
    DEFAULT_CSS = """
    TextView {
        height: 1fr;
        background: $surface;
        color: $foreground;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
        & > .text-view--text { background: $surface; color: $foreground; }
        & > .text-view--match { color: $match; text-style: underline bold; }
        & > .text-view--match-current { color: $match; text-style: reverse bold; }
    }
    """

    def __init__(
        self,
        prepared: TextDocument = EMPTY_TEXT,
        *,
        wrap: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's name for it
    ) -> None:
        super().__init__(id=id)
        self.prepared = prepared
        self.wrap = wrap
        self._layout = LineWrapping(prepared, None)
        self._fitted = False
        self._words = ""
        """The words of the search; empty without one."""
        self._matches: tuple[TextRange, ...] = ()
        self._match = 0
        self._strips: LRUCache[int, Strip] = LRUCache(256)
        self._parse: paint.ParseStyle | None = None

    # Methods for the screen

    def show(self, prepared: TextDocument) -> None:
        """Show another text from its start."""
        self.prepared = prepared
        self._words, self._matches = "", ()
        self._lay_out()
        self.scroll_to(0, 0, animate=False, force=True)

    def revise(self, prepared: TextDocument) -> None:
        """Show another version of the text; keep the search. Only the rows that differ are drawn again."""
        before = self._looks()
        self.prepared = prepared
        self._matches = prepared.find(self._words)
        self._match = min(self._match, max(len(self._matches) - 1, 0))
        self._fit()
        self._set_virtual_size()
        if not before or self._matches:
            self._redraw()
            return
        after = self._looks()
        changed = {row for row in before.keys() | after.keys() if before.get(row) != after.get(row)}
        strips = {row: strip for row in after if row not in changed and (strip := self._strips.get(row)) is not None}
        self._strips.clear()
        for row, strip in strips.items():
            self._strips[row] = strip
        if changed:
            top, width = self.scroll_offset.y, self.size.width
            self.refresh(*(Region(0, row - top, width, 1) for row in changed))

    def search(self, words: str) -> int:
        """Find words, ignoring case, and go to the first match below the top of the view.

        Args:
            words: The words; empty to end the search.

        Returns:
            The number of matches.
        """
        self._words, self._matches = words, self.prepared.find(words)
        self._redraw()
        if self._matches:
            top = self._layout[min(self.scroll_offset.y, len(self._layout) - 1)]
            self._move_to_match(bisect_left(self._matches, (top.line, top.start)) % len(self._matches))
        return len(self._matches)

    @property
    def found(self) -> tuple[int, int]:
        """The number of the current match, from 1, and of all matches; (0, 0) without a search."""
        return (self._match + 1, len(self._matches)) if self._matches else (0, 0)

    @property
    def matching_lines(self) -> Sequence[str]:
        """The lines with a match; none without a search."""
        return [self.prepared.lines[number] for number in dict.fromkeys(match.line for match in self._matches)]

    # Moving

    def action_down(self) -> None:
        """Move one line down."""
        self._scroll(1)

    def action_up(self) -> None:
        """Move one line up."""
        self._scroll(-1)

    def action_page_down(self) -> None:
        """Move one page down."""
        self._scroll(self._page)

    def action_page_up(self) -> None:
        """Move one page up."""
        self._scroll(-self._page)

    def action_top(self) -> None:
        """Go to the first line."""
        self.scroll_to(y=0, animate=False, force=True)

    def action_bottom(self) -> None:
        """Go to the last line."""
        self.scroll_to(y=len(self._layout), animate=False, force=True)

    def action_right(self) -> None:
        """Scroll to the right."""
        self.scroll_relative(x=16, animate=False, force=True)

    def action_left(self) -> None:
        """Scroll to the left."""
        self.scroll_relative(x=-16, animate=False, force=True)

    def step_match(self, step: int) -> bool:
        """Go to the next match, or to the previous one; return False if there is no other in that direction."""
        number = self._match + step
        if not 0 <= number < len(self._matches):
            return False
        self._move_to_match(number)
        return True

    def action_next(self) -> None:
        """Go to the next match, starting over after the last."""
        if self._matches:
            self._move_to_match((self._match + 1) % len(self._matches))

    def action_previous(self) -> None:
        """Go to the previous match, starting over before the first."""
        if self._matches:
            self._move_to_match((self._match - 1) % len(self._matches))

    def action_wrap(self) -> None:
        """Switch between wrapping and scrolling long lines. The top line stays in place."""
        top = self._layout[min(self.scroll_offset.y, len(self._layout) - 1)]
        self.wrap = not self.wrap
        self._lay_out()
        self.scroll_to(x=0, y=self._layout.row_of(top.line, top.start), animate=False, force=True)

    def _scroll(self, rows: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False, force=True)

    def _move_to_match(self, number: int) -> None:
        self._match = number
        self._redraw()
        self._reveal(self._matches[number])

    def _reveal(self, part: TextRange) -> None:
        """Scroll so that a range is visible with a few lines around it."""
        first = self._layout.row_of(part.line, part.start)
        last = self._layout.row_of(part.line, max(part.end - 1, part.start))
        margin = min(3, max((self._page - (last - first + 1)) // 2, 0))
        top = self.scroll_offset.y
        if first - margin < top:
            top = first - margin
        elif last + margin >= top + self._page:
            top = last + margin - self._page + 1
        x = None
        if not self.wrap:
            room = max(self.scrollable_content_region.width - self._gutter, 1)
            left = self.scroll_offset.x
            if not left <= part.start <= part.end <= left + room:
                x = max(min(part.start - 4, part.end - room + 4), 0)
        self.scroll_to(x=x, y=max(top, 0), animate=False, force=True)

    # Size and styles

    @property
    def _page(self) -> int:
        return max(self.scrollable_content_region.height, 1)

    @property
    def _gutter(self) -> int:
        """Cells at the left of the text. Subclasses override it."""
        return 0

    def _lay_out(self) -> None:
        self._fit()
        self._set_virtual_size()
        self._redraw()

    def _set_virtual_size(self) -> None:
        width = 0 if self.wrap else self.prepared.width + self._gutter
        set_virtual_size(self, Size(width, len(self._layout) if self.prepared.text else 0))

    def _looks(self) -> dict[int, object]:
        """Return what makes each visible row look as it does, by its number; nothing before the first layout."""
        if not self._fitted or not self.prepared.text or self._matches:
            return {}
        top = self.scroll_offset.y
        parts = {row: self._layout[row] for row in range(top, min(top + self._page, len(self._layout)))}
        return {
            row: (part, self.prepared.text_at(part), *self.prepared.spans(part), self._layout.indent(part))
            for row, part in parts.items()
        }

    def _fit(self) -> None:
        """Wrap the lines for the current width."""
        width = self.scrollable_content_region.width
        self._fitted = width > 0
        self._layout = LineWrapping(self.prepared, max(width - self._gutter, 1) if self.wrap and self._fitted else None)

    def _redraw(self) -> None:
        self._strips.clear()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        rows = len(self._layout)
        top = self._layout[min(self.scroll_offset.y, rows - 1)] if rows else TextRange(0, 0, 0)
        self._lay_out()
        self.scroll_to(y=self._layout.row_of(top.line, top.start), animate=False, force=True)

    def on_focus(self) -> None:
        self._redraw()

    def on_blur(self) -> None:
        self._redraw()

    def notify_style_update(self) -> None:
        self._strips.clear()
        self._parse = None
        super().notify_style_update()

    # Drawing

    def render_line(self, y: int) -> Strip:
        if not self._fitted:  # the first frame comes before the first Resize
            self._fit()
        width = self.scrollable_content_region.width
        row = self.scroll_offset.y + y
        base = self.get_visual_style("text-view--text")
        if row >= len(self._layout) or not self.prepared.text:
            return Strip.blank(width, base.rich_style)
        strip = self._strips.get(row)
        if strip is None:
            strip = self._strips[row] = self._row(row, width)
        return strip

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        self._strips.clear()
        super().watch_scroll_x(old_value, new_value)

    def _row(self, row: int, width: int) -> Strip:
        part = self._layout[row]
        base = self.get_visual_style("text-view--text")
        indent = self._layout.indent(part)
        room = max(width - self._gutter - indent, 0)
        seen, skip = self._seen(part, room)
        if self._parse is None:
            self._parse = paint.style_parser(self.app.theme_variables)
        over = self._style_over(part)
        ground = (base if over is None else base + over).rich_style
        shown = Strip(paint.to_segments(self._content(seen), base, self._parse, over)).crop_extend(
            skip, skip + room, ground
        )
        margin = Strip([*self._margin(row, part), Segment(" " * indent, ground)])
        return Strip.join([margin, shown]).adjust_cell_length(width, ground)

    def _style_over(self, part: TextRange) -> Style | None:
        """Return a style above the text of a row, such as the cursor's. Subclasses override it."""
        return None

    def _margin(self, row: int, part: TextRange) -> Sequence[Segment]:
        """Return what a row shows in its gutter. Subclasses override it."""
        return ()

    def _seen(self, part: TextRange, room: int) -> tuple[TextRange, int]:
        """Return the visible part of a row and the number of its cells to crop."""
        left = self.scroll_offset.x
        if self.wrap:
            return part, 0
        if part.line in self.prepared.wide and part.end <= MEASURED_LENGTH:
            return part, left
        start = min(left, part.end)
        return TextRange(part.line, start, min(start + room, part.end)), 0

    def _content(self, part: TextRange) -> Content:
        """Return a range with its colors and matches."""
        spans = [Span(start, end, style) for start, end, style in self.prepared.spans(part)]
        spans += self._marked(part)
        spans += [
            to_span(self._matches[number], self._style_of_match(number == self._match))
            for number in overlapping(self._matches, part)
        ]
        length = part.end - part.start
        clipped = [
            Span(max(start - part.start, 0), min(end - part.start, length), style) for start, end, style in spans
        ]
        return Content(self.prepared.text_at(part), [span for span in clipped if span.start < span.end])

    def _marked(self, part: TextRange) -> Iterable[Span]:
        """Return further marked ranges of the line of a range. Subclasses override it."""
        return ()

    def _style_of_match(self, current: bool) -> Style:
        return paint.component_style(self, "text-view--match-current" if current else "text-view--match")


def overlapping(ranges: tuple[TextRange, ...], row: TextRange) -> range:
    """Return the indices of the ranges that overlap a row. The ranges are in order and do not overlap each other."""
    first = bisect_right(ranges, (row.line, row.start))
    if first and ranges[first - 1].line == row.line and ranges[first - 1].end > row.start:
        first -= 1
    return range(first, bisect_left(ranges, (row.line, row.end), first))


def to_span(part: TextRange, style: Style) -> Span:
    """Return a range of a line as a styled span."""
    return Span(part.start, part.end, style)
