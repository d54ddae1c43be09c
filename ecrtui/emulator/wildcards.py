"""Wildcard patterns of ECR: ``*`` matches any text, all else matches itself."""

from __future__ import annotations

import re
from functools import cache


def matches_wildcard(pattern: str, text: str) -> bool:
    """Return True if the pattern matches the whole text."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
