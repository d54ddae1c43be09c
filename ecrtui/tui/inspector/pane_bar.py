"""The line with the names of the panes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import shown_key
from ecrtui.tui.fields_message import FieldsMessage
from ecrtui.tui.inspector.pane_table import PANES, PaneEntry


class Tab(NamedTuple):
    """A name in the line, and the cells that it takes."""

    entry: PaneEntry
    label: str
    start: int
    end: int


class PaneBar(Widget):
    """Shows key, name and badge of each pane; the current one between ‹ and ›. A click opens a pane."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    PaneBar { height: 1; width: 100%; background: $surface; color: $text-muted; text-wrap: nowrap; }
    """

    current: reactive[str] = reactive("")
    """The id of the pane on the screen."""
    badges: reactive[dict[str, str]] = reactive({})
    """What is behind the name of each pane, by its id."""

    class Picked(FieldsMessage):
        """The user clicked a name."""

        pane_id: str

    def render(self) -> RenderResult:
        line = Content("")
        for tab in self._tabs():
            style = "bold $primary" if tab.entry.id == self.current else ""
            line += Content(" " * (tab.start - line.cell_length)) + text.content(tab.label, style)
        return line

    def on_click(self, event: events.Click) -> None:
        for tab in self._tabs():
            if tab.start <= event.x < tab.end:
                self.post_message(self.Picked(tab.entry.id))

    def _tabs(self) -> Iterable[Tab]:
        """Return the names that fit: all of them, then short ones, then those around the current one."""
        width = self.size.width
        for short, gap in ((False, 1), (True, 1), (True, 0)):
            tabs = self._placed([self._label(entry, short) for entry in PANES], gap)
            if tabs[-1].end <= width:
                return tabs
        labels = [self._label(entry, True, with_badge=False) for entry in PANES]
        return self._placed(labels, 0)

    def _placed(self, labels: list[str], gap: int) -> list[Tab]:
        tabs, start = [], 0
        for entry, label in zip(PANES, labels, strict=True):
            end = start + cell_len(label)
            tabs.append(Tab(entry, label, start, end))
            start = end + gap
        return tabs

    def _label(self, entry: PaneEntry, short: bool, *, with_badge: bool = True) -> str:
        words = [shown_key(self, f"inspector.{entry.id}"), entry.short_name if short else entry.name]
        badge = self.badges.get(entry.id, "") if with_badge else ""
        if badge:
            words.append(badge.replace(" ", "") if short else badge)
        label = " ".join(filter(None, words))
        return f"‹{label}›" if entry.id == self.current else f" {label} "
