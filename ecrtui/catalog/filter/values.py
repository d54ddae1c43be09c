"""Values that are compared: sizes, ages and dates, numbers, one of a set of words."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from ecrtui.catalog.filter.errors import FilterError
from ecrtui.catalog.filter.lexer import Kind, Term

Compare = Callable[[float, float], bool]
Test = Callable[[float], bool]

COMPARISONS: dict[str, Compare] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}
_TURNED: dict[str, Compare] = {
    ">": operator.lt,
    ">=": operator.le,
    "<": operator.gt,
    "<=": operator.ge,
    "=": operator.eq,
}
"""What compares a limit with a value as the value is to be compared with the limit."""

_UNITS = {"": 1, "b": 1}
_UNITS |= {name + end: 1000**power for power, name in enumerate("kmgt", 1) for end in ("", "b")}
_UNITS |= {name + "ib": 1024**power for power, name in enumerate("kmgt", 1)}
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]*)", re.ASCII)

_DAY = 86_400
_AGE_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": _DAY, "w": 7 * _DAY, "mo": 30 * _DAY, "y": 365 * _DAY}
_AGE_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(mo|[smhdwy])", re.ASCII | re.IGNORECASE)
_AGE = re.compile(rf"(?:{_AGE_PART.pattern})+", re.ASCII | re.IGNORECASE)
_DATES = (("%Y-%m-%dT%H:%M:%S", 1), ("%Y-%m-%dT%H:%M", 60), ("%Y-%m-%d", _DAY))


def wrong(term: Term, title: str, hint: str = "") -> FilterError:
    """The error for a value that does not fit its field; points at the value."""
    return FilterError(title, term.value.position, term.value.end, hint)


def size_test(term: Term) -> Test:
    """The comparison with a size in bytes, written with or without a unit (100MB, 1.5GiB, 2048)."""
    hint = f"Write {term.field}>100MB; there are kB, MB, GB, TB and KiB, MiB, GiB, TiB."
    _something(term, hint)
    match = _SIZE.fullmatch(term.value.text)
    unit = _UNITS.get(match["unit"].lower()) if match else None
    if match is None or unit is None:
        raise wrong(term, f"{_shown(term)} is not a size", hint)
    return _comparison(term, float(match["number"]) * unit, hint)


def number_test(term: Term) -> Test:
    """The comparison with a whole number."""
    hint = f"Write {term.field}>1."
    _something(term, hint)
    if not re.fullmatch(r"\d{1,15}", term.value.text, re.ASCII):
        raise wrong(term, f"{_shown(term)} is not a number", hint)
    return _comparison(term, int(term.value.text), hint)


def time_test(term: Term, now: float) -> Test:
    """The comparison of a point in time (seconds since the epoch) with an age (``<7d``: within 7 days) or a date.

    Dates are the user's own: local time.
    """
    hint = f"Write {term.field}<7d for the last seven days, or {term.field}>2026-01-31. Units: s m h d w mo y."
    _something(term, hint)
    text = term.value.text
    if _AGE.fullmatch(text):
        if term.operator in ("=", ":"):
            raise wrong(term, f"{term.field} is compared with an age by < or >", hint)
        age = sum(float(number) * _AGE_UNITS[unit.lower()] for number, unit in _AGE_PART.findall(text))
        return partial(COMPARISONS[term.operator], now - age)
    span = _date(text)
    if span is None:
        raise wrong(term, f"{_shown(term)} is neither an age nor a date", hint)
    begin, end = span
    tests: dict[str, Test] = {
        ">": lambda moment: moment >= end,
        ">=": lambda moment: moment >= begin,
        "<": lambda moment: moment < begin,
        "<=": lambda moment: moment < end,
    }
    return tests.get(term.operator, lambda moment: begin <= moment < end)


def one_of(term: Term, words: Iterable[str]) -> str:
    """The word of these that the value names or uniquely begins."""
    names = sorted(words)
    text = term.value.text.lower()
    if text in names:
        return text
    begun = [name for name in names if text and name.startswith(text)]
    if len(begun) == 1:
        return begun[0]
    near = difflib.get_close_matches(text, names, n=1)
    listed = ", ".join(begun or names)
    hint = f"Did you mean {term.field}{term.operator}{near[0]}?" if near and not begun else f"There are {listed}."
    title = f"{_shown(term)} could be several" if begun else f"{term.field} cannot be {_shown(term)}"
    raise wrong(term, title if text else f"nothing stands behind {term.field}{term.operator}", hint)


def plain(term: Term, *operators: str) -> None:
    """See to it that the term has one of these operators and a plain value.

    Raises:
        FilterError: it has not.
    """
    if term.operator not in operators:
        allowed = " or ".join(operators)
        raise FilterError(
            f"{term.field} does not take {term.operator}",
            term.position,
            term.value.end,
            f"Write {term.field} with {allowed}.",
        )
    if term.value.kind not in (Kind.WORD, Kind.QUOTED):
        raise wrong(term, f"{term.field} takes a plain word")


def _comparison(term: Term, limit: float, hint: str) -> Test:
    if term.operator == ":":
        raise wrong(term, f"{term.field} is compared with <, <=, =, >= or >", hint)
    return partial(_TURNED[term.operator], limit)


def _date(text: str) -> tuple[float, float] | None:
    """The first second of the date or time, and the first one behind it."""
    for layout, length in _DATES:
        try:
            moment = datetime.strptime(text.upper(), layout)
            return moment.timestamp(), (moment + timedelta(seconds=length)).timestamp()
        except (ValueError, OverflowError, OSError):
            continue
    return None


def _shown(term: Term) -> str:
    return repr(term.value.text)


def _something(term: Term, hint: str) -> None:
    if not term.value.text:
        raise wrong(term, f"nothing stands behind {term.field}{term.operator}", hint)
