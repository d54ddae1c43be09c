"""The floor: what Textual itself takes to show a table with nothing in it."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import DataTable


class EmptyApp(App[None]):
    """A table with a few columns and no rows."""

    def compose(self) -> ComposeResult:
        table: DataTable[str] = DataTable()
        table.add_columns("repository", "URI", "tags are", "scan on push", "encryption", "created")
        yield table


if __name__ == "__main__":
    EmptyApp().run()
