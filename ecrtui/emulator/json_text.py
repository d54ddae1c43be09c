"""Parsing of JSON text from clients, which may be anything."""

from __future__ import annotations

import json
from typing import Any


def parse_object(text: str | bytes) -> dict[str, Any] | None:
    """Parse a JSON object; return None for any other text, also for one that is nested too deeply.

    NaN and Infinity are not JSON.
    """
    document = parse_json(text)
    return document if isinstance(document, dict) else None


def parse_json(text: str | bytes) -> Any:
    """Parse a JSON document; return None for any other text."""
    try:
        return json.loads(text, parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        return None


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
