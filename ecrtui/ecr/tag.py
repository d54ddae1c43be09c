"""Image tags."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ecrtui.ecr.units import format_count, format_number
from ecrtui.errors import UsageError

MAX_LENGTH = 128
"""Characters in a tag that clients can pull (OCI distribution spec). ECR itself stores up to 300."""

MAX_STORED_LENGTH = 300
"""Characters in a tag that ECR stores (``ImageTag`` of its service model)."""

MAX_TAGS_PER_IMAGE = 1000
"""The fixed quota "Tags per image" of ECR."""

_PATTERN = r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"
_WRONG_CHARACTER = r"[^a-zA-Z0-9._-]"


def join_tags(tags: Sequence[str], most: int) -> str:
    """Return tags in one line: at most so many, and the number of the others."""
    more = f" and {format_number(len(tags) - most)} more" if len(tags) > most else ""
    return " ".join(tags[:most]) + more


def tag_error(tag: str) -> str:
    """Return the reason why the text is not a tag; empty if it is one (OCI distribution spec, "Pulling manifests")."""
    if re.fullmatch(_PATTERN, tag):
        return ""
    if not tag:
        return "a tag needs at least one character"
    if len(tag) > MAX_LENGTH:
        return f"a tag has at most {MAX_LENGTH} characters; this one has {len(tag)}"
    if tag[0] in ".-":
        return f"a tag cannot start with {tag[0]!r}"
    return _character_error(tag)


def stored_tag_error(tag: str) -> str:
    """Return the reason why ECR cannot have this tag; empty if it can.

    ECR also stores tags that other clients refuse: longer ones, and those that begin with ``.`` or ``-``. Its error is
    "must satisfy regular expression '[a-zA-Z0-9-_.]+'".
    """
    if tag and len(tag) <= MAX_STORED_LENGTH and not re.search(_WRONG_CHARACTER, tag):
        return ""
    if len(tag) > MAX_STORED_LENGTH:
        return f"a tag in ECR has at most {MAX_STORED_LENGTH} characters; this one has {len(tag)}"
    return tag_error(tag)


def _character_error(tag: str) -> str:
    """Name the first character that a tag cannot contain; by its code point if it may look like another one."""
    wrong = re.search(_WRONG_CHARACTER, tag)
    if wrong is None:
        return ""
    character = wrong[0]
    name = "" if character.isascii() else f" (U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip() + ")"
    return f"a tag cannot contain {character!r}{name}; use the letters a-z and A-Z, digits, '_', '.' and '-'"


def parse_tags(line: str) -> tuple[str, ...]:
    """Return the words of a line, separated by spaces or commas, without duplicates. They may be invalid as tags."""
    return tuple(dict.fromkeys(line.replace(",", " ").split()))


def two_tags(line: str, hint: str) -> tuple[str, str]:
    """Return exactly two tags of a line.

    Raises:
        UsageError: the line has another number of tags; the hint says what to enter.
    """
    found = parse_tags(line)
    if len(found) != 2:
        raise UsageError("Enter two tags", f"{line!r} has {format_count(len(found), 'tag')}", hint)
    return found[0], found[1]
