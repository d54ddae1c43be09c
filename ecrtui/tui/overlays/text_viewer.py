"""An overlay that shows a text, such as a row as YAML, a config or the details of a repository."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from ecrtui.tui import messages
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings
from ecrtui.tui.clipboard.copy_items import CopyItem
from ecrtui.tui.external_programs import Program
from ecrtui.tui.overlays.base import Overlay
from ecrtui.tui.text_document import TextDocument
from ecrtui.tui.textual_fixes.footer import Footer
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.text_view import TextView


class OverlayText(TextView):
    """The text of an overlay."""

    BINDINGS = bindings("text")
    DEFAULT_CSS = "OverlayText { scrollbar-gutter: stable; }"


class TextViewer(Overlay[None]):
    """A text with a title. It wraps or scrolls long lines, finds words, and can be copied."""

    SHEET = True
    BINDINGS = bindings("text_viewer")
    DEFAULT_CSS = """
    TextViewer .overlay-title { height: 1; max-width: 100%; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, title: str, body: TextDocument, copies: Sequence[CopyItem] = ()) -> None:
        super().__init__()
        self.heading = title
        self.body = body
        self.copies = copies
        """What the copy menu offers first."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="overlay"):
            yield Static(text.content(self.heading), classes="overlay-title")
            yield OverlayText(self.body)
            yield FilterBar("find in the text")
            yield Footer()

    def on_mount(self) -> None:
        self.query_one(OverlayText).focus()

    def action_search(self) -> None:
        """Find words in the text."""
        self.query_one(FilterBar).open()

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        self.query_one(FilterBar).show_found(self.query_one(OverlayText).search(message.value))

    def on_filter_bar_closed(self) -> None:
        self.query_one(OverlayText).focus()

    def action_copy_text(self) -> None:
        """Copy the text; after a search, the lines with a match too."""
        items = [CopyItem("all lines", "\n".join(self.body.lines), lines=True)]
        lines = self.query_one(OverlayText).matching_lines
        if lines:
            items.insert(0, CopyItem("lines found", "\n".join(lines), lines=True))
        self.post_message(messages.OfferCopies((*self.copies, *items)))

    def action_pager(self) -> None:
        """Show the text in the pager."""
        self._show_in(Program.PAGER)

    def action_editor(self) -> None:
        """Open a copy of the text in the editor."""
        self._show_in(Program.EDITOR)

    def _show_in(self, program: Program) -> None:
        text = "\n".join(self.body.lines) + "\n"
        self.post_message(messages.OpenInProgram(program, f"{self.heading}.txt", text))
