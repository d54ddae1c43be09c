"""Texts that lists show in their cells, and the filters for them."""

from __future__ import annotations

import re
from collections.abc import Callable

from ecrtui.catalog.filter.errors import FilterError
from ecrtui.ecr.findings import SEVERITIES

_SIGNS = {"✓": "severity:none", "·": "is:unscanned", "never": "pulled:never", "none": "lifecycle:none"}
_AGE = re.compile(r"(\d+) ?(s|min|h|d|mo|y)(?: ago)?")
_SIZE = re.compile(r"([\d.]+) ?([kMGT]?B)")
_RULES = re.compile(r"(\d+) rules?")
_FINDINGS = re.compile(r"\d+([A-Z])(?: \d+[A-Z])*\+?")


def cell_hint(text: str, parse: Callable[[str], object]) -> str:
    """Return how to filter by a text that a cell shows; empty if the text is no such one.

    Args:
        text: the filter that matches nothing.
        parse: parses a filter of the list.
    """
    meant = _filter_of(text.strip())
    try:
        parse(meant)
    except FilterError:
        return ""
    return f"To filter by a cell write {meant}." if meant else ""


def _filter_of(cell: str) -> str:
    if cell.startswith("◆"):
        return "is:protected"
    if age := _AGE.fullmatch(cell):
        return f"pushed<{int(age[1]) + 1}{age[2]}"
    if size := _SIZE.fullmatch(cell):
        return f"size={size[1]}{size[2]}"
    if rules := _RULES.fullmatch(cell):
        return f"lifecycle={rules[1]}"
    if (found := _FINDINGS.fullmatch(cell)) and (names := [name for name in SEVERITIES if name[0] == found[1]]):
        return f"severity:{names[0].lower()}"
    return _SIGNS.get(cell.lower(), "")
