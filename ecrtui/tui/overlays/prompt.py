"""An overlay that asks for one line of text, such as an MFA code."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from ecrtui.tui import safe_text as text
from ecrtui.tui.overlays.base import Overlay
from ecrtui.tui.textual_fixes.line_input import LineInput


class TextPrompt(Overlay[str]):
    """A question with an input field. Enter returns the line; Esc, or an empty line, returns None."""

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        with Vertical(classes="overlay"):
            yield Static(text.block(self.question), classes="overlay-title")
            yield LineInput()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.finish(event.value.strip() or None)
