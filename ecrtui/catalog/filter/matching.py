"""Ways for a text to match: as a part, as a whole, by wildcard, by regular expression, fuzzily. Case never counts,
but in ``=``.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import repeat

from ecrtui.catalog.filter.errors import FilterError
from ecrtui.catalog.filter.lexer import Term, TermValue, ValueKind
from ecrtui.ecr.units import wildcard_regex

Spans = tuple[tuple[int, int], ...]
"""Parts of a text, as (start, end) pairs; sorted and disjoint."""

_BETWEEN = "\n"
"""Stands between texts that are looked through as one. It changes no letter beside it into another when lowered."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """Which texts match, and where."""

    match_many: Callable[[Sequence[str]], Iterable[bool]]
    """For each of the texts whether it matches. Many are asked about at once, see :mod:`..sieve`."""
    find: Callable[[str], Spans]


def matcher(value: TermValue, *, exact: bool = False) -> Matcher:
    """How the value wants to be matched.

    Raises:
        FilterError: it is no regular expression, or one that could run for ever.
    """
    if value.kind is ValueKind.REGEX:
        return _regex(value)
    if value.kind is ValueKind.FUZZY:
        return _fuzzy(value.text)
    if exact:
        return Matcher(partial(map, value.text.__eq__), lambda text: ((0, len(text)),) if text == value.text else ())
    if value.kind is ValueKind.WORD and ("*" in value.text or "?" in value.text):
        return _by_pattern(_wildcard(value.text))
    return contains(value.text)


def field_matcher(term: Term) -> Matcher:
    """How the value behind a text field wants to be matched: ``:`` takes a part, ``=`` the whole.

    Raises:
        FilterError: nothing stands behind the field, or the operator is a comparison.
    """
    value = term.value
    if term.operator not in (":", "="):
        raise FilterError(
            f"{term.field} is a text and cannot be compared with {term.operator}",
            term.position,
            value.end,
            f"Write {term.field}:text for a part of it, {term.field}=text for the whole.",
        )
    if not value.text:
        raise FilterError(f"nothing stands behind {term.field}{term.operator}", term.position, value.end)
    return matcher(value, exact=term.operator == "=")


def contains(word: str) -> Matcher:
    """The word is a part of the text."""
    lowered = word.lower()
    pattern = re.compile(re.escape(word), re.IGNORECASE)
    return Matcher(partial(_containing, lowered), lambda text: _spans(pattern, text))


def merged(spans: Iterable[tuple[int, int]]) -> Spans:
    """The spans sorted, those that touch made one, empty ones left out."""
    result: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        elif end > start:
            result.append((start, end))
    return tuple(result)


class Texts(tuple[str, ...]):
    """Texts that are looked through more than once."""

    @cached_property
    def lowered(self) -> str:
        """All of them in lower case as one."""
        return _BETWEEN.join(self).lower()


def _containing(lowered: str, texts: Sequence[str]) -> Iterable[bool]:
    """Which texts have the word in them. All of them are lowered and looked through as one, which costs a fraction."""
    joined = (texts if isinstance(texts, Texts) else Texts(texts)).lowered
    if lowered not in joined:
        return repeat(False, len(texts))
    parts = joined.split(_BETWEEN)
    if len(parts) != len(texts):  # one of them has a line feed in it
        return [lowered in text.lower() for text in texts]
    return [lowered in part for part in parts]


def _spans(pattern: re.Pattern[str], text: str) -> Spans:
    return merged(match.span() for match in pattern.finditer(text))


def _by_pattern(pattern: re.Pattern[str]) -> Matcher:
    return Matcher(partial(_found, pattern), lambda text: _spans(pattern, text))


def _found(pattern: re.Pattern[str], texts: Sequence[str]) -> Iterable[bool]:
    search = pattern.search
    return [search(text) is not None for text in texts]


def _wildcard(word: str) -> re.Pattern[str]:
    """The whole text, where ``*`` stands for any run of characters and ``?`` for one."""
    return re.compile(wildcard_regex(word), re.IGNORECASE | re.DOTALL)


def _regex(value: TermValue) -> Matcher:
    problem = _may_backtrack(value.text)
    if problem:
        raise FilterError(problem, value.position, value.end, "One repeat is enough: (ab)+ instead of (a+b+)+.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a doubtful set like [[a] is the user's to see in the result
            pattern = re.compile(value.text, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as wrong:
        place = getattr(wrong, "pos", None)
        position = value.position if place is None else value.position + 1 + place
        title = f"not a regular expression: {getattr(wrong, 'msg', wrong)}"
        raise FilterError(title, position, value.end, "Put a \\ before a character that means itself.") from wrong
    return _by_pattern(pattern)


_ATOMS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_GROUP = re.compile(r"\(([^()]*)\)(?P<repeat>[*+]|\{\d*(?P<open>,)?(?P<most>\d*)\})?")
_FEW = 4
"""So often may something that repeats be repeated."""


def _may_backtrack(pattern: str) -> str:
    """Why the expression could run for ever on a short text, in words; empty if nothing says so.

    Python's engine tries every way to divide a text between a repeat and the repeat around it, and holds the
    interpreter meanwhile: ``(a+)+b`` takes years on thirty characters.
    """
    rest = _ATOMS.sub("x", pattern)
    while group := _GROUP.search(rest):
        inner = group[1]
        varies = any(mark in inner for mark in "*+|{")
        if varies and group["repeat"] and not _few(group):
            return "a repeat or a choice inside a repeat can take for ever"
        kept = "x*" if varies or group["repeat"] else "x"
        rest = rest[: group.start()] + kept + rest[group.end() :]
    return ""


def _few(group: re.Match[str]) -> bool:
    if group["repeat"] in ("*", "+") or (group["open"] and not group["most"]):
        return False
    return int(group["most"] or group["repeat"].strip("{,}") or 0) <= _FEW


def _fuzzy(word: str) -> Matcher:
    """The characters of the word stand in the text in this order, with anything between them."""
    first, *others = (re.escape(character) for character in word)
    # Possessive: each character is the next one of its kind, so there is nothing to try a second time.
    pattern = re.compile(f"({first})" + "".join(f"[^{one}]*+({one})" for one in others), re.IGNORECASE | re.DOTALL)

    def find(text: str) -> Spans:
        tightest: re.Match[str] | None = None
        for start in re.finditer(first, text, re.IGNORECASE):
            match = pattern.match(text, start.start())
            if match and (tightest is None or match.end() - match.start() < tightest.end() - tightest.start()):
                tightest = match
        return merged(tightest.span(number + 1) for number in range(len(word))) if tightest else ()

    return Matcher(partial(_found, pattern), find)
