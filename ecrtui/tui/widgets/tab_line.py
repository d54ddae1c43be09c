"""The line with the names of the parts of a screen, such as the panes of an image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from ecrtui.tui.line_parts import LinePart, fit_parts, line_width

LOOSE, CLOSE, SHARED = 3, 2, 1
"""Cells between two names, in which the current one has its frame: ``‹name›``."""


class TabEntry(NamedTuple):
    """A name in the line.

    Args:
        id: names it for the screen.
        action: the id of the action that shows it, whose key is before the name.
        name: its name.
        short_name: its name on a narrow screen.
        drop: how soon its counts are left out on a narrow screen, see :class:`ecrtui.tui.line_parts.LinePart`.
    """

    id: str
    action: str
    name: str
    short_name: str
    drop: int


class Tab(NamedTuple):
    """A name in the line as it is shown, and the cells that it takes."""

    entry: TabEntry
    label: str
    start: int
    end: int


class TabLine(Widget):
    """Shows key, name and counts of each part of a screen; the current one between ‹ and ›. A click shows a part.

    A narrow line has short names, then fewer counts, then only the keys of what is left out.

    Args:
        entries: the names, in the order of the line.
        current: the id of the one on the screen.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TabLine { height: 1; width: 100%; background: $surface; color: $text-muted; text-wrap: nowrap; }
    """

    current: reactive[str] = reactive("")
    """The id of the part on the screen."""
    badges: reactive[dict[str, str]] = reactive({})
    """The counts behind the names, by id."""

    def __init__(self, entries: Iterable[TabEntry], current: str) -> None:
        super().__init__()
        self._entries = tuple(entries)
        self.set_reactive(TabLine.current, current)

    class Picked(FieldsMessage):
        """The user clicked a name."""

        tab_id: str

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
        """Return the names with their places: the full ones, or else the short ones."""
        width = self.size.width - 2  # the frames at both ends
        full = [self._label(entry, entry.name, self._badge(entry)) for entry in self._entries]
        short = [self._label(entry, entry.short_name, self._badge(entry)) for entry in self._entries]
        for labels, gap in ((full, LOOSE), (short, LOOSE), (short, CLOSE)):
            if line_width(labels, gap) <= width:
                return self._placed(labels, gap)
        labels = fit_parts([self._short_part(entry) for entry in self._entries], width, SHARED)
        return self._placed(labels, CLOSE if line_width(labels, CLOSE) <= width else SHARED)

    def _placed(self, labels: Sequence[str], gap: int) -> Iterable[Tab]:
        start = 1
        for entry, label in zip(self._entries, labels, strict=True):
            end = start + cell_len(label)
            if entry.id == self.current:
                yield Tab(entry, f"‹{label}›", start - 1, end + 1)
            else:
                yield Tab(entry, label, start, end)
            start = end + gap

    def _short_part(self, entry: TabEntry) -> LinePart:
        """Return a name with its counts; the rest is the name, or else the key."""
        name, badge = self._label(entry, entry.short_name), self._badge(entry).replace(" ", "")
        rest = (name, "" if entry.id == self.current else self._label(entry))
        return LinePart((f"{name}:{badge}" if badge else name,), entry.drop, tuple(filter(None, rest)))

    def _badge(self, entry: TabEntry) -> str:
        return self.badges.get(entry.id, "")

    def _label(self, entry: TabEntry, *words: str) -> str:
        return " ".join(filter(None, (shown_key(self, entry.action), *words)))
