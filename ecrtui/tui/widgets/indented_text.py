"""Text that wraps with a hanging indent: below the words of its first row."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len
from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Static

from ecrtui.tui.text_document import LABEL

_SIGN = re.compile(r" *[!✗✓?] ")
"""The sign before a warning, an error or a result."""


class IndentedText(Static):
    """Shows lines. The further rows of a long line begin below its own words, not at the margin."""

    def render(self) -> RenderResult:
        return Content("\n").join(indented_rows(self._lines, self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of rows."""
        return sum(1 for _ in indented_rows(self._lines, width))

    @property
    def _lines(self) -> Content:
        content = self.content
        return content if isinstance(content, Content) else Content(str(content))


def indented_rows(lines: Content, width: int) -> Iterator[Content]:
    """Yield lines as rows of at most ``width`` cells; the further rows of a line are indented."""
    for line in lines.split("\n", allow_blank=True):
        head = _head_length(line.plain, width)
        start, words = line.divide([head]) if head else (Content(), line)
        indent = Content(" " * cell_len(start.plain))
        for number, row in enumerate(words.wrap(max(width - len(indent), 1)) or [Content()]):
            yield (start if number == 0 else indent) + row


def _head_length(line: str, width: int) -> int:
    """Return the number of characters before the words of a line: a label or a sign if the words fit beside it."""
    room = min(width // 2, width - max(map(cell_len, line.split()), default=0))
    heads = [match[0] for pattern in (LABEL, _SIGN) if (match := pattern.match(line))]
    fitting = [len(head) for head in heads if cell_len(head) <= room]
    return max(fitting, default=len(line) - len(line.lstrip(" ")))
