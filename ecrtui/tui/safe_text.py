"""The only door from registry text to the screen.

A tag, an annotation, a manifest or an error message can hold anything: escape sequences, controls that turn the
direction of writing, characters without width. A widget passes them on to the terminal (Textual strips BEL, BS, VT,
FF and CR only), and a string given to a widget is markup. So every text that was not written in this program passes
here, where it becomes visible characters and then :class:`Content` (or Rich's ``Text``), never markup.

What is made visible:

- C0 controls and DEL become the control pictures of Unicode: ``␛``, ``␊``, ``␉``, ``␡``.
- Whatever else does not print (C1, bidi controls, format characters, line separators, lone surrogates, private use,
  unassigned), and whatever prints without width (variation selectors, fillers, joiners), becomes its code point:
  ``‹202E›``.
- A combining mark stands on its letter, up to :data:`MARKS` of them; the further ones become their code points, so that
  nothing grows into the lines above and below.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import chain

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.content import Content
from textual.style import Style

Spans = Iterable[tuple[int, int]]
"""Ranges of characters in a text, as (start, end)."""

MARKS = 2
"""How many combining marks a letter may carry on the screen."""

ELLIPSIS = "…"

_WITHOUT_WIDTH = frozenset(
    chain(
        (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        range(0x180B, 0x1810),
        range(0xFE00, 0xFE10),
        range(0xE0100, 0xE01F0),
    )
)
"""Printable by their category, yet nothing is seen of them (``Default_Ignorable_Code_Point`` and the blank Braille)."""


class _Visible(dict[int, str]):
    """The table for ``str.translate``; it fills itself with the characters that are met."""

    def __missing__(self, point: int) -> str:
        self[point] = shown = _shown(point)
        return shown


def _shown(point: int) -> str:
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


_VISIBLE = _Visible()
_MARKS = ("Mn", "Me")


def visible(text: str, limit: int | None = None) -> str:
    """The text on one line, every character of it seen.

    Args:
        text: anything, from anywhere.
        limit: the most characters of the text that are looked at; what is beyond is told by an ellipsis. A limit keeps
            a text of megabytes from costing what it weighs.
    """
    if limit is not None and len(text) > limit:
        return visible(text[: max(limit - 1, 0)]) + ELLIPSIS
    if text.isascii() and text.isprintable():
        return text
    return _tamed(text.translate(_VISIBLE))


def _tamed(text: str) -> str:
    """The text with the combining marks beyond the allowed ones, and those without a letter, as code points."""
    if text.isascii() or not any(unicodedata.category(character) in _MARKS for character in set(text)):
        return text
    shown: list[str] = []
    room = 0
    for character in text:
        if unicodedata.category(character) in _MARKS:
            shown.append(character if room > 0 else _code_point(ord(character)))
            room -= 1
        else:
            shown.append(character)
            room = 0 if character.isspace() else MARKS
    return "".join(shown)


def lines(text: str, limit: int | None = None) -> list[str]:
    """The lines of a text, parted at line feeds alone, each of them visible."""
    return [visible(line, limit) for line in text.split("\n")]


def one_line(text: str, width: int) -> str:
    """The text on one line of at most this many cells, with an ellipsis where it was cut."""
    if width <= 0:
        return ""
    if text.isascii() and text.isprintable():
        return text if len(text) <= width else text[: width - 1] + ELLIPSIS
    shown = visible(text, (MARKS + 1) * (width + 1) + 1)  # enough for more than the width, whatever the marks
    return shown if cell_len(shown) <= width else set_cell_size(shown, width - 1).rstrip() + ELLIPSIS


def content(text: str, style: str = "", limit: int | None = None) -> Content:
    """The text on one line, for a widget, in a style of Textual (``"bold $accent"``)."""
    return _content(visible(text, limit), style)


def block(text: str, style: str = "", limit: int | None = None) -> Content:
    """A text of several lines, for a widget: line feeds part the lines, everything else is made visible."""
    return _content("\n".join(lines(text, limit)), style)


def label(text: str, style: str = "", limit: int | None = None) -> Text:
    """The text on one line as Rich's ``Text``, for the widgets that want that (Tree, DataTable)."""
    return Text(visible(text, limit), style=style, no_wrap=True, end="")


def marked(text: str, spans: Spans, mark: str | Style, style: str = "") -> Content:
    """The text on one line, with ranges of it in a style of their own.

    Args:
        text: the text as the registry has it.
        spans: ranges in that text, before anything in it was made visible.
        mark: the style of the ranges.
        style: the style of the whole.
    """
    shown = visible(text)
    result = _content(shown, style)
    for start, end in shifted(text, shown, spans):
        result = result.stylize(mark, start, end)
    return result


def shifted(text: str, shown: str, spans: Spans) -> list[tuple[int, int]]:
    """Ranges in a text as ranges in what is shown of it."""
    if shown is text or shown == text:
        return list(spans)
    return [(len(visible(text[:start])), len(visible(text[:end]))) for start, end in spans]


def _content(shown: str, style: str) -> Content:
    return Content.styled(shown, style) if style else Content(shown)
