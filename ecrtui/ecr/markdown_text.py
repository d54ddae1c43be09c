"""Escape text for Markdown, so that every renderer shows it as it is; write tables of such texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ecrtui.ecr.safe_text import visible

_MARKUP = re.compile(r"[\\`*\[\]<>|~#$&!]|(?<![^\W_])_|_(?![^\W_])")
"""What begins inline markup or an HTML entity in CommonMark or its dialects, and the bar that ends a cell.

An underscore between two letters or digits, as in ``JAVA_VERSION``, is not markup.
"""


def markdown_text(text: str) -> str:
    """Return a text as one line of Markdown: markup is escaped, control characters and line ends are visible."""
    return _MARKUP.sub(r"\\\g<0>", visible(text))


def markdown_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    r"""Yield the lines of a table (GitHub Flavored Markdown, "Tables"), each with ``\n``. The cells are plain text."""
    yield _line(titles)
    yield _line(["---"] * len(titles), escape=False)
    for row in rows:
        yield _line(row)


def _line(cells: Iterable[str], *, escape: bool = True) -> str:
    return "".join(f"| {markdown_text(cell) if escape else cell} " for cell in cells) + "|\n"
