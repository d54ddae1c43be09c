"""The line for a filter, with its error below it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from textual.app import RenderResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings
from ecrtui.tui.fields_message import FieldsMessage

MAX_KEPT = 50
"""Filters of one kind that can be recalled."""

ERROR_DELAY = 0.4
"""Seconds without a keystroke before an error appears."""


@runtime_checkable
class KeepsFilters(Protocol):
    """An application that keeps the filters that were used while it runs."""

    kept_filters: dict[str, list[str]]
    """The filters by their kind, the last used one first."""


class FilterBar(Vertical):
    """A field for a filter, hidden until it is opened. Enter keeps the filter, Esc clears it.

    A filter that was kept can be recalled in every bar of the same kind.

    The field and the line for errors are mounted when they are first needed: the first frame is faster without them.

    Args:
        example: The placeholder of the field. It names the kind of the filter.
    """

    DEFAULT_CSS = """
    FilterBar { height: auto; display: none; padding: 0 1; background: $panel; }
    FilterBar.-open { display: block; }
    FilterBar Input, FilterBar Input:focus {
        border: none; height: 1; padding: 0; margin-left: 2; width: 1fr; background: $panel;
    }
    FilterBar Static { height: auto; color: $error; }
    """

    BINDINGS = bindings("filter_bar")

    class Changed(FieldsMessage):
        """The user typed another filter."""

        value: str

    class Closed(Message):
        """The user returned to the list."""

    def __init__(self, example: str) -> None:
        super().__init__()
        self.example = example
        self._shows_problem = False
        self._delay: Timer | None = None
        """The timer of an error that does not show yet."""
        self._recalled: list[str] = []
        """The texts that the field takes in turn: the filters that were used, then what the user has typed."""

    def render(self) -> RenderResult:
        """Return the sign beside the field."""
        return Content.styled("/", "bold $accent")

    @property
    def value(self) -> str:
        """The text in the field."""
        fields = self.query(Input)
        return fields.first().value if fields else ""

    def _field(self) -> Input:
        """Return the field. The first call mounts it."""
        if fields := self.query(Input):
            return fields.first()
        from ecrtui.tui.widgets.filter_input import FilterInput

        field = FilterInput(placeholder=self.example, select_on_focus=False)
        self.mount(field)
        return field

    @property
    def is_open(self) -> bool:
        """True while the bar is shown."""
        return self.has_class("-open")

    def open(self) -> None:
        """Show the bar and focus its field. The next character replaces the text; an arrow key keeps it."""
        self.add_class("-open")
        field = self._field()
        self.screen.set_focus(field)  # at once: what loads meanwhile asks who has the focus
        field.select_all()

    def show_filter(self, line: str) -> None:
        """Apply a filter without the focus."""
        self.add_class("-open")
        self._field().value = line

    def clear(self) -> None:
        """Clear the filter and hide the bar."""
        self.remove_class("-open")
        self.show_problem("")
        if self.value:
            self._field().value = ""

    def show_problem(self, problem: str, position: int = 0) -> None:
        """Show an error below the field; hide it if the text is empty.

        A first error waits for a pause in typing: an incomplete filter would make the list jump.

        Args:
            problem: The error.
            position: Index of the wrong character in the filter. A mark points at it.
        """
        if self._delay is not None:
            self._delay.stop()
        content = Content()
        if problem:
            content = Content.assemble(" " * (position + 2), ("▲ ", "bold"), text.content(problem))
        if self._shows_problem:
            self._show(content)
        elif problem:
            self._delay = self.set_timer(ERROR_DELAY, lambda: self._show(content))

    def _show(self, content: Content) -> None:
        self._shows_problem = bool(content)
        lines = self.query(Static)
        if lines:
            lines.first().update(content)
            lines.first().display = self._shows_problem
        else:
            self.mount(Static(content))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value not in self._recalled:  # the user has typed it
            self._recalled = []
        self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Return to the list and keep the filter."""
        self._recalled = []
        if self.value:
            kept = self._kept
            kept[:] = [self.value, *(other for other in kept if other != self.value)][:MAX_KEPT]
        else:
            self.remove_class("-open")
        self.post_message(self.Closed())

    def action_recall(self) -> None:
        """Show the filter that was used before this one; after the first one what the user has typed."""
        if not self._recalled:
            self._recalled = [self.value, *(other for other in self._kept if other != self.value)]
        self._recalled.append(self._recalled.pop(0))
        field = self._field()
        field.value = self._recalled[0]
        field.cursor_position = len(field.value)

    @property
    def _kept(self) -> list[str]:
        app: object = self.app
        return app.kept_filters.setdefault(self.example, []) if isinstance(app, KeepsFilters) else []

    def action_drop(self) -> None:
        """Return to the list and clear the filter."""
        self.clear()
        self.post_message(self.Closed())
