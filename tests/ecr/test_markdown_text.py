from __future__ import annotations

import pytest

from ecrtui.ecr.markdown_text import markdown_table, markdown_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("release-2026.11", "release-2026.11"),
        ("a|b", r"a\|b"),
        ("snake_case _italic_ __b__ *bold* `code`", r"snake_case \_italic\_ \_\_b\_\_ \*bold\* \`code\`"),
        ("![x](http://e.test)", r"\!\[x\](http://e.test)"),
        ("<script>&amp;", r"\<script\>\&amp;"),
        ("back\\slash $x$ ~y~ #1", r"back\\slash \$x\$ \~y\~ \#1"),
        ("two\nlines\x1b[31m", "two␊lines␛\\[31m"),
    ],
)
def test_no_text_is_markup(text: str, expected: str) -> None:
    assert markdown_text(text) == expected


def test_a_table_has_a_line_for_each_row() -> None:
    assert list(markdown_table(["tag", "was"], [("a|b", "")])) == [
        "| tag | was |\n",
        "| --- | --- |\n",
        "| a\\|b |  |\n",
    ]
