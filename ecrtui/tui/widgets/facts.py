"""A panel of labels and values."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from ecrtui.tui import safe_text as text

Fact = tuple[str, str | Content]
"""A label and a value: registry text as ``str``, or ``Content`` made by :mod:`ecrtui.tui.safe_text`."""


class FactsPanel(Widget):
    """Shows labels in a column and wraps the values beside them."""

    DEFAULT_CSS = """
    FactsPanel { width: 1fr; height: auto; padding: 0 1; color: $foreground; }
    """

    facts: reactive[tuple[Fact, ...]] = reactive((), layout=True)

    def __init__(
        self,
        facts: Iterable[Fact] = (),
        *,
        id: str | None = None,  # noqa: A002 - Textual's name for it
    ) -> None:
        super().__init__(id=id)
        self.set_reactive(FactsPanel.facts, tuple(facts))

    def show(self, facts: Iterable[Fact]) -> None:
        """Replace the facts."""
        self.facts = tuple(facts)

    def render(self) -> RenderResult:
        return Content("\n").join(self._lines(self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines of the wrapped values."""
        return len(self._lines(width))

    def _lines(self, width: int) -> list[Content]:
        labels = [text.one_line(label, max(width // 2, 1)) for label, _ in self.facts]
        indent = max(map(cell_len, labels), default=0) + 2
        room = max(width - indent, 1)
        lines: list[Content] = []
        for label, (_, value) in zip(labels, self.facts, strict=True):
            content = text.block(value) if isinstance(value, str) else value
            head = Content.styled(label + " " * (indent - cell_len(label)), "$text-muted")
            for number, part in enumerate(content.wrap(room) or [Content("")]):
                lines.append((head if number == 0 else Content(" " * indent)) + part)
        return lines
