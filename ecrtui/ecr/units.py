"""Sizes, counts, ages, durations, times and wildcards: format them for people, and read what people type.

Pure and standard library only. Patterns are compiled when they are first used: the first frame does not need them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

UNKNOWN = "–"
"""The text for a value that is not known."""

MAX_AGE_WIDTH = 10
"""Cells of the longest age, ``59 min ago``, so that a column of ages keeps its width."""

MINUTE, HOUR, DAY = 60, 3_600, 86_400
WEEK, MONTH, YEAR = 7 * DAY, 30 * DAY, 365 * DAY

DURATION_UNITS = {"s": 1, "m": MINUTE, "min": MINUTE, "h": HOUR, "d": DAY, "w": WEEK, "mo": MONTH, "y": YEAR}
"""Seconds in each unit that :func:`parse_duration` reads."""

MAX_TIME = 253_402_214_400
"""Seconds since the epoch: the last day of the year 9999, which every time zone can show."""

_DURATION_PART = r"(\d{1,9}(?:\.\d{1,9})?)\s*(mo|min|[smhdwy])\s*"
_DATE_LAYOUTS = (("%Y-%m-%dT%H:%M:%S", 1), ("%Y-%m-%dT%H:%M", MINUTE), ("%Y-%m-%d", DAY))
_UTC = r"(?:\s*UTC|(?<=\d)Z)$"

_SIZE_UNITS = {"": 1, "b": 1}
_SIZE_UNITS |= {name + end: 1000**power for power, name in enumerate("kmgt", 1) for end in ("", "b")}
_SIZE_UNITS |= {name + "ib": 1024**power for power, name in enumerate("kmgt", 1)}


def format_size(size_bytes: int | None) -> str:
    """Return bytes in powers of 1,000, as the ECR console shows them: ``104 MB``, ``1.2 GB``.

    None and negative numbers are unknown.
    """
    if size_bytes is None or size_bytes < 0:
        return UNKNOWN
    if size_bytes < 1_000:
        return f"{size_bytes} B"
    value = float(size_bytes)
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        value /= 1_000
        if value < 9.95:
            return f"{value:.1f} {unit}"
        if value < 999.5:
            return f"{value:.0f} {unit}"
    return f"{value:,.0f} PB"


def format_exact_size(size_bytes: int | None) -> str:
    """Return bytes as :func:`format_size` does, and their number where that is rounded: ``26 MB, 26,192,845 bytes``."""
    rounded = format_size(size_bytes)
    return rounded if size_bytes is None or size_bytes < 1_000 else f"{rounded}, {size_bytes:,} bytes"


def parse_size(text: str) -> float | None:
    """Return the bytes of a size such as ``100MB``, ``1.5GiB`` or ``2048``; None if the text is not a size."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text, re.ASCII | re.IGNORECASE)
    unit = _SIZE_UNITS.get(match[2].lower()) if match else None
    return None if match is None or unit is None else float(match[1]) * unit


def format_number(value: int) -> str:
    """Return a number with separators: ``4,213``."""
    return f"{value:,}"


