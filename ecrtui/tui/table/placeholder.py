"""The text that a table shows when it has no rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip
from textual.style import Style

from ecrtui.tui import safe_text as text
from ecrtui.tui.textual_fixes import segments as paint


class Placeholder:
    """A text that is wrapped once for each width.

    Args:
        note: Plain text, which is made visible, or safe content; or a function that returns the text. It is called when
            the text is first drawn, because a list with rows needs none.
    """

    def __init__(self, note: str | Content | Callable[[], str]) -> None:
        self._note = note
        self._width = 0
        self._lines: list[Content] = []

    def height(self, width: int, margin: int) -> int:
        """Return the number of lines of the text, with these cells at the left and at the right of it."""
        return len(self._wrap(width, margin))

    def render_line(
        self, line: int, width: int, margin: int, base: Style, style: Style, parse: paint.ParseStyle
    ) -> Strip:
        """Draw one line of the text.

        Args:
            line: The number of the line.
            width: Width of the table in cells.
            margin: Blank cells at the left and at the right of the text.
            base: The style of the blank cells behind the text.
            style: The style of the text.
            parse: Turns the styles inside the text into styles.
        """
        content = self._wrap(width, margin)[line]
        parts = [Segment(" " * margin, style.rich_style), *paint.to_segments(content, style, parse)]
        return Strip(parts).extend_cell_length(width, base.rich_style)

    def _wrap(self, width: int, margin: int) -> list[Content]:
        available = max(width - 2 * margin, 1)
        if self._width != available:
            self._width, self._lines = available, self._content.wrap(available) if self._content else []
        return self._lines

    @cached_property
    def _content(self) -> Content:
        note = self._note() if callable(self._note) else self._note
        return text.block(note) if isinstance(note, str) else note
