"""Wildcard patterns of ECR: ``*`` matches any text, all else matches itself."""

from __future__ import annotations


def matches_wildcard(pattern: str, text: str) -> bool:
    """Return True if the pattern matches the whole text.

    The time is at most proportional to the product of both lengths. A regular expression with many stars takes
    exponential time.
    """
    first, *others = pattern.split("*")
    if not others:
        return text == first
    *middle, last = others
    if not text.startswith(first):
        return False
    position = len(first)
    for part in middle:
        found = text.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return text.endswith(last) and position + len(last) <= len(text)
