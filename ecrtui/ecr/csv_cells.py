"""Cells of a CSV file that no spreadsheet takes for a formula."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that starts with one of these (OWASP, "CSV Injection")."""


def csv_cell(value: object) -> object:
    """Return a cell: a text that a spreadsheet would run gets an apostrophe in front; all else is unchanged."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
