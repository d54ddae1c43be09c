"""Make text from a registry safe to show on a terminal.

A tag, an annotation, a manifest or an error message can hold any character: escape sequences, characters that reverse
the direction of text, characters without width. Every such text passes through this module before it reaches a
screen or a terminal. Standard library only: ``tui/safe_text.py`` builds Textual's and Rich's types on it.

These characters become visible:

- C0 controls and DEL become Unicode's control pictures: ``␛``, ``␊``, ``␉``, ``␡``.
- Other characters that are not printable become their code point, such as ``‹202E›``: C1 controls, bidi controls,
  format characters, line separators, lone surrogates, private use, unassigned. So do printable characters without
  width: variation selectors, fillers, joiners.
- A letter keeps up to :data:`MAX_MARKS` characters that join it: combining marks, vowels and finals of Hangul, skin
  tones. Further ones become their code points. So text cannot grow into the lines above and below, and every letter
  takes at least one cell.
"""

from __future__ import annotations

import unicodedata
from itertools import chain

MAX_MARKS = 2
"""Combining marks, or other characters that join the letter before them, that one letter may carry."""

ELLIPSIS = "…"

_WITHOUT_WIDTH = frozenset(
    chain(
        (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        range(0x180B, 0x1810),
        range(0xFE00, 0xFE10),
        range(0xE0100, 0xE01F0),
    )
)
"""Printable characters that show nothing (``Default_Ignorable_Code_Point`` and the blank Braille pattern)."""

_COMBINING = ("Mn", "Me", "Mc")

_JOINING = frozenset(
    chain(
        range(0x1160, 0x1200),  # vowels and finals of Hangul
        range(0xD7B0, 0xD7FC),
        range(0x1F3FB, 0x1F400),  # skin tones
    )
)
"""Characters of other categories that take no cell of their own: a terminal draws them into the one before them."""


def visible(text: str, limit: int | None = None) -> str:
    """Return the text on one line with every character visible.

    Args:
        text: any text.
        limit: the number of characters to read; an ellipsis replaces the rest. It bounds the work for very long text.
    """
    if limit is not None and len(text) > limit:
        return visible(text[: max(limit - 1, 0)]) + ELLIPSIS
    if text.isascii() and text.isprintable():
        return text
    return _limit_combining_marks(text.translate(_PICTURES))


def visible_lines(text: str, limit: int | None = None, *, keep_tabs: bool = False) -> str:
    """Return the text with its line feeds kept and every other character visible.

    Args:
        text: any text.
        limit: the number of characters to read in each line, as for :func:`visible`.
        keep_tabs: keep tabs too, for text whose fields are separated by them.
    """
    if not keep_tabs:
        return "\n".join([visible(line, limit) for line in text.split("\n")])
    return "\n".join(["\t".join([visible(part, limit) for part in line.split("\t")]) for line in text.split("\n")])


def visible_json(text: str) -> str:
    r"""Return a JSON text in which every character is visible; invisible ones become ``\u`` escapes.

    The JSON value stays the same.
    """
    return text if text.isascii() and "\x7f" not in text else text.translate(_JSON_ESCAPES)


class _Pictures(dict[int, str]):
    """A table for ``str.translate`` that fills itself."""

    def __missing__(self, point: int) -> str:
        self[point] = shown = _picture(point)
        return shown


class _JsonEscapes(dict[int, str]):
    """A table for ``str.translate`` that fills itself; controls that JSON allows between values stay."""

    def __missing__(self, point: int) -> str:
        hidden = point >= 0x7F and _picture(point) != chr(point)
        self[point] = shown = _json_escape(point) if hidden else chr(point)
        return shown


def _picture(point: int) -> str:
    if point < 0x20:
        return chr(0x2400 + point)
    if point == 0x7F:
        return "␡"
    character = chr(point)
    if point in _WITHOUT_WIDTH:
        return _code_point(point)
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return _code_point(point)


def _code_point(point: int) -> str:
    return f"‹{point:04X}›"


def _json_escape(point: int) -> str:
    units = chr(point).encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


_PICTURES = _Pictures()
_JSON_ESCAPES = _JsonEscapes()


def _joins(character: str) -> bool:
    """Return True if a terminal draws the character into the cell of the one before it."""
    return unicodedata.category(character) in _COMBINING or ord(character) in _JOINING


def _limit_combining_marks(text: str) -> str:
    """Replace joining characters beyond :data:`MAX_MARKS`, and those without a letter, with their code points."""
    if text.isascii() or not any(_joins(character) for character in set(text)):
        return text
    shown: list[str] = []
    marks_left = 0
    for character in text:
        if _joins(character):
            shown.append(character if marks_left > 0 else _code_point(ord(character)))
            marks_left -= 1
        else:
            shown.append(character)
            marks_left = 0 if character.isspace() else MAX_MARKS
    return "".join(shown)
