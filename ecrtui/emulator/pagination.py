"""Pages of a listing: opaque tokens that say after which key the next page begins.

A token holds the last key of its page, so the next page is found by an index however deep it lies, and entries that
come or go meanwhile neither repeat nor hide others.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TypeVar

from ecrtui.emulator.errors import invalid_parameter

DEFAULT_PAGE_SIZE = 100
"""Results of a page if the caller does not say (``MaxResults`` of the describe and list operations)."""

Row = TypeVar("Row")


def encode_token(kind: str, *key: str | int) -> str:
    """The token of the page that begins after this key of this kind of listing."""
    return base64.urlsafe_b64encode(json.dumps([kind, *key]).encode()).decode()


def decode_token(kind: str, token: str | None, first: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The key that the page begins after; ``first`` if there is no token.

    Raises:
        ServiceError: InvalidParameterException for a token that this kind of listing did not give.
    """
    if token is None:
        return first
    try:
        found, *key = json.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error):
        found, key = "", []
    if found != kind or [type(part) for part in key] != [type(part) for part in first]:
        raise invalid_parameter("Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'")
    return tuple(key)


def split_page(rows: list[Row], limit: int) -> tuple[list[Row], bool]:
    """The rows of one page, of one row more than it has room for, and whether there are more pages."""
    return rows[:limit], len(rows) > limit
