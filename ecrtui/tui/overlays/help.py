"""The help: the keyboard shortcuts that work on the screen below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ecrtui.tui.actions import SCOPES, Action
from ecrtui.tui.bindings import bindings
from ecrtui.tui.overlays.base import ScrollableOverlay


class HelpOverlay(ScrollableOverlay):
    """The actions that have a key now, grouped by scope.

    Args:
        keys: the displayed keys of each action, as the user's keymap has them.
    """

    BINDINGS = bindings("help")

    def __init__(self, keys: Mapping[Action, Sequence[str]]) -> None:
        super().__init__()
        self.keys = keys

    def compose(self) -> ComposeResult:
        with Vertical(classes="overlay"):
            yield Static("Keyboard shortcuts", classes="overlay-title")
            with VerticalScroll():
                yield Static(self._table())

    def _table(self) -> Content:
        width = max((len(" ".join(keys)) for keys in self.keys.values()), default=0)
        parts: list[Content | tuple[str, str] | str] = []
        for scope in SCOPES:
            rows = [(action, keys) for action, keys in self.keys.items() if action.scope == scope.id]
            if not rows:
                continue
            parts.append((f"{scope.title}\n", "bold"))
            for action, keys in rows:
                parts += [(f"  {' '.join(keys):<{width}}  ", "$accent"), f"{action.help}\n"]
            parts.append("\n")
        return Content.assemble(*parts)
