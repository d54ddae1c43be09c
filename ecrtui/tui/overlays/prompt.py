"""An overlay that asks for one line of text, such as an MFA code."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import enter_hint, footer_hint, press
from ecrtui.tui.overlays.base import Overlay
from ecrtui.tui.textual_fixes.footer import Footer, KeyHint
from ecrtui.tui.textual_fixes.line_input import LineInput


class TextPrompt(Overlay[str]):
    """A question with an input field. Enter returns the line, which is not empty; Esc returns None.

    Args:
        question: the question.
        purpose: what Enter does, in a word or two.
    """

    def __init__(self, question: str, purpose: str) -> None:
        super().__init__()
        self.question = question
        self.purpose = purpose

    def compose(self) -> ComposeResult:
        with Vertical(classes="overlay"):
            yield Static(text.block(self.question), classes="overlay-title")
            yield LineInput()
            yield Footer()

    def footer_hints(self) -> Iterable[KeyHint]:
        """Return the keys for the footer: the field takes letters."""
        return filter(None, (enter_hint(self.purpose), footer_hint(self, "overlay.close", "cancel")))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if line := event.value.strip():
            self.finish(line)
        else:
            self.notify(f"Nothing is typed yet. {press(self, 'overlay.close', 'cancel')}".rstrip())
