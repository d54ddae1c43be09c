"""How numbers are told: sizes, ages, dates, counts, findings, durations. Pure; what is unknown is told as unknown."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime

UNKNOWN = "–"

AGE_CELLS = 10
"""The width of the longest age, ``59 min ago``: a column of ages does not outgrow its width while it is looked at."""

MINUTE, HOUR, DAY = 60, 3_600, 86_400
MONTH, YEAR = 30 * DAY, 365 * DAY


def size(octets: int | None) -> str:
    """Bytes in powers of 1,000 as the ECR console tells them: ``104 MB``, ``1.2 GB``; unknown if None or negative."""
    if octets is None or octets < 0:
        return UNKNOWN
    if octets < 1_000:
        return f"{octets} B"
    value = float(octets)
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        value /= 1_000
        if value < 9.95:
            return f"{value:.1f} {unit}"
        if value < 999.5:
            return f"{value:.0f} {unit}"
    return f"{value:,.0f} PB"


def number(value: int) -> str:
    """A count with separators: ``4,213``."""
    return f"{value:,}"


def count(value: int, noun: str, plural: str = "") -> str:
    """A count of things: ``1 image``, ``4,213 images``, ``2 repositories`` (plural given)."""
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"


def age(moment: float | None, now: float | None = None, missing: str = "never") -> str:
    """How long ago: ``2 h ago``, ``9 d ago``; the word for missing if there is no moment.

    Args:
        moment: seconds since the epoch.
        now: seconds since the epoch; the clock's if None. A moment in the future is ``just now``.
        missing: what to say without a moment.
    """
    if moment is None:
        return missing
    passed = (time.time() if now is None else now) - moment
    return "just now" if passed < 1 else f"{short_duration(passed)} ago"


def short_duration(seconds: float) -> str:
    """A duration in its greatest unit: ``42 s``, ``5 min``, ``2 h``, ``9 d``, ``3 mo``, ``2 y``."""
    for limit, length, unit in ((MINUTE, 1, "s"), (HOUR, MINUTE, "min"), (DAY, HOUR, "h"), (2 * MONTH, DAY, "d")):
        if seconds < limit:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds // MONTH)} mo" if seconds < YEAR else f"{int(seconds // YEAR)} y"


def duration(seconds: float) -> str:
    """A duration that somebody waits for: ``0.4 s``, ``12 s``, ``2 min 5 s``, ``1 h 3 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def date(moment: float | None, missing: str = UNKNOWN) -> str:
    """A moment in UTC to the second: ``2026-11-23 21:08:58 UTC``."""
    if moment is None:
        return missing
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return missing


def findings(counts: Iterable[tuple[str, int]] | None, missing: str = UNKNOWN) -> str:
    """Findings by severity, worst first: ``1C 3H 5M``; ``none`` for a scan that found nothing.

    Args:
        counts: (severity, count) as an image has them; None if it was not scanned.
        missing: what to say if it was not scanned.
    """
    if counts is None:
        return missing
    return " ".join(f"{value}{severity[:1]}" for severity, value in counts if value) or "none"
