"""The lines below a table with the details of its selected row."""

from __future__ import annotations

from textual.widgets import Static

from ecrtui.tui import safe_text as text


class DetailsLine(Static):
    """Shows what the cells of a narrow table cut; hidden while there is nothing to show."""

    DEFAULT_CSS = """
    DetailsLine { height: auto; max-height: 3; padding: 0 1 0 3; background: $panel; display: none; }
    """

    def show(self, details: str) -> None:
        """Show the details of a row; hide the lines if they are empty."""
        self.update(text.block(details))
        self.display = bool(details)
