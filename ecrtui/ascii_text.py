"""ASCII in place of other characters, for terminals that cannot show them. Standard library only."""

from __future__ import annotations

import unicodedata
from functools import cache

UNKNOWN = "?"
"""In place of a character without a similar one. A letter without its accent would pass for another name."""

_SIMILAR = {
    "…": "~",  # not a dot, which is part of tags
    **dict.fromkeys("·–—‐‑‒―−", "-"),
    **dict.fromkeys("→›»▶▸►▹⟩⇒", ">"),
    **dict.fromkeys("←‹«◀◂◄↶⌫⟨⇐", "<"),
    **dict.fromkeys("↑▲△▴", "^"),
    **dict.fromkeys("↓▼▽▾", "v"),
    **dict.fromkeys("•●◆■∙", "*"),
    **dict.fromkeys("○◦◇□", "o"),
    **dict.fromkeys("✗✘×╳", "x"),
    **dict.fromkeys("‘’‚′", "'"),
    **dict.fromkeys("“”„″", '"'),
    "✓": "+",
    "✔": "+",
    "╱": "/",
    "╲": "\\",
    "▔": "-",
    **dict.fromkeys("─━┄┅┈┉╌╍═╴╶╸╺╼╾", "-"),
    **dict.fromkeys("│┃┆┇┊┋╎╏║╵╷╹╻╽╿▌▍▎▏▐▕", "|"),
    **dict.fromkeys("▁▂▃", "_"),
}

_LONGER = {"…": "...", "→": "->"}
"""What reads better where a character need not take one cell."""


@cache
def ascii_character(character: str) -> str:
    """Return one ASCII character in place of a character; :data:`UNKNOWN` if none is similar."""
    if len(character) != 1:
        return UNKNOWN
    if character in _SIMILAR:
        return _SIMILAR[character]
    if "─" <= character <= "╿":  # the other box drawing characters are corners and crossings
        return "+"
    if "▀" <= character <= "▟":
        return "#"
    if character.isascii():
        return character
    return " " if unicodedata.category(character) == "Zs" else UNKNOWN


def ascii_cells(cells: list[str]) -> list[str]:
    """Return cells of one ASCII character each.

    Args:
        cells: the characters of cells. The second cell of a wide character is empty.
    """
    return [ascii_character(cell) for cell in cells]


def ascii_text(text: str) -> str:
    r"""Return a text of the program in ASCII. Characters without a similar one become ``\xe9``, ``\u6f22``."""
    if text.isascii():
        return text
    return "".join(_text_of(character) for character in text)


def _text_of(character: str) -> str:
    similar = _LONGER.get(character) or ascii_character(character)
    return similar if similar != UNKNOWN else character.encode("ascii", "backslashreplace").decode()
