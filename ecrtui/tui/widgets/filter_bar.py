"""The line where a filter is typed; what is wrong with it stands below it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult, RenderResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings

ERROR_DELAY = 0.4
"""Seconds without a key after which it is told what is wrong."""


class FilterBar(Vertical):
    """Hidden until it is asked for. Enter keeps the filter, Esc drops it."""

    DEFAULT_CSS = """
    FilterBar { height: auto; display: none; padding: 0 1; background: $panel; }
    FilterBar.-open { display: block; }
    FilterBar Input, FilterBar Input:focus {
        border: none; height: 1; padding: 0; margin-left: 2; width: 1fr; background: $panel;
    }
    FilterBar Static { height: auto; color: $error; }
    """

    BINDINGS = bindings("filter_bar")

    @dataclass
    class Changed(Message):
        """Another filter was typed."""

        value: str

    class Closed(Message):
        """The user goes back to the list; the filter stays."""

    def __init__(self, example: str) -> None:
        super().__init__()
        self.example = example
        self._complaining = False
        self._pause: Timer | None = None
        """Runs while something is wrong that is not told yet."""

    def compose(self) -> ComposeResult:
        yield Input(placeholder=self.example, select_on_focus=False)

    def render(self) -> RenderResult:
        """What stands beside the field."""
        return Content.styled("/", "bold $accent")

    @property
    def field(self) -> Input:
        """The field itself, for tests and for focus."""
        return self.query_one(Input)

    def open(self) -> None:
        """Show the line and take the keys."""
        self.add_class("-open")
        self.field.focus()

    def clear(self) -> None:
        """Drop the filter and hide."""
        self.remove_class("-open")
        self.show_problem("")
        if self.field.value:
            self.field.value = ""

    def show_problem(self, problem: str, position: int = 0) -> None:
        """Show what is wrong, with a mark under the character where it goes wrong; empty for nothing.

        Who is still typing is not told that it is not complete yet: the list would jump down and up again.
        """
        if self._pause is not None:
            self._pause.stop()
        said = Content()
        if problem:
            said = Content.assemble(" " * (position + 2), ("▲ ", "bold"), text.content(problem))
        if self._complaining:
            self._say(said)
        elif problem:
            self._pause = self.set_timer(ERROR_DELAY, lambda: self._say(said))

    def _say(self, problem: Content) -> None:
        self._complaining = bool(problem)
        below = self.query(Static)
        if below:
            below.first().update(problem)
            below.first().display = self._complaining
        else:  # made when it is needed: the first frame does not wait for it
            self.mount(Static(problem))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Back to the list with the filter as it is."""
        if not self.field.value:
            self.remove_class("-open")
        self.post_message(self.Closed())

    def action_drop(self) -> None:
        """Back to the list without a filter."""
        self.clear()
        self.post_message(self.Closed())
