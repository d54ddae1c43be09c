"""Read values of untrusted JSON as a type; a value of another type becomes a default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def to_text(value: object) -> str:
    """Return a text as it is, None as an empty text, and any other value as JSON."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def to_mapping(value: object) -> Mapping[str, Any]:
    """Return a JSON object; any other value is an empty one."""
    return value if isinstance(value, dict) else {}


def to_list(value: object) -> list[Any]:
    """Return a JSON array; any other value is an empty one."""
    return value if isinstance(value, list) else []
