"""Pagination: opaque tokens that hold the last key of a page.

An index finds the next page at any depth. Entries that appear or vanish between two pages neither repeat nor hide
other entries.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ecrtui.emulator.errors import invalid_parameter
from ecrtui.emulator.json_text import parse_json

DEFAULT_PAGE_SIZE = 100
"""Results per page unless the caller sets ``maxResults`` (the describe and list operations)."""

Row = TypeVar("Row")


def encode_token(kind: str, *key: str | int) -> str:
    """Return the token of the page after this key, for this kind of listing."""
    return base64.urlsafe_b64encode(json.dumps([kind, *key]).encode()).decode()


def decode_token(kind: str, token: str | None, first: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return the key that the page begins after; ``first`` if there is no token.

    Raises:
        ServiceError: InvalidParameterException for a token of another origin.
    """
    if token is None:
        return first
    try:
        parts = parse_json(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        parts = None
    if not isinstance(parts, list) or not parts or parts[0] != kind or not _fits(parts[1:], first):
        raise invalid_parameter("Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'")
    return tuple(parts[1:])


def _fits(key: list[object], first: tuple[str | int, ...]) -> bool:
    """Return True if the key has the types of ``first`` and SQLite can store it."""
    if [type(part) for part in key] != [type(part) for part in first]:
        return False
    try:
        for part in key:
            str(part).encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return all(isinstance(part, str) or -(2**63) <= part < 2**63 for part in key if isinstance(part, (str, int)))


def check_page_options(parameters: Mapping[str, Any], name: str) -> None:
    """Check that a request that names its results does not ask for a page, too.

    Args:
        name: the parameter that names the results.

    Raises:
        ServiceError: InvalidParameterException.
    """
    if name in parameters and ("maxResults" in parameters or "nextToken" in parameters):
        raise invalid_parameter(f"Invalid parameter: {name} cannot be combined with maxResults or nextToken")


def split_page(
    kind: str, rows: list[Row], limit: int, key: Callable[[Row], tuple[str | int, ...]]
) -> tuple[list[Row], dict[str, str]]:
    """Return the rows of a page, and ``nextToken`` as a member of the response if there are more rows.

    Args:
        rows: the result of a query for one row more than the limit.
        key: returns the key of a row.
    """
    if len(rows) <= limit:
        return rows, {}
    page = rows[:limit]
    return page, {"nextToken": encode_token(kind, *key(page[-1]))}
