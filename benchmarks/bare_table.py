"""The baseline for the bytes of a cursor key: a Textual app with a DataTable of 50 rows."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import DataTable

ROWS = 50


class BareTable(App[None]):
    """An app with one DataTable whose cursor is on a whole row."""

    def compose(self) -> ComposeResult:
        table: DataTable[str] = DataTable(cursor_type="row")
        table.add_columns("tags", "digest", "pushed", "size", "kind")
        for number in range(ROWS):
            table.add_row(f"1.135.{number}", f"{number:012x}", f"{number} min ago", "126 MB", "image")
        yield table


if __name__ == "__main__":
    BareTable().run()
