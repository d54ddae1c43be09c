"""The base class of all overlays (modal screens)."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from ecrtui.tui.bindings import bindings

Result = TypeVar("Result")


class Overlay(ModalScreen["Result | None"], Generic[Result]):
    """A modal screen above the current screen; Esc closes it with None."""

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
    BINDINGS = bindings("overlay")

    def finish(self, result: Result | None) -> None:
        """Close once with this result; a second ``dismiss`` would also close the screen below."""
        if self.is_active and self.is_running:
            self.dismiss(result)

    def action_leave(self) -> None:
        """Close without a result."""
        self.finish(None)


class ScrollableOverlay(Overlay[None]):
    """An overlay with a text that scrolls."""

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
