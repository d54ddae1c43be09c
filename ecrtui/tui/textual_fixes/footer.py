"""A footer that shows the active keys in one widget.

Defect: Textual's footer creates one widget per key whenever the focus moves. Each move costs a layout, and the old
widgets are never released because they stay in the footer's list of watchers.
Upstream: https://github.com/Textualize/textual/issues/6666
Delete this module when that issue is fixed and a focus move no longer causes a layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol, runtime_checkable

from rich.cells import cell_len
from textual import events
from textual.app import RenderResult
from textual.binding import ActiveBinding, Binding
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget


class KeyHint(NamedTuple):
    """A key and its action.

    Args:
        key: Textual's name of the key.
        shown: The key as the footer shows it.
        label: The action in a word or two.
        tooltip: The action in a sentence.
        enabled: False if the action does nothing now.
        is_global: True for a key of the application.
        comes_first: True for a key that has room before those of the application.
    """

    key: str
    shown: str
    label: str
    tooltip: str
    enabled: bool
    is_global: bool = False
    comes_first: bool = False

    @property
    def cells(self) -> int:
        """Width of the hint in cells."""
        return cell_len(self.shown) + 1 + cell_len(self.label)


@runtime_checkable
class NamesItsKeys(Protocol):
    """A widget that says what its keys do now. While it has the focus, the keys of its screen do not work."""

    def footer_hints(self) -> Iterable[KeyHint]:
        """Return the keys, in the order of the footer. Call ``refresh_bindings`` when they change."""
        ...


class Footer(Widget):
    """Shows the keys of the focused widget, the screen and the application. A click on a key presses it.

    The keys of the application are last. Other keys that do not fit are left out, the last ones first; the help
    overlay lists all of them. The keys of a widget that names its keys have room before those of the application.

    Args:
        order: gives the position of a binding among the others; those with the same position keep their order.
        is_refused: whether a binding is shown like one that does nothing now.
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

    hovered: reactive[KeyHint | None] = reactive(None)
    """The hint under the mouse pointer."""

    def __init__(
        self,
        order: Callable[[Binding], int] = lambda _: 0,
        is_refused: Callable[[ActiveBinding], bool] = lambda _: False,
    ) -> None:
        super().__init__()
        self._order = order
        self._is_refused = is_refused
        self._hints: tuple[KeyHint, ...] = ()
        self._has_changes = False
        """The bindings have changed since the hints were made. A new screen changes them several times in a frame."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def _bindings_updated(self, _: Screen[object]) -> None:
        self._has_changes = True
        self.refresh()

    @property
    def hints(self) -> tuple[KeyHint, ...]:
        """The keys, in the order of the footer."""
        if self._has_changes and self.app.app_focus:  # else no widget has the focus: keep the hints
            self._has_changes = False
            self._hints = tuple(self._active_hints(self.screen))
        return self._hints

    def _active_hints(self, screen: Screen[object]) -> Iterable[KeyHint]:
        """Yield the first key of each action, in the order of the bindings."""
        form = _form_with(screen.focused or screen)
        if form is not None:
            yield from form.footer_hints()
        first: dict[str, ActiveBinding] = {}
        for active in screen.active_bindings.values():
            is_shown = active.binding.show and (form is None or active.node is self.app)
            if is_shown and not self._is_typed(active, screen.focused):
                first.setdefault(active.binding.action, active)
        for active in sorted(first.values(), key=lambda active: (active.node is self.app, self._order(active.binding))):
            binding = active.binding
            shown = self.app.get_key_display(binding)
            tooltip = active.tooltip or binding.description
            enabled = active.enabled and not self._is_refused(active)
            yield KeyHint(binding.key, shown, binding.description, tooltip, enabled, active.node is self.app)

    def _is_typed(self, active: ActiveBinding, focused: Widget | None) -> bool:
        """Return True for a key that the focused field takes as text.

        Textual leaves such keys out too, but not those with a name that is not the one of Unicode, such as "slash".
        """
        shown = self.app.get_key_display(active.binding)
        if focused is None or active.node is focused or len(shown) != 1:
            return False
        return focused.check_consume_key(active.binding.key, shown)

    def render(self) -> RenderResult:
        key, label = self.get_visual_style("footer--key"), self.get_visual_style("footer--label")
        parts = []
        for hint in self._fitting():
            content = Content.assemble((hint.shown, key), (f" {hint.label}", label))
            if not hint.enabled:
                content = content.stylize("dim")
            elif hint == self.hovered:
                content = content.stylize("on $block-hover-background")
            parts.append(content)
        return Content(" ").join(parts)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self.hovered = self._hint_at(event.x)
        self.tooltip = None if self.hovered is None else self.hovered.tooltip

    def on_leave(self) -> None:
        self.hovered = None

    def on_click(self, event: events.Click) -> None:
        hint = self._hint_at(event.x)
        if hint is None:
            return
        if hint.enabled:
            self.app.simulate_key(hint.key)
        else:
            self.app.bell()

    def _fitting(self) -> tuple[KeyHint, ...]:
        """Return the hints for which the line has room."""
        room = self.size.width + 1
        fitting = set()
        for hint in sorted(self.hints, key=lambda hint: (not hint.comes_first, not hint.is_global)):
            room -= hint.cells + 1
            if room >= 0:
                fitting.add(hint)
        return tuple(hint for hint in self.hints if hint in fitting)

    def _hint_at(self, x: int) -> KeyHint | None:
        """Return the hint at this cell of the line."""
        start = 0
        for hint in self._fitting():
            if start <= x < start + hint.cells:
                return hint
            start += hint.cells + 1
        return None


def _form_with(focused: Widget) -> NamesItsKeys | None:
    """Return the widget that has the focus, or the nearest one around it, that names its keys."""
    return next((node for node in focused.ancestors_with_self if isinstance(node, NamesItsKeys)), None)
