"""A field of one line that says what it drops of a paste, and that is cheap to type in.

Defect: ``Input`` keeps the first line of a paste and drops the others without a word, keeps control characters, and
takes any length, so that a paste of a megabyte stops the application for seconds. It does not scroll to the end of the
first text that it gets. Each letter lays out the screen. Its bindings for ``up`` and ``down`` do nothing and hide those
of the widgets around it from the help.
Upstream: no issue known.
Delete this module when ``Input`` has a hook for pasted text, and a letter causes no layout.
"""

from __future__ import annotations

from typing import Final

from textual import events
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.widgets import Input

from ecrtui.ecr.units import format_count
from ecrtui.tui.textual_fixes.terminal_input import PastedLineEnd

MAX_PASTE: Final = 10_000
"""Characters that a field takes at once."""


class LineInput(Input):
    """A field of one line. It keeps the first line of a paste that is not empty."""

    joins_lines = False
    """Whether the lines of a paste are joined with spaces instead."""

    virtual_size = Reactive(Size(0, 0))
    """As in ``Widget``, but without ``layout=True``: the layout does not depend on the length of the text."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text, dropped = clean_paste(event.text, join=self.joins_lines)
        if text:
            self.replace(text, *self.selection)
            self.call_after_refresh(self._scroll_to_cursor)  # a field that was just opened has no size before that
        if dropped:
            self.app.notify(f"Not all of the pasted text fits here. Dropped: {dropped}.", severity="warning")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys that scroll up and down to the widgets around the field."""
        return action not in ("scroll_up", "scroll_down") and super().check_action(action, parameters)

    def _scroll_to_cursor(self) -> None:
        self.scroll_to_region(Region(self._cursor_offset, 0, 1, 1), force=True, animate=False)


class WordsInput(LineInput):
    """A field of words, such as tags. Each line of a paste becomes a word, also without bracketed paste."""

    joins_lines = True

    async def _on_key(self, event: events.Key) -> None:
        if isinstance(event, PastedLineEnd) or event.key == "ctrl+j":
            event.stop()
            event.prevent_default()  # of ``Input``, which Textual calls next
            self.insert_text_at_cursor(" ")


def clean_paste(pasted: str, *, join: bool) -> tuple[str, str]:
    """Return the text of one line that a field takes of a paste, and in words what it drops.

    Blanks around each of several lines are left out.

    Args:
        pasted: the pasted text.
        join: True to join its lines with spaces; False to keep the first line that is not empty.
    """
    lines = pasted.replace("\t", " ").splitlines()
    if len(lines) > 1:  # the blanks of a single line are part of it: it can continue the text of the field
        lines = [line.strip() for line in lines if line.strip()]
    kept = " ".join(lines if join else lines[:1])
    text = "".join(character for character in kept if character.isprintable())
    end = min(len(text), MAX_PASTE)
    if join and end < len(text):  # the beginning of a word would be another tag
        end = text.rfind(" ", 0, end + 1) if " " in text[: end + 1] else end
    counts = (
        (0 if join else max(len(lines) - 1, 0), "further line", ""),
        (len(kept) - len(text), "control character", ""),
        (len(text) - end, "character", f" after the first {end:,}"),
    )
    dropped = [format_count(count, what) + where for count, what, where in counts if count]
    return text[:end], ", ".join(dropped)
