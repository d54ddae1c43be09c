"""The line for a filter, with its error below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Protocol, runtime_checkable

from rich.cells import cell_len
from textual.app import RenderResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import SuggestionReady
from textual.timer import Timer
from textual.widgets import Input, Static

from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings
from ecrtui.tui.fields_message import FieldsMessage

MAX_KEPT = 50
"""Filters of one list that can be recalled."""

TEXT = "text"
"""The list of the words that were looked for in a text: those of one text are of use in another one."""

MAX_CHOICES = 50
"""Completions of a word that a key shows in turn."""

ERROR_DELAY = 0.4
"""Seconds without a keystroke before an error appears."""


@runtime_checkable
class KeepsFilters(Protocol):
    """An application that keeps the filters that were used while it runs."""

    kept_filters: dict[str, list[str]]
    """The filters by the name of their list, the last used one first."""


class FilterBar(Vertical):
    """A field for a filter, hidden until it is opened. Enter keeps the filter, Esc clears it, Tab completes a word.

    A filter that was kept can be recalled in every bar of the same list.

    While the user types, an error covers the first lines of what is below, so that no row moves. When the field is
    left, it takes lines of its own.

    The field and the line for errors are mounted when they are first needed: the first frame is faster without them.

    Args:
        example: The placeholder of the field.
        of_list: The name of the list that is filtered.
        complete: Returns what can follow a filter to complete its last word, the best first. It must take little time:
            each key calls it. None where nothing can be completed.
    """

    DEFAULT_CSS = """
    FilterBar { height: auto; display: none; background: $panel; }
    FilterBar.-open { display: block; }
    FilterBar Input, FilterBar Input:focus {
        border: none; height: 1; padding: 0; margin: 0 1 0 3; width: 1fr; background: $panel;
    }
    FilterBar Static { height: auto; padding: 0 1; color: $error; background: $panel; }
    FilterBar.-typing.-covers Static { overlay: screen; }
    """

    BINDINGS = bindings("filter_bar")

    class Changed(FieldsMessage):
        """The user typed another filter."""

        value: str

    class Closed(Message):
        """The user returned to the list."""

    def __init__(
        self, example: str, of_list: str = TEXT, complete: Callable[[str], Iterable[str]] | None = None
    ) -> None:
        super().__init__()
        self.example = example
        self.of_list = of_list
        self._shows_problem = False
        self._problem, self._position, self._result = "", 0, ""
        """The arguments of :meth:`show_problem`."""
        self._delay: Timer | None = None
        """The timer of an error that does not show yet."""
        self._complete = complete
        self._choices: list[str] = []
        """The texts that the field takes in turn: completions, then what the user has typed."""
        self._recalled: list[str] = []
        """The texts that the field takes in turn: the filters that were used, then what the user has typed."""

    def render(self) -> RenderResult:
        """Return the sign beside the field."""
        return Content.styled(" /", "bold $accent")

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

    def show_problem(self, problem: str, position: int = 0, result: str = "", *, covers: bool = True) -> None:
        """Show an error below the field; hide it if the text is empty.

        A first error waits for a pause in typing: most filters are incomplete for a moment.

        Args:
            problem: The error.
            position: Index of the wrong character in the filter. A mark points at it.
            result: What the list shows because of the error, to add when the user has left the field.
            covers: False if nothing below has to stay in place while the user types.
        """
        self._problem, self._position, self._result = problem, position, result
        if problem:
            self.set_class(covers, "-covers")
        if self._delay is not None:
            self._delay.stop()
        if self._shows_problem:
            self._show()
        elif problem:
            self._delay = self.set_timer(ERROR_DELAY, self._show)

    def show_found(self, found: int) -> None:
        """Show an error if the words of a search were not found.

        Args:
            found: The number of matches.
        """
        self.show_problem("" if found or not self.value else "not found")

    def _show(self) -> None:
        self._shows_problem = bool(self._problem)
        words = self._problem if self.has_class("-typing") else f"{self._problem} {self._result}".rstrip()
        mark = (" " * self._column(self._position), ("▲ ", "bold"))
        content = Content.assemble(*mark, text.content(words)) if words else Content()
        lines = self.query(Static)
        if lines:
            lines.first().update(content)
            lines.first().display = self._shows_problem
        else:
            self.mount(Static(content))

    def _column(self, position: int) -> int:
        """Return the column of a character of the filter: some take two cells, and a long text is scrolled."""
        field = self._field()
        column = cell_len(field.value[:position]) - round(field.scroll_offset.x)
        return 2 + max(min(column, field.size.width - 1), 0)

    def on_descendant_focus(self) -> None:
        """Show an error over what is below while the user types."""
        self.add_class("-typing")

    def on_descendant_blur(self) -> None:
        """Show a whole error above what is below, which the user looks at now."""
        self.remove_class("-typing")
        if self._shows_problem:
            self._show()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value not in self._recalled:  # the user has typed it
            self._recalled = []
        if event.value not in self._choices:
            self._choices = []
        self._suggest(event.value)
        self.post_message(self.Changed(event.value))

    def _suggest(self, line: str) -> None:
        """Show behind the cursor how the last word can be completed, unless the filter is one that was used before."""
        if not self._recalled:
            for ending in self._endings(line, 1):
                self._field().post_message(SuggestionReady(line, line + ending))

    def _endings(self, line: str, limit: int) -> list[str]:
        """Return what can complete the last word; nothing while the cursor is elsewhere."""
        if self._complete is None or not self._field().cursor_at_end:
            return []
        return list(islice(self._complete(line), limit))

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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the key to the screen where nothing can be completed."""
        return super().check_action(action, parameters) and (action != "complete" or self._complete is not None)

    def action_complete(self) -> None:
        """Complete the last word; if it is complete already, show the next choice."""
        field = self._field()
        if endings := self._endings(field.value, MAX_CHOICES):
            self._choices = [field.value, *(field.value + ending for ending in endings)]
        if self._choices:
            self._choices.append(self._choices.pop(0))
            field.value = self._choices[0]
            field.cursor_position = len(field.value)

    @property
    def _kept(self) -> list[str]:
        app: object = self.app
        return app.kept_filters.setdefault(self.of_list, []) if isinstance(app, KeepsFilters) else []

    def action_drop(self) -> None:
        """Return to the list and clear the filter."""
        self.clear()
        self.post_message(self.Closed())
