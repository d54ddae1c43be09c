"""``--output table``: a box of ASCII characters with a section for each map or list.

The layout is that of the AWS CLI, including the rounding of column widths and the escape sequences.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO
from unicodedata import east_asian_width

from ecrtui.cli.aws_cli_output.query import QueryMismatchError
from ecrtui.cli.aws_cli_output.terminal import on_terminal, terminal_width
from ecrtui.ecr.safe_text import visible_lines

_BRIGHT_BLUE, _DIM_YELLOW, _RESET = "\x1b[1m\x1b[34m", "\x1b[2m\x1b[33m", "\x1b[0m"
_PADDING = 4
_BORDER = 2


def write_table(value: Any, stream: TextIO, title: str, color: str = "auto", *, terminal: bool = False) -> None:
    """Write a value as a table.

    Args:
        value: maps and lists. A scalar gives only the title, an empty value nothing.
        stream: the stream to write to.
        title: the heading of the outermost section.
        color: ``on``, ``off``, or ``auto`` for colors on a terminal only, and not with ``NO_COLOR``.
        terminal: True to make control characters in the value visible.

    Raises:
        QueryMismatchError: the rows of a section have different lengths.
    """
    sections: list[_Section] = []
    _add(sections, title, _visible(value) if terminal else value, 0)
    if sections:
        _draw(sections, stream, colored=color == "on" or (color == "auto" and _shows_colors()))


def _shows_colors() -> bool:
    return on_terminal() and not os.environ.get("NO_COLOR")


def _visible(value: Any) -> Any:
    """Return the value with every string in it, and every key, made visible."""
    if isinstance(value, dict):
        return {_visible(key): _visible(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_visible(entry) for entry in value]
    return visible_lines(value) if isinstance(value, str) else value


def display_width(text: str) -> int:
    """Return the columns that a text takes; wide, full-width and ambiguous characters take two."""
    return len(text) if text.isascii() else sum(2 if east_asian_width(char) in "WFA" else 1 for char in text)


@dataclass(slots=True)
class _Section:
    """A part of the table with columns of its own."""

    title: str
    level: int
    headers: Sequence[str] = ()
    rows: list[list[str]] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)

    def add_headers(self, headers: Sequence[str]) -> None:
        self.headers = headers
        self._widen(headers)

    def add_row(self, values: Sequence[Any]) -> None:
        if self.widths and len(values) != len(self.widths):
            raise QueryMismatchError(f"Row should have {len(self.widths)} elements, instead it has {len(values)}")
        row = [str(value) for value in values]
        self.rows.append(row)
        self._widen(row)

    def _widen(self, cells: Sequence[str]) -> None:
        self.widths = [
            max(*pair) for pair in zip(map(display_width, cells), self.widths or [0] * len(cells), strict=True)
        ]

    def total_width(self) -> int:
        frame = _BORDER + 2 * self.level
        return max(display_width(self.title) + frame, sum(width + _PADDING for width in self.widths) + frame)

    def column_widths(self, total: int) -> list[int]:
        """Return the widths of the columns, scaled to fill the table."""
        natural = [width + _PADDING for width in self.widths]
        if not natural:
            return natural
        scale = total / float(sum(natural))
        scaled = [round(scale * width) for width in natural]
        off_by = sum(scaled) - total
        while off_by:
            step = 1 if off_by < 0 else -1
            order = reversed(range(len(scaled))) if off_by < 0 else range(len(scaled))
            for index in order:
                scaled[index] += step
                off_by += step
                if not off_by:
                    break
        return scaled

    def transposed(self) -> _Section:
        """Return a section of one row with its headers in the first column, which is narrower; others unchanged."""
        if len(self.rows) != 1 or not self.headers:
            return self
        section = _Section(self.title, self.level)
        for pair in zip(self.headers, self.rows[0], strict=True):
            section.add_row(pair)
        return section


def _add(sections: list[_Section], title: str | None, value: Any, level: int) -> None:
    if not value:
        return
    if title is not None:
        sections.append(_Section(title, level))
    if isinstance(value, dict):
        _add_map(sections, value, level)
    elif isinstance(value, list):
        if isinstance(value[0], dict):
            _add_maps(sections, title or "", value, level)
        else:
            _add_items(sections, value)


def _add_items(sections: list[_Section], values: list[Any]) -> None:
    for item in values:
        if not _nested(item):
            sections[-1].add_row([item])
        elif not any(_nested(element) for element in item):
            sections[-1].add_row(list(item))
        else:
            _add(sections, None, item, 0)


def _add_map(sections: list[_Section], value: dict[str, Any], level: int) -> None:
    headers, more = _split(value)
    if len(headers) == 1:
        sections[-1].add_row([headers[0], value[headers[0]]])
    elif headers:
        sections[-1].add_headers(headers)
        sections[-1].add_row([value[key] for key in headers])
    for key in more:
        _add(sections, key, value[key], level + 1)


def _add_maps(sections: list[_Section], title: str, values: list[Any], level: int) -> None:
    split = [_split(value) for value in values]
    headers = sorted({key for found, _ in split for key in found})
    more = sorted({key for _, found in split for key in found})
    for number, value in enumerate(values):
        if number and more:
            sections.append(_Section(title, level))
        if not number or more:
            sections[-1].add_headers(headers)
        sections[-1].add_row([value.get(key, "") for key in headers])
        for key in more:
            if key in value:
                _add(sections, key, value[key], level + 1)


def _split(value: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the sorted keys of scalars, and the sorted keys of maps and lists."""
    return (
        sorted(key for key in value if not _nested(value[key])),
        sorted(key for key in value if _nested(value[key])),
    )


