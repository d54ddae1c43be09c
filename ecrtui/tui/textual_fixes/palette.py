"""The command palette, without three ways to break the application, without control characters and without a picture.

Defects: a page key pressed before the list of commands has a size raises an exception, a second click outside
the palette dismisses the screen below it, a second click on a command runs it again, also when the first one has closed
the screen of the command, the field keeps the control characters of a paste, and it begins with a picture that many
terminals draw too wide.
Upstream: no issue known.
Delete this module when the palette ignores the first three, and when its field and its sign can be set.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.command import CommandInput, CommandList, CommandPalette, SearchIcon
from textual.widgets import Button, Input

from ecrtui.tui.textual_fixes.footer import Footer, KeyHint
from ecrtui.tui.textual_fixes.frame_hold import HeldFrames
from ecrtui.tui.textual_fixes.line_input import LineInput


class PaletteInput(CommandInput, LineInput):
    """The field of the palette. It says what it drops of a paste."""


class Palette(HeldFrames, CommandPalette):
    """Textual's command palette with these defects fixed."""

    DEFAULT_CSS = """
    Palette {
        & > Vertical { margin-top: 1; &, &:dark { background: $surface; } }
        #--input { &, &.--list-visible { border: none; border-top: solid $primary; } }
        SearchIcon { margin: 0 0 0 2; color: $accent; text-style: bold; }
        PaletteInput { &, &:focus { border: none; height: 1; } }
        CommandList { border: none; border-bottom: solid $primary; scrollbar-size-vertical: 1; }
    }
    """

    def compose(self) -> ComposeResult:
        for widget in super().compose():
            if isinstance(widget, CommandInput):
                widget = PaletteInput(placeholder=widget.placeholder, select_on_focus=False)
            yield widget
        yield Footer()

    def footer_hints(self) -> Iterable[KeyHint]:
        """Return the keys for the footer: those of the screen below do not work."""
        return KeyHint("enter", "enter", "run", "", True), KeyHint("escape", "esc", "close", "", True)

    def on_mount(self) -> None:
        self.query_one(SearchIcon).icon = ":"

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)

    def _select_or_command(self, event: Input.Submitted | Button.Pressed | None = None) -> None:
        if self.is_active:
            super()._select_or_command(event)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close the palette once, and only while it is the active screen."""
        if self.is_active and self.is_running:
            return super().dismiss(result)
        nothing: AwaitComplete = AwaitComplete.nothing()  # type: ignore[no-untyped-call]  # untyped in Textual
        return nothing
