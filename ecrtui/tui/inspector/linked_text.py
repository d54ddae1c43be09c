"""A text with lines that open something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.style import Style

from ecrtui.tui.bindings import bindings
from ecrtui.tui.fields_message import FieldsMessage
from ecrtui.tui.table.row_renderer import CURSOR
from ecrtui.tui.text_document import TextDocument, TextRange
from ecrtui.tui.textual_fixes import segments as paint
from ecrtui.tui.widgets.text_view import TextView

GUTTER = 2
"""Cells at the left of the text: for the cursor, and a blank as in a table."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a line opens: a pane, or an image.

    Args:
        pane: the id of a pane; empty to open an image.
        digest: the digest of a platform of the pane, or of the image.
        parent: the digest of the index that the image is in; empty if it is in none.
        tag: the tag whose history the pane shows; empty for no certain one.
    """

    pane: str = ""
    digest: str = ""
    parent: str = ""
    tag: str = ""


class LinkedText(TextView):
    """A text with a cursor that moves between the lines that open something."""

    BINDINGS = bindings("text", "linked_text")
    COMPONENT_CLASSES = {"linked-text--cursor", "linked-text--cursor-blurred"}
    DEFAULT_CSS = """
    LinkedText {
        scrollbar-gutter: stable;
        & > .linked-text--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground; text-style: $block-cursor-text-style;
        }
        & > .linked-text--cursor-blurred {
            background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground;
            text-style: $block-cursor-blurred-text-style;
        }
    }
    """

    class Opened(FieldsMessage):
        """The user pressed Enter on a line or double-clicked it."""

        link: Link

    def __init__(self) -> None:
        super().__init__()
        self.links: Mapping[int, Link] = {}
        self._line = -1
        """The number of the line under the cursor; -1 without one."""
        self._moved = False
        """True once the user has moved the cursor. Before that it stays on the first line."""

    def change(self, prepared: TextDocument, links: Mapping[int, Link]) -> None:
        """Show another version of the text; keep the scroll position, the search, and the cursor on the same link."""
        current, offset = self.link, self.scroll_offset
        self.revise(prepared)
        self.links = links
        kept = [number for number, link in links.items() if link == current and self._moved]
        line = kept[0] if kept else min(links, default=-1)
        if line != self._line:
            self._line = line
            self._redraw()
        self.scroll_to(x=offset.x, y=offset.y, animate=False, force=True)

    @property
    def link(self) -> Link | None:
        """What the line under the cursor opens."""
        return self.links.get(self._line)

    @property
    def room(self) -> int:
        """The cells of a line of the text; before the first layout, of one as wide as the terminal."""
        return max((self.scrollable_content_region.width or self.app.size.width) - GUTTER, 1)

    def action_down(self) -> None:
        """Move to the next line that opens something; without one, scroll."""
        self._step([line for line in self._ordered if line > self._line][:1], 1)

    def action_up(self) -> None:
        """Move to the previous line that opens something; without one, scroll."""
        self._step([line for line in self._ordered if line < self._line][-1:], -1)

    def action_top(self) -> None:
        """Go to the first line."""
        self._step(self._ordered[:1], 0)
        super().action_top()

    def action_bottom(self) -> None:
        """Go to the last line."""
        self._step(self._ordered[-1:], 0)
        super().action_bottom()

    def action_open_link(self) -> None:
        """Post :class:`Opened` for the line under the cursor."""
        if self.link is not None:
            self.post_message(self.Opened(self.link))

    @property
    def _ordered(self) -> Sequence[int]:
        return sorted(self.links)

    def _step(self, line: Sequence[int], rows: int) -> None:
        if not line:
            self._scroll(rows)
            return
        self._line, self._moved = line[0], True
        self._redraw()
        self._reveal(TextRange(self._line, 0, 1))

    @property
    def _gutter(self) -> int:
        return GUTTER

    def _margin(self, row: int, part: TextRange) -> Sequence[Segment]:
        over = self._style_over(part)
        base = self.get_visual_style("text-view--text")
        style = (base if over is None else base + over).rich_style
        sign = CURSOR if part.line == self._line and part.start == 0 else ""
        return (Segment(sign.ljust(GUTTER), style),)

    def _style_over(self, part: TextRange) -> Style | None:
        if part.line != self._line:
            return None
        return paint.component_style(self, "linked-text--cursor" if self.has_focus else "linked-text--cursor-blurred")

    def on_click(self, event: events.Click) -> None:
        row = event.get_content_offset_capture(self).y + self.scroll_offset.y
        if row < len(self._layout) and self._layout[row].line in self.links:
            self._step([self._layout[row].line], 0)
            if event.chain == 2:
                self.action_open_link()
