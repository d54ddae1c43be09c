"""A text area that passes a paste on unchanged and keeps its letters to itself when it is read-only.

Defects: ``TextArea`` converts the line ends of pasted text to those of the document, and it ignores a paste when it is
read-only. A read-only ``TextArea`` also lets printable keys bubble, so they run the screen's bindings.
Upstream: no issue known.
Delete this module when ``TextArea`` has a hook for pasted text and a read-only ``TextArea`` handles printable keys.
"""

from __future__ import annotations

from textual import events
from textual.widgets import TextArea


class RawPasteTextArea(TextArea):
    """A text area whose subclass inserts pasted text itself."""

    def insert_pasted(self, text: str) -> None:
        """Insert pasted text. The text is never empty and has its original line ends."""
        raise NotImplementedError

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if event.text:
            self.insert_pasted(event.text)

    async def _on_key(self, event: events.Key) -> None:
        if self.read_only and event.is_printable:
            event.stop()
            event.prevent_default()
