"""JSON as it is written: numbers keep their spelling, and a document that names a member twice is an error.

Python's ``json`` rounds numbers and drops repeated members, so two documents that differ could look the same. Where
only the values count, use :func:`ecrtui.ecr.json_values.parse_json`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 100
"""Levels of objects and arrays in a document. Real documents have fewer than ten."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written."""

    text: str


def parse_exact(text: str) -> Any:
    """Return the value of a JSON text; its numbers are :class:`Number`.

    Raises:
        ValueError: the text is not JSON, names a member twice, or is nested too deeply. The message says which.
    """
    try:
        value = json.loads(
            text, parse_int=Number, parse_float=Number, parse_constant=Number, object_pairs_hook=unique_members
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except json.JSONDecodeError as problem:
        raise ValueError(f"not JSON: {problem}") from None
    _check_depth(value, 0)
    return value


def write_json(value: Any, indent: int | None = None) -> str:
    """Return a value of :func:`parse_exact` as JSON, in the order of its members.

    Args:
        value: the value.
        indent: spaces for each level; None to write one line.
    """
    return "".join(_written(value, indent, 0))


def unique_members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of an object: an ``object_pairs_hook`` of the module ``json``.

    Raises:
        ValueError: a member occurs twice.
    """
    members = dict(pairs)
    if len(members) < len(pairs):
        names = Counter(name for name, _ in pairs)
        twice = next(name for name, uses in names.items() if uses > 1)
        raise ValueError(f"the member {json.dumps(twice)} occurs twice in one object")
    return members


def _check_depth(value: Any, depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise ValueError("nested too deeply")
    for entry in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(entry, dict | list):  # a call for each of 50,000 texts takes longer than the check
            _check_depth(entry, depth + 1)


def _written(value: Any, indent: int | None, level: int) -> list[str]:
    if isinstance(value, Number):
        return [value.text]
    if isinstance(value, dict) and value:
        entries = [[f"{_text(name)}: ", *_written(entry, indent, level + 1)] for name, entry in value.items()]
        return _enclosed("{", entries, "}", indent, level)
    if isinstance(value, list) and value:
        return _enclosed("[", [_written(entry, indent, level + 1) for entry in value], "]", indent, level)
    return [_text(value)]


def _enclosed(first: str, entries: list[list[str]], last: str, indent: int | None, level: int) -> list[str]:
    inner = "" if indent is None else "\n" + " " * (indent * (level + 1))
    outer = "" if indent is None else "\n" + " " * (indent * level)
    parts = [first]
    for number, entry in enumerate(entries):
        parts += [("," if indent is not None else ", ") if number else "", inner, *entry]
    return [*parts, outer, last]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
