"""The line below the header: the path of the screen and the status of its data."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ecrtui.ecr.safe_text import ELLIPSIS
from ecrtui.tui import safe_text as text
from ecrtui.tui.fields_message import FieldsMessage
from ecrtui.tui.line_parts import SEPARATOR as STATUS_SEPARATOR
from ecrtui.tui.line_parts import LinePart, fit_parts, full_line

GAP = 2
"""Cells between the path and the status."""

SEPARATOR = " › "
"""Between the parts of a path."""


class Breadcrumb(Widget):
    """Shows the path on the left and the status on the right, with the age of the data at its end.

    Where both do not fit, the first part of the path becomes "…", and the status has shorter parts, then fewer. It has
    at least three fifths of the line. A click on a part of the path goes back to it.

    Args:
        path: The path of the screen: "Repositories › team/checkout".
    """

    DEFAULT_CSS = """
    Breadcrumb { height: 1; width: 100%; padding: 0 1; background: $surface; color: $foreground; }
    """

    status: reactive[tuple[LinePart, ...]] = reactive(())
    """Counts or progress."""
    path: reactive[str] = reactive("")

    age: reactive[tuple[LinePart, ...]] = reactive(())
    """How old the data is; empty if that is not known."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.set_reactive(Breadcrumb.path, path)

    class Picked(FieldsMessage):
        """The user clicked a part of the path.

        Args:
            path: the path to this part.
            is_last: True for the last part.
        """

        path: str
        is_last: bool

    def on_click(self, event: events.Click) -> None:
        parts = self.path.split(SEPARATOR)
        end = 1  # the padding
        for number, part in enumerate(self._shown_path().split(SEPARATOR), 1):
            is_last = number == len(parts)
            # The separator belongs to the part before it: a mouse hardly hits the one cell of "…".
            end += cell_len(part) + (0 if is_last else cell_len(SEPARATOR))
            if event.x < end:
                self.post_message(self.Picked(SEPARATOR.join(parts[:number]), is_last))
                return

    def render(self) -> RenderResult:
        width = self.content_size.width
        path = self._shown_path()
        room = max(width * 3 // 5, width - cell_len(path) - GAP)
        shown = fit_parts((*self.status, *self.age), room, len(STATUS_SEPARATOR))
        right = text.one_line(STATUS_SEPARATOR.join(filter(None, shown)), room)
        left = text.one_line(path, width - (cell_len(right) + GAP if right else 0))
        gap = " " * max(width - cell_len(left) - cell_len(right), 0)
        return Content.assemble((left, "bold"), gap, (right, "$text-muted"))

    def _shown_path(self) -> str:
        """Return the path. Its first part becomes "…" if the line has no room for path and status."""
        _, separator, rest = self.path.partition(SEPARATOR)
        right = full_line((*self.status, *self.age))
        fits = cell_len(self.path) + GAP + cell_len(right) <= self.content_size.width
        return self.path if fits or not rest else f"{ELLIPSIS}{separator}{rest}"
