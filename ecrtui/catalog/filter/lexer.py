"""Split the text of a filter into terms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from ecrtui.catalog.filter.errors import FilterError

_FIELD = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_-]*)(?P<inverted>!?):?(?P<operator>>=|<=|>|<|==?|(?<=:))")
"""A colon before a comparison (``size:>1MB``) has no effect, and ``==`` is ``=``."""
_NO_FIELD = re.compile(r"sha256:|arn:|pkg:|[a-z][a-z0-9+.-]*://", re.IGNORECASE)
"""A digest, an ARN, a package URL and an address begin like a field."""
_COMPARISON = re.compile(r"[<>=]+(?:\d|\Z)")
_CLOSING = {'"': '"', "“": "”", "”": "”", "„": "“", "«": "»"}
"""The closing quotation mark of each opening one: a word processor or a chat may have replaced what was typed."""
_BLANK = re.compile(r"\s*")
_WORD = re.compile(r"\S*")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class ValueKind(Enum):
    """The notation of a value."""

    WORD = auto()
    QUOTED = auto()
    REGEX = auto()
    FUZZY = auto()


@dataclass(frozen=True, slots=True)
class TermValue:
    """A value: its text without delimiters, and its position in the filter with them."""

    kind: ValueKind
    text: str
    position: int
    end: int


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: ``[!][field[!]operator]value``. Field and operator are empty for a plain word."""

    negated: bool
    field: str
    operator: str
    value: TermValue
    position: int
    inverted: bool = False
    """True if a ``!`` is between field and operator: ``tag!=prod`` is ``!tag=prod``."""

    @property
    def start(self) -> str:
        """The field and the operator."""
        return f"{self.field}{'!' * self.inverted}{self.operator}"


def terms(text: str) -> Iterator[Term]:
    """Yield the terms of a filter from left to right.

    Raises:
        FilterError: a delimiter is not closed, or a value is missing.
    """
    position = _skip(text, 0)
    while position < len(text):
        term = _term(text, position)
        yield term
        position = _skip(text, term.value.end)


def _skip(text: str, position: int) -> int:
    """Return the position after the blanks."""
    return _end(_BLANK, text, position)


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _term(text: str, start: int) -> Term:
    position = start
    while text.startswith("!", position):
        position += 1
    negated = (position - start) % 2 == 1
    field = None if _NO_FIELD.match(text, position) else _FIELD.match(text, position)
    if field:
        operator, inverted = "=" if field["operator"] == "==" else field["operator"] or ":", bool(field["inverted"])
        value = _value(text, field.end())
        return Term(negated != inverted, field["name"].lower(), operator, value, position, inverted)
    value = _value(text, position)
    if not value.text:
        raise FilterError("! needs a value", start, value.end, "!rc hides rows that contain rc.")
    if value.kind is ValueKind.WORD and _COMPARISON.match(value.text):
        raise FilterError("a comparison needs a field", position, value.end, "Use size>100MB or pushed<7d.")
    return Term(negated, "", "", value, position)


def _value(text: str, position: int) -> TermValue:
    mark = text[position : position + 1]
    if mark in _CLOSING:
        return _enclosed(text, position, ValueKind.QUOTED, "the closing quotation mark is missing")
    if mark == "/":
        return _enclosed(text, position, ValueKind.REGEX, "the closing / of the regular expression is missing")
    if mark == "~":
        return _fuzzy(text, position)
    end = _end(_WORD, text, position)
    return TermValue(ValueKind.WORD, text[position:end], position, end)


def _fuzzy(text: str, position: int) -> TermValue:
    inner = _value(text, position + 1) if text[position + 1 : position + 2] in _CLOSING else None
    end = inner.end if inner else _end(_WORD, text, position + 1)
    word = inner.text if inner else text[position + 1 : end]
    if not word:
        raise FilterError("~ needs a value", position, end, "~relcand finds release-candidate.")
    return TermValue(ValueKind.FUZZY, word, position, end)


def _enclosed(text: str, start: int, kind: ValueKind, problem: str) -> TermValue:
    """Read a value between two delimiters. A backslash escapes the delimiter."""
    mark = _CLOSING.get(text[start], text[start])
    position = start + 1
    while position < len(text) and text[position] != mark:
        position += 2 if text[position] == "\\" else 1
    if position >= len(text):
        raise FilterError(problem, start, len(text), f"Close it with {mark}")
    inner = text[start + 1 : position]
    if not inner:
        raise FilterError("the value is empty", start, position + 1, f"Use {text[start]}text{mark}")
    if kind is ValueKind.QUOTED:
        inner = _ESCAPED.sub(r"\1", inner)
    return TermValue(kind, inner, start, position + 1)
