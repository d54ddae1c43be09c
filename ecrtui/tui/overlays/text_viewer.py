"""An overlay that shows a text: a row as YAML, everything that is known of a repository."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from ecrtui.tui import safe_text as text
from ecrtui.tui.overlays.base import Overlay


class TextViewer(Overlay[None]):
    """Scrolls with the keys of the lists."""

    BINDINGS = [
        Binding("enter", "leave", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("g,home", "scroll(-1000000)", show=False),
        Binding("G,end", "scroll(1000000)", show=False),
    ]

    def __init__(self, title: str, body: str) -> None:
        super().__init__()
        self.heading = title
        self.body = body

    def compose(self) -> ComposeResult:
        with Vertical(classes="overlay"):
            yield Static(text.content(self.heading), classes="overlay-title")
            with VerticalScroll():
                yield Static(text.block(self.body))

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
