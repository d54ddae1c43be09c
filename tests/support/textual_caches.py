"""A cache for the style sheets that each application parses again: it takes a sixth of the time of a small test.

The program has one application. The tests start a thousand.
"""

from __future__ import annotations

from typing import Any

from textual.css.stylesheet import Stylesheet

_parsed: dict[tuple[Any, ...], Any] = {}


def install() -> None:
    """Keep the rules of each style sheet, by its text and the variables of the theme. Nothing changes a parsed rule."""
    sheet: Any = Stylesheet
    parse = sheet._parse_rules

    def parse_once(self: Any, *arguments: Any, **options: Any) -> Any:
        key = (arguments, tuple(options.items()), tuple(self._variables.items()))
        if key not in _parsed:
            _parsed[key] = parse(self, *arguments, **options)
        return _parsed[key]

    sheet._parse_rules = parse_once
