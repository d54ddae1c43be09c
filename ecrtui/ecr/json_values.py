"""Read values of untrusted JSON as a type; a value of another type becomes a default."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import inf
from typing import Any

from ecrtui.ecr.exact_json import write_json

MAX_SIZE = 2**63 - 1
"""The largest size in bytes (``int64`` of the OCI descriptor)."""

_HALVES = re.compile("[\ud800-\udfff]")

_MAX_DIGITS = 4_000
"""Digits of a whole number. Python refuses to read more than 4,300."""


def parse_json(text: str | bytes) -> Any:
    """Parse JSON with numbers of any length: a whole number of more than 4,000 digits becomes an infinite one.

    Raises:
        ValueError: it is not JSON, or it is nested too deeply.
    """
    try:
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            raise
        except ValueError:  # a number is too long, or the bytes are not text
            return json.loads(text, parse_int=_whole_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else -inf if digits.startswith("-") else inf


def to_text(value: object) -> str:
    """Return a text as it is, None as an empty text, and any other value as JSON.

    Halves of surrogate pairs, which no encoding can write, become U+FFFD.

    Args:
        value: a value of :func:`parse_json`, or of :func:`ecrtui.ecr.exact_json.parse_exact`.
    """
    if value is None:
        return ""
    try:
        text = value if isinstance(value, str) else write_json(value)
    except RecursionError:
        return "nested too deeply"
    return text if text.isascii() else _HALVES.sub("\ufffd", text)


def to_size(value: object) -> int:
    """Return a size in bytes, from 0 to :data:`MAX_SIZE`; -1 for any other value."""
    return value if type(value) is int and 0 <= value <= MAX_SIZE else -1


def to_mapping(value: object) -> Mapping[str, Any]:
    """Return a JSON object; any other value is an empty one. Its names are as :func:`to_text` returns them."""
    if not isinstance(value, dict):
        return {}
    if "".join(value).isascii():  # takes a tenth of the time; an object of a manifest can have 55,000 members
        return value
    return {to_text(name): entry for name, entry in value.items()}


def to_list(value: object) -> list[Any]:
    """Return a JSON array; any other value is an empty one."""
    return value if isinstance(value, list) else []
