"""Image tags."""

from __future__ import annotations

import re

MAX_LENGTH = 128
"""Characters in a tag that clients can pull (OCI distribution spec). ECR itself stores up to 300."""

MAX_TAGS_PER_IMAGE = 1000
"""The fixed quota "Tags per image" of ECR."""

_PATTERN = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


def tag_error(tag: str) -> str:
    """Return the reason why the text is not a tag; empty if it is one (OCI distribution spec, "Pulling manifests")."""
    if _PATTERN.fullmatch(tag):
        return ""
    if not tag:
        return "a tag needs at least one character"
    if len(tag) > MAX_LENGTH:
        return f"a tag has at most {MAX_LENGTH} characters; this one has {len(tag)}"
    if tag[0] in ".-":
        return f"a tag cannot start with {tag[0]!r}"
    wrong = next(character for character in tag if not re.fullmatch(r"[a-zA-Z0-9._-]", character))
    return f"a tag cannot contain {wrong!r}; use letters, digits, '_', '.' and '-'"


def parse_tags(line: str) -> tuple[str, ...]:
    """Return the words of a line, separated by spaces or commas, without duplicates. They may be invalid as tags."""
    return tuple(dict.fromkeys(line.replace(",", " ").split()))
