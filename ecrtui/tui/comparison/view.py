"""The text of one section of a comparison, with a cursor that goes from change to change."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from textual.content import Span as ContentSpan

from ecrtui.inspect.comparison.layout import Line
from ecrtui.inspect.comparison.rows import DIFFERENCES, ChangeKind
from ecrtui.tui.bindings import bindings
from ecrtui.tui.text_document import EMPTY_TEXT, Span, TextDocument, TextRange, prepare_text
from ecrtui.tui.textual_fixes import segments as paint
from ecrtui.tui.widgets.text_view import TextView, to_span

STYLES = {
    ChangeKind.ADDED: "$text-success",
    ChangeKind.REMOVED: "$text-error",
    ChangeKind.CHANGED: "$text-warning",
    ChangeKind.NOT_KNOWN: "$text-muted",
}
"""The color of a change. Signs distinguish changes without colors."""

FAULT_STYLES = STYLES | {
    ChangeKind.ADDED: STYLES[ChangeKind.REMOVED],
    ChangeKind.REMOVED: STYLES[ChangeKind.ADDED],
}
"""The color of a change of a fault: a new finding is red, a fixed one green."""


class ComparisonText(NamedTuple):
    """A section as a text.

    Args:
        document: the text.
        changes: the ranges of the sign and the label of each row that differs, in order.
    """

    document: TextDocument = EMPTY_TEXT
    changes: tuple[TextRange, ...] = ()


def comparison_text(lines: Sequence[Line]) -> ComparisonText:
    """Return lines as a text with colors."""
    styles = {number: spans for number, line in enumerate(lines) if (spans := list(_spans(line)))}
    changes = tuple(
        TextRange(number, 0, line.label)
        for number, line in enumerate(lines)
        if line.first and line.change in DIFFERENCES
    )
    return ComparisonText(prepare_text("\n".join(line.text for line in lines), styles), changes)


def _spans(line: Line) -> Iterable[Span]:
    styles = FAULT_STYLES if line.is_fault else STYLES
    style = styles.get(line.change) if line.change is not None else None
    if style is not None:
        # Of a change, the label has the color: its values are those of A and B.
        yield 0, line.label if line.change is ChangeKind.CHANGED else len(line.text), style


class ComparisonView(TextView):
    """Draws a section. ``tab`` goes to the next row that differs."""

    BINDINGS = bindings("text")
    COMPONENT_CLASSES = {"comparison--change"}
    DEFAULT_CSS = """
    ComparisonView { padding: 0 1; scrollbar-gutter: stable; & > .comparison--change { text-style: reverse bold; } }
    """

    def __init__(self) -> None:
        super().__init__()
        self._changes: tuple[TextRange, ...] = ()
        self._current: TextRange | None = None

    def show_section(self, shown: ComparisonText, *, keeps_scroll: bool) -> None:
        """Show a section.

        Args:
            shown: the section.
            keeps_scroll: True to stay where the user is: it is the same section with more rows.
        """
        top, left = self.scroll_offset.y, self.scroll_offset.x
        self._changes = shown.changes
        self._current = None
        self.show(shown.document)
        if keeps_scroll:
            self.scroll_to(left, top, animate=False, force=True)

    def go_to_change(self, step: int) -> bool:
        """Go to the next change (1) or the previous one (-1), starting over at the end. Return False without any."""
        if not self._changes:
            return False
        number = self._next_number(step)
        self._current = self._changes[number % len(self._changes)]
        self._redraw()
        self._reveal(self._current)
        return True

    def _next_number(self, step: int) -> int:
        """Return the number of the change to go to: from the current one, or else from the top of the view."""
        if self._current is not None:
            return bisect_left(self._changes, self._current) + step
        top = self._layout[min(self.scroll_offset.y, len(self._layout) - 1)]
        at = (top.line, top.start, 0)
        return bisect_left(self._changes, at) if step > 0 else bisect_right(self._changes, at) - 1

    def _marked(self, part: TextRange) -> Iterable[ContentSpan]:
        if self._current is not None and self._current.line == part.line:
            yield to_span(self._current, paint.component_style(self, "comparison--change"))