def _nested(value: Any) -> bool:
    return isinstance(value, (dict, list))


def _draw(sections: list[_Section], stream: TextIO, *, colored: bool) -> None:
    total = max(section.total_width() for section in sections)
    if total > terminal_width():
        sections = [section.transposed() for section in sections]
        total = max(section.total_width() for section in sections)
    write = _resetting(stream) if colored and stream is sys.stdout else stream.write
    write("-" * total + "\n")
    for section in sections:
        edge = (f"{_DIM_YELLOW}|{_RESET}" if colored else "|") * section.level
        for line in _lines(section, total - 2 * section.level, colored=colored):
            # Four writes, because on a terminal each is followed by a reset.
            write(edge)
            write(line)
            write(edge)
            write("\n")


def _resetting(stream: TextIO) -> Callable[[str], Any]:
    """Return a function that writes a text and resets the color, as the AWS CLI does without a pager."""

    def write(text: str) -> None:
        stream.write(text + _RESET)

    return write


def _lines(section: _Section, total: int, *, colored: bool) -> list[str]:
    lines = []
    widths = section.column_widths(total)
    ruler = "".join(
        ("+" if not number else "") + "-" * (width - (1 if number else 2)) + "+" for number, width in enumerate(widths)
    )
    if section.title:
        lines.append(_centered(section.title, total, "|"))
        if not section.headers and not section.rows:
            lines.append(f"+{'-' * (total - 2)}+")
    if section.headers:
        lines.append(ruler)
        cells = zip(widths, section.headers, strict=True)
        lines.append(
            "".join(_centered(text, width, "" if number else "|") for number, (width, text) in enumerate(cells))
        )
    if section.rows and widths:
        lines.append(ruler)
        for row in section.rows:
            cells = zip(widths, row, strict=True)
            lines.append(
                "".join(
                    _left_aligned(text, width, "" if number else "|", colored=colored)
                    for number, (width, text) in enumerate(cells)
                )
            )
        lines.append(ruler)
    return lines


def _centered(text: str, width: int, edge: str) -> str:
    length = display_width(text)
    before = edge + " " * (width // 2 - length // 2 - 1) + text
    used = len(edge) + (width // 2 - length // 2 - 1) + length
    return before + " " * (width - 1 - used) + "|"


def _left_aligned(text: str, width: int, edge: str, *, colored: bool) -> str:
    length = display_width(text)
    padding = 2 if length + 2 + len(edge) + 1 <= width else 0
    shown = f"{_BRIGHT_BLUE}{text}{_RESET}" if colored else text
    return edge + " " * padding + shown + " " * (width - len(edge) - padding - length - 1) + "|"
