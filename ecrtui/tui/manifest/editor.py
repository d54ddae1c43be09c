"""A field for a manifest that keeps its exact text: what is shown may be an excerpt, what is sent never is."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from ecrtui.tui import safe_text as text

EDITABLE = 65_536
"""Characters up to which a manifest can be edited; of a longer one the beginning is shown."""

_EXCERPT = 8_192


class ManifestField(TextArea):
    """Takes a manifest that is typed or pasted, and shows one that comes from elsewhere.

    A text that an editor would change (mixed line ends, characters that cannot be seen) or that is too long for one is
    shown and not edited; another one can be pasted over it.
    """

    DEFAULT_CSS = """
    ManifestField, ManifestField:focus { border: none; padding: 0 1; height: 7; background: $panel; }
    ManifestField:focus { background: $surface; }
    """

    @dataclass
    class Given(Message):
        """The user has typed or pasted another text."""

        text: str
        pasted: bool

    def __init__(self) -> None:
        super().__init__("", soft_wrap=True, tab_behavior="focus", compact=True, highlight_cursor_line=False)
        self.exact = ""
        """The text, to the byte."""

    def put(self, exact: str) -> None:
        """Show this text."""
        self.exact = exact
        with self.prevent(TextArea.Changed):
            self.read_only = not _is_plain(exact)
            if not self.read_only:
                self.load_text(exact)
                self.read_only = self.text != exact
            if self.read_only:
                self.load_text(text.visible_lines("\n".join(exact.split("\n")[:200]), _EXCERPT))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if not self.read_only and self.text != self.exact:
            self.exact = self.text
            self.post_message(self.Given(self.exact, pasted=False))

    async def _on_paste(self, event: events.Paste) -> None:
        """Keep every character of what is pasted: an editor would make all line ends alike."""
        event.stop()
        event.prevent_default()
        if not event.text:
            return
        start, behind = self._span()
        self.put(self.exact[:start] + event.text + self.exact[behind:])
        if not self.read_only:
            lines = self.exact[: start + len(event.text)].split(self.document.newline)
            self.move_cursor((len(lines) - 1, len(lines[-1])))
        self.post_message(self.Given(self.exact, pasted=True))

    def _span(self) -> tuple[int, int]:
        """What a paste replaces, as a range of the exact text: the selection, or all where nothing can be selected."""
        if self.read_only:
            return 0, len(self.exact)
        first, last = sorted(self.selection)
        return len(self.get_text_range((0, 0), first)), len(self.get_text_range((0, 0), last))

    async def _on_key(self, event: events.Key) -> None:
        if self.read_only and event.is_printable:  # a letter that edits elsewhere must not be a command here
            event.stop()
            event.prevent_default()


def _is_plain(exact: str) -> bool:
    """Whether an editor shows every character of the text."""
    if len(exact) > EDITABLE:
        return False
    bare = exact.translate(_WHITE)
    return text.visible(bare) == bare


_WHITE = str.maketrans("", "", "\r\n\t")
