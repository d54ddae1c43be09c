"""A text area for a manifest that keeps the exact text, also when it shows only an excerpt."""

from __future__ import annotations

from textual.widgets import TextArea

from ecrtui.tui import safe_text as text
from ecrtui.tui.fields_message import FieldsMessage
from ecrtui.tui.textual_fixes.text_area import RawPasteTextArea

MAX_EDITABLE_LENGTH = 65_536
"""A longer manifest, in characters, is shown as an excerpt and cannot be edited."""

_EXCERPT_LENGTH = 8_192
_EXCERPT_LINES = 200


class ManifestField(RawPasteTextArea):
    """Takes a typed or pasted manifest and shows one that was loaded.

    A manifest is read-only if the editor would change it (mixed line ends, invisible characters) or if it is too long.
    Pasting replaces a read-only manifest as a whole.
    """

    DEFAULT_CSS = """
    ManifestField, ManifestField:focus { border: none; padding: 0 1; height: 7; background: $panel; }
    ManifestField { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; }
    ManifestField:focus { background: $surface; }
    """

    class Edited(FieldsMessage):
        """The user typed or pasted another text."""

        text: str
        pasted: bool

    def __init__(self) -> None:
        super().__init__("", soft_wrap=True, tab_behavior="focus", compact=True, highlight_cursor_line=False)
        self.exact_text = ""
        """The manifest, byte for byte."""

    def show_manifest(self, exact: str) -> None:
        """Show this manifest; make it read-only if the editor cannot hold its exact text."""
        self.exact_text = exact
        with self.prevent(TextArea.Changed):
            self.read_only = not _is_editable(exact)
            if not self.read_only:
                self.load_text(exact)
                self.read_only = self.text != exact
            if self.read_only:
                excerpt = "\n".join(exact.split("\n")[:_EXCERPT_LINES])
                self.load_text(text.visible_lines(excerpt, _EXCERPT_LENGTH))

    def insert_pasted(self, text: str) -> None:
        """Replace the selection with the pasted text; replace everything if the manifest is read-only."""
        start, end = self._selected_range()
        self.show_manifest(self.exact_text[:start] + text + self.exact_text[end:])
        if not self.read_only:
            lines = self.exact_text[: start + len(text)].split(self.document.newline)
            self.move_cursor((len(lines) - 1, len(lines[-1])))
        self.post_message(self.Edited(self.exact_text, pasted=True))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if not self.read_only and self.text != self.exact_text:
            self.exact_text = self.text
            self.post_message(self.Edited(self.exact_text, pasted=False))

    def _selected_range(self) -> tuple[int, int]:
        """Return the range of the exact text that a paste replaces."""
        if self.read_only:
            return 0, len(self.exact_text)
        first, last = sorted(self.selection)
        return len(self.get_text_range((0, 0), first)), len(self.get_text_range((0, 0), last))


def _is_editable(exact: str) -> bool:
    """Return True if the text is short enough and the editor shows each of its characters."""
    if len(exact) > MAX_EDITABLE_LENGTH:
        return False
    without_white_space = exact.translate(_WHITE_SPACE)
    return text.visible(without_white_space) == without_white_space


_WHITE_SPACE = str.maketrans("", "", "\r\n\t")
