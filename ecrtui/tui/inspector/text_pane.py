"""A pane that is one text: it wraps, is searched, copied and saved, and opens in the programs of the user."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar

from textual.widget import Widget

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.text_formats import Texts
from ecrtui.errors import EcrTuiError
from ecrtui.tui import messages
from ecrtui.tui.bindings import bindings
from ecrtui.tui.external_programs import Program
from ecrtui.tui.inspector.pane import Pane, SavePane
from ecrtui.tui.text_document import TextDocument
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.text_view import TextView

Content = TypeVar("Content")


class PaneText(TextView):
    """The text of a pane."""

    BINDINGS = bindings("text")
    DEFAULT_CSS = "PaneText { padding: 0 0 0 2; scrollbar-gutter: stable; }"


class TextPane(Pane[Content], Generic[Content]):
    """A pane with one text."""

    SCOPES = ("text_pane",)
    FILE_SUFFIX: ClassVar[str] = ".txt"
    """How the names of saved files end."""

    def content(self) -> Iterable[Widget]:
        yield FilterBar("find in the text")
        yield PaneText()

    def document(self, content: Content) -> TextDocument:
        """Return the text of what was read. Override it unless that is a TextDocument already."""
        if not isinstance(content, TextDocument):
            raise NotImplementedError
        return content

    @property
    def view(self) -> TextView:
        """The widget with the text."""
        return self.query_one(TextView)

    @property
    def visible_text(self) -> str:
        """The text with control characters made visible, as the pager shows it."""
        return "\n".join(self.view.prepared.lines) + "\n"

    @property
    def saved_text(self) -> str:
        """The text to save, to copy and to edit."""
        return self.visible_text

    def present(self, content: Content) -> None:
        self.view.show(self.document(content))
        bar = self.query_one(FilterBar)
        if bar.is_open and bar.value:
            self._find(bar.value)

    def focus_content(self) -> None:
        self.focus_now(self.view)

    def search(self) -> None:
        self.query_one(FilterBar).open()

    def action_search(self) -> None:
        """Find words in the text."""
        self.search()

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        message.stop()
        self._find(message.value)

    async def on_filter_bar_closed(self, message: FilterBar.Closed) -> None:
        message.stop()
        self.focus_content()

    def find(self, words: str) -> int:
        """Find words in what the pane shows, and return the number of matches. Panes with more than a text override it.

        Args:
            words: the words; empty to end the search.
        """
        return self.view.search(words)

    def _find(self, words: str) -> None:
        self.query_one(FilterBar).show_found(self.find(words))

    def keep_search(self) -> None:
        """Say whether another version of the text has the words of the search."""
        bar = self.query_one(FilterBar)
        if bar.is_open:
            bar.show_found(self.view.found[1])

    def texts(self) -> Texts:
        if not self.view.prepared.text:
            return {}
        text, lines = self.saved_text, self.view.matching_lines
        found = {"lines found": lambda: "\n".join(lines)} if lines else {}
        return {**found, f"text of the pane {self.ID}": lambda: text}

    def action_save(self) -> None:
        """Save the text in a file."""
        if self._has_text():
            text = self.saved_text  # a thread writes it, and the pane may be gone then
            self.post_message(SavePane({self.FILE_SUFFIX: lambda: text}))

    def action_pager(self) -> None:
        """Show the text in the pager, with control characters made visible."""
        if self._has_text():
            self.post_message(messages.OpenInProgram(Program.PAGER, self._file_name, self.visible_text))

    def action_editor(self) -> None:
        """Open a copy of the text in the editor."""
        if self._has_text():
            self.post_message(messages.OpenInProgram(Program.EDITOR, self._file_name, self.saved_text))

    def _has_text(self) -> bool:
        """Return whether there is a text; say so if there is none."""
        if self.view.prepared.text and self.shows_content:
            return True
        self.notify("There is no text.")
        return False

    @property
    def _file_name(self) -> str:
        try:
            digest = short_digest(self.inspected.digest)
        except EcrTuiError:
            digest = self.inspected.reference.tag
        repository = self.inspected.repository_name.replace("/", "-")
        return f"{repository}-{digest}-{self.ID}{self.FILE_SUFFIX}"
