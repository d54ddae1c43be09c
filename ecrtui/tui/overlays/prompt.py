"""An overlay that asks for one line of text, such as an MFA code."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from ecrtui.errors import EcrTuiError
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import enter_hint, footer_hint, press
from ecrtui.tui.overlays.base import Overlay
from ecrtui.tui.textual_fixes.footer import Footer, KeyHint
from ecrtui.tui.textual_fixes.line_input import LineInput
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage


class TextPrompt(Overlay[str]):
    """A question with an input field. Enter returns the line, which is not empty; Esc returns None.

    Args:
        question: the question.
        purpose: what Enter does, in a word or two.
        check: raises EcrTuiError for a line that cannot be used. The prompt shows the error and stays open.
    """

    DEFAULT_CSS = """
    TextPrompt {
        .overlay { width: 76; }
        LineInput, LineInput:focus { border: none; height: 1; padding: 0; background: $panel; }
    }
    """

    def __init__(self, question: str, purpose: str, check: Callable[[str], object] = str) -> None:
        super().__init__()
        self.question = question
        self.purpose = purpose
        self.check = check

    def compose(self) -> ComposeResult:
        with Vertical(classes="overlay"):
            yield Static(text.block(self.question), classes="overlay-title")
            yield LineInput()
            yield MessagePanel()
            yield Footer()

    def footer_hints(self) -> Iterable[KeyHint]:
        """Return the keys for the footer: the field takes letters."""
        return filter(None, (enter_hint(self.purpose), footer_hint(self, "overlay.close", "cancel")))

    def on_input_changed(self) -> None:
        self.query_one(MessagePanel).hide()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        line = event.value.strip()
        if not line:
            self.notify(f"Nothing is typed yet. {press(self, 'overlay.close', 'cancel')}".rstrip())
            return
        try:
            self.check(line)
        except EcrTuiError as error:
            self.query_one(MessagePanel).message = PanelMessage.from_error(error)
        else:
            self.finish(line)
