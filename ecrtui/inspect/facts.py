"""Facts: what a content says, in labelled lines, and the digests that it can be about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from ecrtui.ecr.json_values import to_text
from ecrtui.ecr.units import MAX_TIME, format_date

NOT_VERIFIED = "present, not verified"
"""The note on every signature and statement: ecrtui reads them and verifies none."""

MAX_LINES = 500
"""Lines of one fact, such as the materials of a build."""


class Fact(NamedTuple):
    """A label of ecrtui, and lines that can contain text of the registry, with control characters as they are."""

    label: str
    lines: tuple[str, ...]


class KnownDigests(NamedTuple):
    """The digests that a statement can be about, each with what it is: the index, or a platform.

    Args:
        names: what each digest is.
        no_match: the words about a statement that is about none of them.
    """

    names: Mapping[str, str]
    no_match: str = "matches neither this image nor one of its platforms or artifacts"

    def match(self, digests: Collection[str]) -> str:
        """Return in words whether one of the digests is known."""
        if not any(digests):
            return "it names no digest"
        found = [self.names[digest] for digest in digests if digest in self.names]
        return f"matches {', '.join(found)}" if found else self.no_match


def without_empty(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Return the facts that have a line, each with at most :data:`MAX_LINES` lines."""
    kept = []
    for fact in facts:
        lines = tuple(line for line in fact.lines if line)
        if len(lines) > MAX_LINES:
            lines = (*lines[:MAX_LINES], f"and {len(lines) - MAX_LINES:,} more")
        if lines:
            kept.append(Fact(fact.label, lines))
    return tuple(kept)


def time_of_seconds(value: object) -> str:
    """Return a time in seconds since the epoch as a date; empty if it is none. Version 2 of Rekor writes 0 for none."""
    text = to_text(value)
    known = text.isascii() and text.isdigit() and len(text) <= 12 and 0 < int(text) <= MAX_TIME
    return format_date(float(text)) if known else ""
