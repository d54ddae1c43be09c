"""Overlays to choose from a list: what to copy, which theme to use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ecrtui.ecr import units
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings, enter_hint, footer_hint
from ecrtui.tui.clipboard.copy_items import CopyItem
from ecrtui.tui.overlays.base import Overlay
from ecrtui.tui.textual_fixes.footer import Footer, KeyHint

Choice = TypeVar("Choice")

CURRENT = "✓"
"""The sign of the choice that applies."""

_KEYS = 9
"""The entries of the copy menu that have a key: their number."""

_SELECTED_ROWS = 6
"""The least rows for the selected text below the entries of the copy menu, with the line above it."""

_MAX_LENGTH = 4_000
"""The longest part of the selected text that is shown, in characters."""


class Menu(Overlay[Choice]):
    """A list of options; Enter chooses one."""

    PURPOSE: ClassVar[str] = "choose"
    """What Enter does, in a word."""
    BINDINGS = bindings("menu")

    def footer_hints(self) -> Iterable[KeyHint]:
        """Return the keys for the footer."""
        return filter(None, (enter_hint(self.PURPOSE), footer_hint(self, "overlay.close", "cancel")))

    def on_resize(self) -> None:
        self.query_one(OptionList).styles.max_height = self.max_rows

    @property
    def max_rows(self) -> int:
        """The most rows of options. Subclasses that show more than the options override it."""
        return self.room

    def action_down(self) -> None:
        """Move down."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Move up."""
        self.query_one(OptionList).action_cursor_up()


class CopyMenu(Menu[CopyItem]):
    """The texts that can be copied, each on one line, and all of the selected one. A digit copies one at once."""

    SHEET = True
    PURPOSE = "copy"
    BINDINGS = bindings("copy_menu")
    DEFAULT_CSS = """
    CopyMenu {
        OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
        .selected { height: 1fr; border-top: solid $separator; }
    }
    """

    def __init__(self, items: Sequence[CopyItem]) -> None:
        super().__init__()
        self.items = tuple(items)

    def compose(self) -> ComposeResult:
        width = max(len(item.label) for item in self.items)
        with Vertical(classes="overlay"):
            yield Static("Copy", classes="overlay-title")
            yield OptionList(*(_option(number, item, width) for number, item in enumerate(self.items, 1)))
            yield Static(classes="selected")
            yield Footer()

    @property
    def max_rows(self) -> int:
        return max(self.room - _SELECTED_ROWS, 1)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.query_one(".selected", Static).update(text.block(self.items[event.option_index].text, limit=_MAX_LENGTH))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.finish(self.items[event.option_index])

    def action_pick(self, number: int) -> None:
        """Choose the item with this number."""
        if number <= len(self.items):
            self.finish(self.items[number - 1])


def _option(number: int, item: CopyItem, width: int) -> Option:
    """Return the line of an entry. Its key has no color, because the cursor could hide it."""
    key = str(number) if number <= _KEYS else " "
    return Option(Content.assemble((f"{key} ", "bold"), f"{item.label:<{width}}  ", text.content(_shown(item), "dim")))


def _shown(item: CopyItem) -> str:
    """Return a text that is copied; of a document its size, because it would fill the screen."""
    return units.format_count(item.text.rstrip("\n").count("\n") + 1, "line") if item.lines else item.text


class ThemeMenu(Menu[str]):
    """The themes. The selected theme is shown at once; Esc restores the previous one."""

    SHEET = NARROW = True

    def __init__(self, themes: Sequence[str], current: str) -> None:
        super().__init__()
        self.themes = tuple(themes)
        self.current = current
        """The theme that Esc restores. An account can set another one while the menu is open."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="overlay"):
            yield Static("Theme", classes="overlay-title")
            yield OptionList(
                *(
                    Option(Content(f"{CURRENT if name == self.current else ' '} ") + text.content(name))
                    for name in self.themes
                )
            )
            yield Footer()

    def on_mount(self) -> None:
        if self.current in self.themes:
            self.query_one(OptionList).highlighted = self.themes.index(self.current)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.app.theme = self.themes[event.option_index]

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.finish(self.themes[event.option_index])

    def action_leave(self) -> None:
        """Restore the previous theme and close."""
        self.app.theme = self.current
        self.finish(None)
