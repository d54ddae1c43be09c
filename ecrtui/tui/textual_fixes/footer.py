"""The line at the bottom: the keys that hold here and now.

Textual's own is a widget for each key, made anew whenever the focus moves, and the old ones stay in the list of those
that watch it (``reactive._watch``, Textual 8.2.8): each move costs a layout, and memory grows with every one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.app import RenderResult
from textual.binding import ActiveBinding
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget


class Hint(NamedTuple):
    """A key and what it does.

    Args:
        key: as Textual names it.
        shown: as it is shown.
        label: a word or two.
        tooltip: the same in a sentence.
        enabled: whether it does anything now.
    """

    key: str
    shown: str
    label: str
    tooltip: str
    enabled: bool

    @property
    def cells(self) -> int:
        """Its width."""
        return cell_len(self.shown) + 1 + cell_len(self.label)


class Footer(Widget):
    """The keys of the focused widget, of the place and of the application; a click on one is the same as pressing it.

    What does not fit is cut off; help has all of them.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"footer--key", "footer--label"}
    DEFAULT_CSS = """
    Footer {
        dock: bottom;
        height: 1;
        width: 100%;
        text-wrap: nowrap;
        text-overflow: clip;
        color: $footer-foreground;
        background: $footer-background;
        & > .footer--key { color: $footer-key-foreground; background: $footer-key-background; text-style: bold; }
        & > .footer--label { color: $footer-description-foreground; background: $footer-description-background; }
    }
    """

    hints: reactive[tuple[Hint, ...]] = reactive(())
    under: reactive[Hint | None] = reactive(None)
    """The one under the mouse."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    def _follow(self, screen: Screen[object]) -> None:
        """Show the keys that hold now; while the terminal has not the focus nothing has it, and they stay."""
        if self.app.app_focus:
            self.hints = tuple(self._of(screen))

    def _of(self, screen: Screen[object]) -> Iterable[Hint]:
        """The first key of each action, in the order of the bindings."""
        first: dict[str, ActiveBinding] = {}
        for active in screen.active_bindings.values():
            if active.binding.show:
                first.setdefault(active.binding.action, active)
        for active in first.values():
            binding = active.binding
            shown = self.app.get_key_display(binding)
            tooltip = active.tooltip or binding.description
            yield Hint(binding.key, shown, binding.description, tooltip, active.enabled)

    def render(self) -> RenderResult:
        key, label = self.get_visual_style("footer--key"), self.get_visual_style("footer--label")
        parts = []
        for hint in self.hints:
            content = Content.assemble((hint.shown, key), (f" {hint.label}", label))
            if not hint.enabled:
                content = content.stylize("dim")
            elif hint == self.under:
                content = content.stylize("on $block-hover-background")
            parts.append(content)
        return Content(" ").join(parts)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self.under = self._at(event.x)
        self.tooltip = None if self.under is None else self.under.tooltip

    def on_leave(self) -> None:
        self.under = None

    def on_click(self, event: events.Click) -> None:
        hint = self._at(event.x)
        if hint is None:
            return
        if hint.enabled:
            self.app.simulate_key(hint.key)
        else:
            self.app.bell()

    def _at(self, x: int) -> Hint | None:
        """The one at this cell."""
        start = 0
        for hint in self.hints:
            if start <= x < start + hint.cells:
                return hint
            start += hint.cells + 1
        return None
