"""The parts of a line, such as counts. A narrow line has short ones, then fewer: a cut number would mislead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from rich.cells import cell_len

from ecrtui.ecr import units

AGE_INTERVAL = 60.0
"""Seconds between two looks at the age of data."""

SEPARATOR = " · "
"""Between the parts of a status."""


class Drop(IntEnum):
    """How soon a narrow line leaves out a part: the greatest number first, and of equal ones the last part."""

    NEVER = 0
    """What the user works on: marked, matching and refused rows."""
    LAST = 1
    """What goes on or is wrong."""
    LATE = 2
    """The numbers that a decision needs: all rows, orphans."""
    EARLY = 3
    FIRST = 4
    """What is good to know: bytes, ages."""


class LinePart(NamedTuple):
    """A part of a line.

    Args:
        forms: its texts, the longest one first.
        drop: how soon it is left out.
        rest: what takes its place then, the longest text first: of a tab, its name without the counts; of a sentence,
            its first words.
    """

    forms: tuple[str, ...]
    drop: int = Drop.NEVER
    rest: tuple[str, ...] = ("",)


def line_part(*forms: str, drop: int = Drop.NEVER) -> LinePart:
    """Return a part with these texts, the longest one first."""
    return LinePart(forms, drop)


def throttled_part(seconds: float) -> LinePart:
    """Return that the service throttles, and the seconds until the next request."""
    return line_part(f"throttled by the service, {seconds:.0f} s", f"throttled, {seconds:.0f} s", drop=Drop.LAST)


def read_part(seconds: float) -> LinePart:
    """Return how long ago the data was read. It has no seconds, so an idle terminal gets one change a minute."""
    if seconds < units.MINUTE:
        return line_part("read now", drop=Drop.FIRST)
    return line_part(f"read {units.format_short_duration(seconds)} ago", drop=Drop.LATE)


def parts_in_order(status: str) -> tuple[LinePart, ...]:
    """Return the parts of a status, of which the first ones matter most."""
    return tuple(LinePart((text,), drop) for drop, text in enumerate(status.split(SEPARATOR)) if text)


def full_line(parts: Iterable[LinePart]) -> str:
    """Return the line of a status with all of its parts."""
    return SEPARATOR.join(part.forms[0] for part in parts)


def fit_parts(parts: Sequence[LinePart], room: int, gap: int) -> list[str]:
    """Return the text of each part on a line; empty for a part that is left out.

    All parts have their shortest text before one is left out. Then the room that is left goes to longer texts of the
    parts that are left out last. The line is too long only if its parts cannot be shorter.

    Args:
        parts: the parts, in the order of the line.
        room: cells of the line.
        gap: cells between two parts.
    """
    texts = [part.forms[-1] for part in parts]
    kept = list(parts)
    order = sorted(range(len(parts)), key=lambda number: (parts[number].drop, number))
    for stage in range(max((len(part.rest) for part in parts), default=0)):
        for number in reversed(order):
            part = parts[number]
            if line_width(texts, gap) > room and part.drop and stage < len(part.rest):
                texts[number] = part.rest[stage]
                kept[number] = LinePart(part.rest[stage : stage + 1])
    for number in order:
        for text in kept[number].forms:
            longer = [*texts[:number], text, *texts[number + 1 :]]
            if line_width(longer, gap) <= room:
                texts = longer
                break
    return texts


def line_width(texts: Iterable[str], gap: int) -> int:
    """Return the cells of a line with these texts; an empty text is not on it."""
    widths = [cell_len(text) for text in texts if text]
    return sum(widths) + gap * max(len(widths) - 1, 0)
