"""The line below the header: where one is, and how far what is shown there has come."""

from __future__ import annotations

from rich.cells import cell_len
from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ecrtui.tui import safe_text as text

GAP = 2
"""Cells between both ends."""


class Breadcrumb(Widget):
    """Tells the place at the left end; what is told at the right end takes at most three fifths.

    Args:
        place: where this is: "Repositories › team/checkout".
    """

    DEFAULT_CSS = """
    Breadcrumb { height: 1; width: 100%; padding: 0 1; background: $surface; color: $foreground; }
    """

    status: reactive[str] = reactive("")
    """Counts, progress."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place

    def render(self) -> RenderResult:
        room = self.content_size.width
        right = text.one_line(self.status, room * 3 // 5)
        left = text.one_line(self._place, room - (cell_len(right) + GAP if right else 0))
        between = " " * max(room - cell_len(left) - cell_len(right), 0)
        return Content.assemble((left, "bold"), between, (right, "$text-muted"))