def format_count(value: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 image``, ``4,213 images``, ``2 repositories`` (with this plural)."""
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"


def format_names(names: Iterable[str], limit: int = 10) -> str:
    """Return names with commas between them ("a, b"); of more than ``limit`` only the first ("a, b and 1,998 more")."""
    known = list(names)
    rest = f" and {format_number(len(known) - limit)} more" if len(known) > limit else ""
    return ", ".join(known[:limit]) + rest


def format_quoted(text: str) -> str:
    """Return a text that a message quotes; of more than 50 characters only the beginning, with ``…``."""
    return text if len(text) <= 50 else f"{text[:49]}…"


def format_finding_counts(counts: Iterable[tuple[str, int]] | None, missing: str = UNKNOWN) -> str:
    """Return findings by severity: ``1C 3H 5M``, or ``none`` for a scan without findings.

    Args:
        counts: (severity, count) pairs, worst first; None if the image was not scanned.
        missing: the text for an image that was not scanned.
    """
    if counts is None:
        return missing
    return " ".join(f"{value}{severity[:1]}" for severity, value in counts if value) or "none"


def format_age(moment: float | None, now: float | None = None, missing: str = UNKNOWN) -> str:
    """Return how long ago a moment was: ``2 h ago``, ``9 d ago``; of one in the future when it will be: ``in 3 d``.

    Less than a minute ahead is ``just now``: clocks differ. Lists and summaries show ages. Details show the moment
    itself; see :func:`format_date`.

    Args:
        moment: seconds since the epoch.
        now: seconds since the epoch; the current time if None.
        missing: the text if there is no moment. By default it is not known.
    """
    if moment is None:
        return missing
    passed = (time.time() if now is None else now) - moment
    if passed <= -MINUTE:
        return f"in {format_short_duration(-passed)}"
    return "just now" if passed < 1 else f"{format_short_duration(passed)} ago"


def format_short_duration(seconds: float) -> str:
    """Return a duration in its largest unit: ``42 s``, ``5 min``, ``2 h``, ``9 d``, ``3 mo``, ``2 y``."""
    for limit, length, unit in ((MINUTE, 1, "s"), (HOUR, MINUTE, "min"), (DAY, HOUR, "h"), (2 * MONTH, DAY, "d")):
        if seconds < limit:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds // MONTH)} mo" if seconds < YEAR else f"{int(seconds // YEAR)} y"


def format_duration(seconds: float) -> str:
    """Return a waiting time: ``0.4 s``, ``12 s``, ``2 min 5 s``, ``1 h 3 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def duration_in_words(seconds: float) -> str:
    """Return a duration in one unit, in words: ``9 days``, ``2 hours``, ``1 minute``."""
    for unit, length in (("day", DAY), ("hour", HOUR), ("minute", MINUTE)):
        if seconds >= length:
            return format_count(int(seconds // length), unit)
    return "less than a minute"


def parse_duration(text: str) -> float | None:
    """Return the seconds of a duration such as ``30m``, ``12h``, ``1mo`` or ``1d12h``; None if the text is not one."""
    if not re.fullmatch(f"(?:{_DURATION_PART})+", text.strip(), re.ASCII | re.IGNORECASE):
        return None
    parts = re.findall(_DURATION_PART, text, re.ASCII | re.IGNORECASE)
    return sum(float(number) * DURATION_UNITS[unit.lower()] for number, unit in parts)


def format_date(moment: float | None, missing: str = UNKNOWN) -> str:
    """Return a moment in UTC, to the second: ``2026-11-23 21:08:58 UTC``."""
    if moment is None:
        return missing
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return missing


def reformat_iso_time(text: str) -> str:
    """Return an ISO 8601 time of a document as :func:`format_date` writes it.

    Return any other text as it is, and also a time without a zone, because its moment is not known.
    """
    return format_date(parse_zoned_time(text), text)


def format_iso_time(moment: float | None, precision: str = "auto") -> str:
    """Return a moment as ISO 8601 in UTC; empty if there is none.

    Args:
        moment: seconds since the epoch.
        precision: the ``timespec`` of :meth:`datetime.datetime.isoformat`, such as ``seconds``.
    """
    return "" if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec=precision)


def parse_iso_time(text: str) -> float | None:
    """Return an ISO 8601 time that a user types, in seconds since the epoch; None if the text is not one.

    The time is local if it names no zone.
    """
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def parse_zoned_time(text: str) -> float | None:
    """Return an ISO 8601 time of a document in seconds since the epoch.

    Return None if the text is not one, or names no zone: its moment is not known then. Programs in Go write the first
    second of year 1 for a time that is not set.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None or moment.replace(tzinfo=None) == datetime.min else moment.timestamp()


def parse_date_range(text: str) -> tuple[float, float] | None:
    """Return the first second of a date or time, and the first second after it; None if the text is neither.

    It is local, or in UTC if the text ends with ``UTC`` or ``Z``. A time follows the date after ``T`` or a blank.
    """
    local = re.sub(_UTC, "", text.strip().upper())
    zone = None if local == text.strip().upper() else UTC
    for layout, length in _DATE_LAYOUTS:
        try:
            moment = datetime.strptime(re.sub(r"(?<=\d) (?=\d)", "T", local), layout).replace(tzinfo=zone)
            return moment.timestamp(), (moment + timedelta(seconds=length)).timestamp()
        except (ValueError, OverflowError, OSError):
            continue
    return None


def matches_wildcard(pattern: str, text: str) -> bool:
    """Return True if the whole text matches a pattern of ECR: ``*`` is any run of characters, the rest is literal.

    It takes linear time; a regular expression with many stars could take very long on a long tag.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return text == first
    if not text.startswith(first):
        return False
    position = len(first)
    *middle, last = rest
    for part in middle:
        found = text.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return text.endswith(last) and len(text) - len(last) >= position


def wildcard_regex(pattern: str) -> str:
    """Return a regular expression for a whole text: ``*`` is any run of characters and ``?`` any one character.

    It takes linear time for each star: the first place of what follows a star is as good as any later one, so the
    engine does not come back to it. A tag of 128 hyphens would otherwise take minutes for ``*-*-*-*-*-*x``.
    """
    first, *rest = (".".join(map(re.escape, part.split("?"))) for part in re.split(r"\*+", pattern))
    if not rest:
        return rf"\A{first}\Z"
    *middle, last = rest
    return rf"\A{first}{''.join(f'(?>.*?{part})' for part in middle)}.*{last}\Z"
