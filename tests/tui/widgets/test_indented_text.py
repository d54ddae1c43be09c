"""The further rows of a line are below its words, whatever stands before them."""

from __future__ import annotations

import pytest
from textual.content import Content

from ecrtui.tui.widgets.indented_text import indented_rows


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("", [""]),
        ("fits in the row", ["fits in the row"]),
        ("one two three four five six", ["one two three four", "five six"]),
        ("    one two three four five", ["    one two three", "    four five"]),
        ("  ! one two three four five", ["  ! one two three", "    four five"]),
        ("✗ one two three four five", ["✗ one two three four", "  five"]),
        ("  tag   one two three", ["  tag   one two", "        three"]),
        ("  a long label of a line  one", ["  a long label of a", "  line  one"]),
        ("  digest  0123456789abcdef", ["  digest", "  0123456789abcdef"]),
        ("  0123456789abcdefghijklm", ["  0123456789abcdefgh", "  ijklm"]),
        ("  日本  日本 日本 日本 日本", ["  日本  日本 日本", "        日本 日本"]),
    ],
)
def test_further_rows_are_indented(line: str, rows: list[str]) -> None:
    assert [row.plain.rstrip() for row in indented_rows(Content(line), 20)] == rows


def test_a_style_continues_in_the_next_row() -> None:
    line = Content.assemble(("  ! ", "bold"), ("one two three four five", "dim"))
    rows = list(indented_rows(line, 20))
    assert ["dim" in {str(span.style) for span in row.spans} for row in rows] == [True, True]
