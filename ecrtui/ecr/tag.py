"""Tags: what ECR accepts, and what clients can pull."""

from __future__ import annotations

import re

MAX_LENGTH = 128
"""Characters in a tag that clients can pull (OCI distribution spec); ECR itself stores up to 300."""

MAX_TAGS_PER_IMAGE = 1000
"""ECR's fixed quota "Tags per image"."""

_PATTERN = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


def tag_error(tag: str) -> str:
    """Why this cannot be a tag, in words; empty if it can (OCI distribution spec, "Pulling manifests")."""
    if _PATTERN.fullmatch(tag):
        return ""
    if not tag:
        return "a tag has at least one character"
    if len(tag) > MAX_LENGTH:
        return f"a tag has at most {MAX_LENGTH} characters, this one has {len(tag)}"
    if tag[0] in ".-":
        return f"a tag cannot begin with {tag[0]!r}"
    wrong = next(character for character in tag if not re.fullmatch(r"[a-zA-Z0-9._-]", character))
    return f"a tag cannot contain {wrong!r}; letters, digits, '_', '.' and '-' only"


def parse_tags(line: str) -> tuple[str, ...]:
    """The tags that were typed on a line, separated by spaces or commas, each once; they may be no tags at all."""
    return tuple(dict.fromkeys(line.replace(",", " ").split()))
