"""Overlays that let the user pick one of a few things: what to copy, which theme."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ecrtui.tui import safe_text as text
from ecrtui.tui.clipboard import CopyItem
from ecrtui.tui.overlays.base import Overlay

_VIM_KEYS: list[BindingType] = [
    Binding("j", "down", show=False),
    Binding("k", "up", show=False),
]


class CopyMenu(Overlay[CopyItem]):
    """What can be copied; Enter copies, a digit chooses at once."""

    BINDINGS = [*_VIM_KEYS, *(Binding(str(digit), f"pick({digit})", show=False) for digit in range(1, 10))]

    def __init__(self, entries: Sequence[CopyItem]) -> None:
        super().__init__()
        self.entries = tuple(entries)

    def compose(self) -> ComposeResult:
        width = max(len(entry.label) for entry in self.entries)
        with Vertical(classes="overlay"):
            yield Static("Copy", classes="overlay-title")
            yield OptionList(
                *(
                    Option(
                        Content.assemble(
                            (f"{number} ", "$text-muted"), f"{entry.label:<{width}}  ", text.content(entry.text, "dim")
                        )
                    )
                    for number, entry in enumerate(self.entries, 1)
                )
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.finish(self.entries[event.option_index])

    def action_pick(self, number: int) -> None:
        """Choose the entry of this number."""
        if number <= len(self.entries):
            self.finish(self.entries[number - 1])

    def action_down(self) -> None:
        """Move down."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Move up."""
        self.query_one(OptionList).action_cursor_up()


class ThemeMenu(Overlay[str]):
    """The themes; the one under the cursor is seen at once, Enter keeps it, Esc goes back to the one before."""

    BINDINGS = _VIM_KEYS

    def __init__(self, themes: Sequence[str], current: str) -> None:
        super().__init__()
        self.themes = tuple(themes)
        self.current = current

    def compose(self) -> ComposeResult:
        with Vertical(classes="overlay"):
            yield Static("Theme", classes="overlay-title")
            yield OptionList(*(Option(text.content(name)) for name in self.themes))

    def on_mount(self) -> None:
        if self.current in self.themes:
            self.query_one(OptionList).highlighted = self.themes.index(self.current)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.app.theme = self.themes[event.option_index]

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.finish(self.themes[event.option_index])

    def action_leave(self) -> None:
        """Back to the theme from before."""
        self.app.theme = self.current
        self.finish(None)

    def action_down(self) -> None:
        """Move down."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Move up."""
        self.query_one(OptionList).action_cursor_up()
