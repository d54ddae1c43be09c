"""What every overlay has in common: it is left once, whatever is pressed how often."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.binding import Binding
from textual.screen import ModalScreen

Result = TypeVar("Result")


class Overlay(ModalScreen["Result | None"], Generic[Result]):
    """A screen over a place; Esc leaves it with None."""

    DEFAULT_CSS = """
    Overlay {
        align: center middle;
        background: $background 60%;
        .overlay {
            width: auto;
            min-width: 40;
            max-width: 95%;
            height: auto;
            max-height: 90%;
            padding: 0 1;
            border: round $primary;
            background: $surface;
        }
        .overlay OptionList { height: auto; max-height: 20; border: none; background: $surface; }
        .overlay VerticalScroll { height: auto; max-height: 1fr; width: auto; max-width: 100%; }
        .overlay VerticalScroll > Static { width: auto; }
        .overlay-title { text-style: bold; margin-bottom: 1; }
    }
    """
    BINDINGS = [Binding("escape,q", "leave", "close", id="overlay.leave")]

    def finish(self, result: Result | None) -> None:
        """Leave with this result. ``dismiss`` called twice would close the place below as well."""
        if self.is_active and self.is_running:
            self.dismiss(result)

    def action_leave(self) -> None:
        """Leave without a result."""
        self.finish(None)
