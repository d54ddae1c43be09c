"""An overlay that shows a text, such as a row as YAML or the details of a repository."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings
from ecrtui.tui.overlays.base import ScrollableOverlay


class TextViewer(ScrollableOverlay):
    """A text with a title; it scrolls with the same keys as a list."""

    BINDINGS = bindings("text_viewer")

    def __init__(self, title: str, body: str) -> None:
        super().__init__()
        self.heading = title
        self.body = body

    def compose(self) -> ComposeResult:
        with Vertical(classes="overlay"):
            yield Static(text.content(self.heading), classes="overlay-title")
            with VerticalScroll():
                yield Static(text.block(self.body))
