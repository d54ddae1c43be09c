"""The baseline for the first frame: a Textual app that shows an empty table."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import DataTable


class EmptyApp(App[None]):
    """An app with one DataTable that has columns and no rows."""

    def compose(self) -> ComposeResult:
        table: DataTable[str] = DataTable()
        table.add_columns("repository", "URI", "tags are", "scan on push", "encryption", "created")
        yield table


if __name__ == "__main__":
    EmptyApp().run()
