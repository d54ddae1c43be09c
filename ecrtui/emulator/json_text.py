"""Parsing of JSON text from clients, which may be anything."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

_STRING_AFTER_KEY = re.compile(rb'[ \t\n\r]*:[ \t\n\r]*"')


def parse_object(text: str | bytes) -> dict[str, Any] | None:
    """Parse a JSON object; return None for any other text, also for one that is nested too deeply.

    NaN and Infinity are not JSON.
    """
    document = parse_json(text)
    return document if isinstance(document, dict) else None


def parse_object_with_blob(body: bytes, name: str) -> dict[str, Any] | None:
    """Parse a JSON object, and keep one long member as a view of its bytes. Parse other documents as usual.

    A part of a layer has up to 28 MB. As a text it would be scanned and copied several times.

    Args:
        name: the member; its text has no escapes where it is a view.
    """
    key = f'"{name}"'.encode()
    at = body.find(key)
    value = _STRING_AFTER_KEY.match(body, at + len(key)) if at > 0 and body[at - 1 : at] != b"\\" else None
    end = body.find(b'"', value.end()) if value else -1
    if value is None or end < 0 or body.find(b"\\", value.end(), end) >= 0:
        return parse_object(body)
    # The mark shows that the member is the object's own, and that there is no other of this name.
    mark = uuid4().hex
    document = parse_object(body[: value.end()] + mark.encode() + body[end:])
    if document is None or document.get(name) != mark:
        return parse_object(body)
    return {**document, name: memoryview(body)[value.end() : end]}


def parse_json(text: str | bytes) -> Any:
    """Parse a JSON document; return None for any other text."""
    try:
        return json.loads(text, parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        return None


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
