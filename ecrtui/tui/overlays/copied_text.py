"""The text of a copy that nothing confirmed. The user selects it in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from ecrtui.tui import messages
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings, footer_hint
from ecrtui.tui.overlays.base import Overlay
from ecrtui.tui.text_document import TextDocument, wide_lines, widest
from ecrtui.tui.textual_fixes.footer import Footer, KeyHint
from ecrtui.tui.widgets.text_view import TextView

TAB_SIZE = 8


class ExactText(TextView):
    """A text that fills the width of the terminal, with nothing beside it."""

    BINDINGS = bindings("text")
    DEFAULT_CSS = "ExactText { scrollbar-size-vertical: 0; }"


class CopiedText(Overlay[None]):
    """Shows a text that the user can select. No text is beside it, and wrapping adds no characters.

    Args:
        label: what was copied.
        body: the text.
        notes: what is known of the copy.
    """

    BINDINGS = bindings("copied_text")
    DEFAULT_CSS = """
    CopiedText {
        align: left top;
        background: $surface;
        .notes { height: auto; padding: 0 1; background: $panel; }
    }
    """

    def __init__(self, label: str, body: TextDocument, notes: Sequence[str]) -> None:
        super().__init__()
        self.label = label
        self.body = body
        self.notes = tuple(notes)

    def compose(self) -> ComposeResult:
        heading = Content.assemble(("Copy ", "bold"), text.content(self.label, "bold"), (": not confirmed", "bold"))
        notes = (*self.notes, "Select the text with Shift and the mouse.")
        yield Static(Content("\n").join([heading, *map(text.content, notes)]), classes="notes")
        yield ExactText(self.body)
        yield Footer()

    def footer_hints(self) -> Iterable[KeyHint]:
        """Return the keys for the footer."""
        hints = (("copied_text.close", "close"), ("copied_text.print", "print it"))
        return filter(None, (footer_hint(self, *hint) for hint in hints))

    def on_mount(self) -> None:
        self.query_one(ExactText).focus()

    def action_print(self) -> None:
        """Leave the screens and print the text, which the terminal then selects without line breaks."""
        self.post_message(messages.PrintText(self.body.text))


def prepare_exact_text(source: str) -> TextDocument:
    """Prepare a text that keeps its lines: it wraps at the width of the screen, without indentation."""
    lines = text.visible_lines(source.expandtabs(TAB_SIZE)).split("\n")
    wide = wide_lines(lines)
    return TextDocument(text=source, lines=tuple(lines), wide=wide, width=widest(lines, wide))
