"""Registry text as Textual's ``Content`` and Rich's ``Text``.

A string given to a widget is markup, and a widget passes control characters to the terminal. So text from a registry
passes through :mod:`ecrtui.ecr.safe_text`, which makes every character visible, and becomes :class:`Content` or
``Text`` here, never markup.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.content import Content
from textual.style import Style

from ecrtui.ecr.safe_text import ELLIPSIS, MAX_MARKS, visible, visible_lines

__all__ = [
    "Spans",
    "block",
    "content",
    "highlighted",
    "label",
    "map_spans",
    "one_line",
    "visible",
    "visible_lines",
]

Spans = Iterable[tuple[int, int]]
"""Ranges of characters in a text, as (start, end)."""


def one_line(text: str, width: int) -> str:
    """Return the text on one line of at most ``width`` cells; an ellipsis marks a cut."""
    if width <= 0:
        return ""
    if text.isascii() and text.isprintable():
        return text if len(text) <= width else text[: width - 1] + ELLIPSIS
    shown = visible(text, (MAX_MARKS + 1) * (width + 1) + 1)  # enough for more than the width, whatever the marks
    return shown if cell_len(shown) <= width else set_cell_size(shown, width - 1).rstrip() + ELLIPSIS


def content(text: str, style: str = "", limit: int | None = None) -> Content:
    """Return the text on one line as ``Content``, in a style of Textual (``"bold $accent"``)."""
    return _content(visible(text, limit), style)


def block(text: str, style: str = "", limit: int | None = None) -> Content:
    """Return the text as ``Content`` of several lines. Only line feeds are kept; other controls become visible."""
    return _content(visible_lines(text, limit), style)


def label(text: str, style: str = "", limit: int | None = None) -> Text:
    """Return the text on one line as Rich's ``Text``, for widgets that need it (Tree, DataTable)."""
    return Text(visible(text, limit), style=style, no_wrap=True, end="")


def highlighted(text: str, spans: Spans, mark: str | Style, style: str = "") -> Content:
    """Return the text on one line with some ranges highlighted.

    Args:
        text: The text as the registry has it.
        spans: Ranges of that text, before anything in it is made visible.
        mark: The style of the ranges.
        style: The style of the whole text.
    """
    shown = visible(text)
    result = _content(shown, style)
    for start, end in map_spans(text, shown, spans):
        result = result.stylize(mark, start, end)
    return result


def map_spans(text: str, shown: str, spans: Spans) -> list[tuple[int, int]]:
    """Convert ranges of a text to ranges of its visible form."""
    if shown is text or shown == text:
        return list(spans)
    return [(len(visible(text[:start])), len(visible(text[:end]))) for start, end in spans]


def _content(shown: str, style: str) -> Content:
    return Content.styled(shown, style) if style else Content(shown)
