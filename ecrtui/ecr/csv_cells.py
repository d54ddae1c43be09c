"""Cells of a CSV file that no spreadsheet takes for a formula, and back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from ecrtui.ecr.json_values import to_text

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""A spreadsheet runs a cell that starts with one of these (OWASP, "CSV Injection")."""

_MARK = "'"


def csv_cell(value: object) -> object:
    """Return a cell: a text that a spreadsheet would run gets an apostrophe in front; all else is unchanged.

    So does a text with blanks around it, which readers drop, and a text that is such a text after its own apostrophes:
    :func:`csv_text` returns every text as it was. Halves of surrogate pairs, which no file holds, become U+FFFD.
    """
    if not isinstance(value, str):
        return value
    text = to_text(value)
    return f"{_MARK}{text}" if _needs_mark(text) else text


def csv_text(cell: str) -> str:
    """Return the text of a cell: what :func:`csv_cell` was given, or what a person wrote, without blanks around it."""
    text = cell.removeprefix(_MARK)
    return text if text != cell and _needs_mark(text) else cell.strip()


def _needs_mark(text: str) -> bool:
    own = text.lstrip(_MARK)
    return own.startswith(_FORMULA) or own != own.strip()


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    r"""Yield the line of each row (RFC 4180, but lines end with ``\n``)."""
    line = io.StringIO()
    # With another terminator, Python before 3.13 does not quote a carriage return.
    writer = csv.writer(line, lineterminator="\r\n")
    for row in rows:
        writer.writerow(map(csv_cell, row))
        yield line.getvalue().removesuffix("\r\n") + "\n"
        line.seek(0)
        line.truncate()
