"""The base class of all overlays (modal screens)."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual.screen import ModalScreen

from ecrtui.tui.bindings import bindings
from ecrtui.tui.textual_fixes.first_styles import FirstStyles
from ecrtui.tui.textual_fixes.frame_hold import HeldFrames
from ecrtui.tui.textual_fixes.frame_timer import PromptFrames
from ecrtui.tui.textual_fixes.seen_lines import DrawsSeenLines

Result = TypeVar("Result")

FRAME = 6
"""Rows of the frame of a dialog: the border, the title and the line below it, the keys and the line above them."""

SHEET_FRAME = 3
"""Rows of the frame of a sheet: the title, the line below it, and the keys."""


class Overlay(FirstStyles, PromptFrames, DrawsSeenLines, HeldFrames, ModalScreen["Result | None"], Generic[Result]):
    """A modal screen above the current screen; Esc closes it with None.

    A dialog asks something; it is in the middle. A sheet shows something; it takes the right side of the
    screen from top to bottom, and all of a narrow screen. The last line of each has its keys.
    """

    SHEET: ClassVar[bool] = False
    """True for a sheet, False for a dialog."""
    NARROW: ClassVar[bool] = False
    """True for a sheet that leaves room for the screen below, on which each choice is seen at once."""

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
        .overlay OptionList {
            height: auto;
            padding: 0;
            scrollbar-size-vertical: 1;
            &, &:focus { border: none; background: $surface; background-tint: transparent; }
        }
        .overlay-title { text-style: bold; margin-bottom: 1; }
        .overlay Footer { dock: none; margin-top: 1; }
        &.-sheet {
            align: right top;
            background: transparent;
            .overlay {
                width: 85%;
                min-width: 80;  /* at 120 columns a digest has room */
                max-width: 100%;
                height: 100%;
                max-height: 100%;
                border: none;
                border-left: solid $primary;
            }
            .overlay-title { width: 100%; }
            .overlay Footer { dock: bottom; margin: 0; }
        }
        &.-narrow {
            .overlay { width: 36; min-width: 0; }
            ToastRack { padding: 0 36 0 0; }  /* beside the sheet: a toast stays for some time */
            Toast { max-width: 100%; }
        }
    }
    """
    BINDINGS = bindings("overlay")

    def __init__(self) -> None:
        super().__init__()
        self.set_class(self.SHEET, "-sheet")
        self.set_class(self.NARROW, "-narrow")

    def finish(self, result: Result | None) -> None:
        """Close once with this result; a second ``dismiss`` would also close the screen below."""
        if self.is_active and self.is_running:
            self.dismiss(result)

    def action_leave(self) -> None:
        """Close without a result."""
        self.finish(None)

    @property
    def room(self) -> int:
        """The rows inside the frame of the largest dialog, or of a sheet."""
        height = self.app.size.height  # a screen has no size before its first frame
        largest = self.query_one(".overlay").styles.max_height
        share = 100 if largest is None else largest.value
        return max(int(height * share / 100) - (SHEET_FRAME if self.SHEET else FRAME), 1)
