"""The base class of all overlays (modal screens)."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.screen import ModalScreen

from ecrtui.tui.bindings import bindings

Result = TypeVar("Result")

FRAME_WIDTH, FRAME_HEIGHT = 4, 4
"""Cells of the frame: the border and the padding; the border, the title and the line below it."""


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
        .overlay OptionList { height: auto; border: none; background: $surface; }
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

    @property
    def room(self) -> tuple[int, int]:
        """The columns and rows inside the frame of the largest overlay."""
        width, height = self.app.size  # a screen has no size before its first frame
        return max(width * 95 // 100 - FRAME_WIDTH, 1), max(height * 90 // 100 - FRAME_HEIGHT, 1)
