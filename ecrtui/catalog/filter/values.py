"""Values of filters: sizes, ages and dates, numbers, and words of a fixed set."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterable
from functools import partial

from ecrtui.catalog.filter.errors import FilterError
from ecrtui.catalog.filter.lexer import Term, ValueKind
from ecrtui.ecr.units import format_quoted, format_size, parse_date_range, parse_duration, parse_size

Compare = Callable[[float, float], bool]
Test = Callable[[float], bool]

COMPARISONS: dict[str, Compare] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}
_REVERSED: dict[str, Compare] = {
    ">": operator.lt,
    ">=": operator.le,
    "<": operator.gt,
    "<=": operator.ge,
    "=": operator.eq,
}
"""The same comparisons with the limit as the first argument."""


def value_error(term: Term, title: str, hint: str = "") -> FilterError:
    """Return the error for a value that does not fit its field. It points at the value."""
    return FilterError(title, term.value.position, term.value.end, hint)


SPACED_SIZE = r"[\d.]+ [kmgt]?i?b"
"""A size with a blank before its unit, as lists show it."""

SPACED_TIME = r"[\d.]+ (?:s|m|min|h|d|w|mo|y)(?: ago)?|\S+ ago|[\d-]+ \d\d?:\d\d(?::\d\d)?(?: utc)?"
"""An age or a time with blanks in it, as lists show it."""

_ROUNDING = 0.06
"""The most that a size differs from another one that is shown in the same way, as a fraction."""


def size_test(term: Term) -> Test:
    """Return the comparison with a size in bytes, with or without a unit (100MB, 1.5GiB, 2048).

    A size equals all sizes that are shown in the same way: ``size=105MB``. A number without a unit is exact.
    """
    hint = f"Use {term.field}>100MB. Units: kB to TB, KiB to TiB."
    _require_value(term, hint)
    size = parse_size(term.value.text)
    if size is None:
        raise value_error(term, f"{_shown(term)} is not a size", hint)
    if term.operator == "=" and not term.value.text.isdecimal():
        shown = format_size(int(size))
        return lambda each: abs(each - size) <= _ROUNDING * size and format_size(int(each)) == shown
    return _comparison(term, size, hint)


def number_test(term: Term) -> Test:
    """Return the comparison with a whole number."""
    hint = f"Use {term.field}>1."
    _require_value(term, hint)
    if not re.fullmatch(r"\d{1,15}", term.value.text, re.ASCII):
        raise value_error(term, f"{_shown(term)} is not a number", hint)
    return _comparison(term, int(term.value.text), hint)


def time_test(term: Term) -> Callable[[float], Test]:
    """Return a function of the current time.

    It returns the comparison of a time, in seconds since the epoch, with an age (``<7d``: within 7 days) or a date.
    Dates are in local time.
    """
    hint = f"Use {term.field}<7d for the last seven days, or {term.field}>2026-01-31. Units: s m h d w mo y."
    _require_value(term, hint)
    text = term.value.text
    age = parse_duration(text.lower().removesuffix(" ago"))
    if age is not None:
        if term.operator in ("=", ":"):
            raise value_error(term, f"{term.field} with an age needs < or >", hint)
        compare = COMPARISONS[term.operator]
        return lambda now: partial(compare, now - age)
    span = parse_date_range(text)
    if span is None:
        raise value_error(term, f"{_shown(term)} is neither an age nor a date", hint)
    begin, end = span
    tests: dict[str, Test] = {
        ">": lambda moment: moment >= end,
        ">=": lambda moment: moment >= begin,
        "<": lambda moment: moment < begin,
        "<=": lambda moment: moment < end,
    }
    test = tests.get(term.operator, lambda moment: begin <= moment < end)
    return lambda _: test


def one_of(term: Term, words: Iterable[str]) -> str:
    """Return the word that the value equals, or is the unique beginning of."""
    names = sorted(words)
    text = term.value.text.lower()
    if text in names:
        return text
    begun = [name for name in names if text and name.startswith(text)]
    if len(begun) == 1:
        return begun[0]
    word = text.lstrip("!")  # a negation belongs before the field
    near = difflib.get_close_matches(word, names, n=1)
    listed = ", ".join(begun or names)
    meant = f"{'!' * (word != text)}{term.start}{near[0]}" if near and not begun else ""
    hint = f"Did you mean {meant}?" if meant else f"Values: {listed}."
    title = f"{_shown(term)} is ambiguous" if begun else f"{_shown(term)} is not a value of {term.field}"
    raise value_error(term, title if text else f"{term.start} needs a value", hint)


def require_plain(term: Term, *operators: str) -> None:
    """Check that the term has one of these operators and a plain value.

    Raises:
        FilterError: the operator or the notation of the value is another one.
    """
    if term.operator not in operators:
        allowed = " or ".join(operators)
        raise FilterError(
            f"{term.field} does not support {term.operator}",
            term.position,
            term.value.end,
            f"Use {term.field} with {allowed}.",
        )
    if term.value.kind not in (ValueKind.WORD, ValueKind.QUOTED):
        raise value_error(term, f"{term.field} needs a plain word")


def _comparison(term: Term, limit: float, hint: str) -> Test:
    if term.operator == ":":
        raise value_error(term, f"{term.field} needs <, <=, =, >= or >", hint)
    return partial(_REVERSED[term.operator], limit)


def _shown(term: Term) -> str:
    return repr(format_quoted(term.value.text))


def _require_value(term: Term, hint: str) -> None:
    if not term.value.text:
        raise value_error(term, f"{term.start} needs a value", hint)
