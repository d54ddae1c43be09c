"""An overlay that asks for yes or no."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import OptionList, Static

from ecrtui.tui import safe_text as text
from ecrtui.tui.overlays.menus import Menu
from ecrtui.tui.textual_fixes.footer import Footer


class Confirmation(Menu[bool]):
    """A question with two answers in words; Enter chooses one. Esc returns None.

    Args:
        title: the question.
        detail: the reason for the question.
        yes: the first answer.
        no: the second answer.
    """

    DEFAULT_CSS = "Confirmation .detail { margin-bottom: 1; color: $text-muted; }"

    def __init__(self, title: str, detail: str, *, yes: str, no: str) -> None:
        super().__init__()
        self.question = title
        self.detail = detail
        self.answers = (yes, no)

    def compose(self) -> ComposeResult:
        with Vertical(classes="overlay"):
            yield Static(text.content(self.question), classes="overlay-title")
            yield Static(text.block(self.detail), classes="detail")
            yield OptionList(*self.answers)
            yield Footer()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.finish(event.option_index == 0)
