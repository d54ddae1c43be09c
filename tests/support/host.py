"""A small application with one widget that records the widget's messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from ecrtui.tui import themes

THEMES = themes.load_themes(Path("/nowhere")).themes


class WidgetApp(App[None]):
    """Shows one widget under a shipped theme."""

    def __init__(self, widget: Widget, theme: str = "ecrtui-dark", before: Widget | None = None) -> None:
        super().__init__()
        self.widget = widget
        self.before = before
        self.messages: list[Any] = []
        for entry in THEMES:
            self.register_theme(entry)
        self.theme = theme

    def get_css_variables(self) -> dict[str, str]:
        self.theme_variables = themes.css_variables(self.current_theme)
        return self.theme_variables

    def compose(self) -> ComposeResult:
        if self.before is not None:
            yield self.before
        yield self.widget

    def on_mount(self) -> None:
        if self.widget.focusable:
            self.widget.focus()

    def messages_of(self, kind: type[Message]) -> list[Any]:
        """Return the recorded messages of a kind."""
        return [message for message in self.messages if isinstance(message, kind)]

    async def _on_message(self, message: Message) -> None:
        if message.__class__.__module__.startswith("ecrtui."):
            self.messages.append(message)
        await super()._on_message(message)


def rendered_lines(widget: Widget) -> list[str]:
    """Return the text of a widget that draws line by line, without trailing blanks."""
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


def screen_lines(app: App[Any]) -> list[str]:
    """Return the text of the screen, without trailing blanks."""
    return ["".join(segment.text for segment in strip).rstrip() for strip in app.screen._compositor.render_strips()]


async def resize(pilot: Pilot[Any], columns: int, rows: int) -> None:
    """Resize the terminal, and wait until the widgets have their new sizes: a busy machine is late with that."""
    await pilot.resize_terminal(columns, rows)
    while pilot.app.screen.size != (columns, rows):
        await pilot.pause(0.01)
    await pilot.pause()
