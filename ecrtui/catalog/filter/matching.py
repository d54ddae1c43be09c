"""Match texts: by substring, whole text, wildcard, regular expression, or fuzzily.

Only ``=`` is case-sensitive, and not where ECR has a fixed set of words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from ecrtui.catalog.filter.errors import FilterError
from ecrtui.catalog.filter.lexer import Term, TermValue, ValueKind, terms
from ecrtui.ecr.expressions import ExpressionError, compile_expression
from ecrtui.ecr.units import format_quoted, wildcard_regex

Spans = tuple[tuple[int, int], ...]
"""Ranges of a text, as (start, end) pairs; sorted and disjoint."""

_EXPRESSION = re.compile(r"[\^$|()\[\]{}+\\]|\.\*")
"""What makes a word look like a regular expression: no tag and no name of a repository has these characters."""

_EITHER = r"([\w.-]+) (?:or|OR|\|\|?) ([\w.-]+)"

_SEPARATOR = "\n"
"""Joins texts that are searched as one. It does not affect how the letters beside it are lowered."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """A test of texts, and the ranges to highlight in one."""

    match_many: Callable[[Sequence[str]], Iterable[int]]
    """Returns for each text whether it matches, in booleans or in bytes that are 1 or 0. It takes many texts at once;
    see :mod:`..batch_predicate`."""
    find: Callable[[str], Spans]


def matcher(value: TermValue, *, exact: bool = False) -> Matcher:
    """Return the matcher of a value.

    Raises:
        FilterError: the value is not a valid regular expression, or could take exponential time.
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


def field_matcher(term: Term, *, any_case: bool = False) -> Matcher:
    """Return the matcher of a text field: ``:`` matches a part, ``=`` the whole text.

    Args:
        term: the term.
        any_case: True if ``=`` matches in any case: the screen shows the words of ECR in lower case.

    Raises:
        FilterError: the value is missing, or the operator is a comparison.
    """
    value = term.value
    if term.operator not in (":", "="):
        raise FilterError(
            f"{term.field} is text and does not support {term.operator}",
            term.position,
            value.end,
            f"Use {term.field}:text for a part, {term.field}=text for the whole text.",
        )
    if not value.text:
        raise FilterError(f"{term.start} needs a value", term.position, value.end)
    if term.operator == "=" and any_case and value.kind in (ValueKind.WORD, ValueKind.QUOTED):
        return _by_pattern(re.compile(rf"\A{re.escape(value.text)}\Z", re.IGNORECASE))
    return matcher(value, exact=term.operator == "=")


def expression_hint(text: str) -> str:
    """Return how to write the regular expression that a filter, or a word of it, looks like; empty if none does."""
    if (either := re.fullmatch(_EITHER, text.strip())) is not None:
        return f"A row matches all words. For one of them write /{either[1]}|{either[2]}/."
    for term in terms(text):
        value = term.value
        is_short = value.text == format_quoted(value.text)
        if is_short and value.kind is ValueKind.WORD and _EXPRESSION.search(value.text):
            try:
                compile_expression(value.text)
            except ExpressionError:
                continue
            slashed = value.text.replace("/", "\\/")
            return f"For a regular expression write {term.start}/{slashed}/."
    return ""


def contains(word: str) -> Matcher:
    """Return a matcher of texts that contain the word."""
    lowered = word.lower()
    pattern = re.compile(re.escape(word), re.IGNORECASE)
    return Matcher(partial(_containing, lowered), lambda text: _spans(pattern, text))


def merged(spans: Iterable[tuple[int, int]]) -> Spans:
    """Sort spans, join those that touch, and drop empty ones."""
    result: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        elif end > start:
            result.append((start, end))
    return tuple(result)


class Texts(tuple[str, ...]):
    """Texts that are searched more than once."""

    @cached_property
    def lowered(self) -> str:
        """All texts joined, in lower case."""
        return _SEPARATOR.join(self).lower()


def _containing(lowered: str, texts: Sequence[str]) -> Iterable[int]:
    """Return for each text whether it contains the word. One search over all texts costs a fraction of many."""
    joined = (texts if isinstance(texts, Texts) else Texts(texts)).lowered
    if lowered not in joined:
        return bytes(len(texts))
    parts = joined.split(_SEPARATOR)
    if len(parts) != len(texts):  # a text contains a line feed
        return [lowered in text.lower() for text in texts]
    return [lowered in part for part in parts]


def starting_with(start: str, texts: Sequence[str]) -> Sequence[str]:
    """Return the texts that start with a word, in any case. As a rule, one search over all texts finds none."""
    lowered, joined = start.lower(), (texts if isinstance(texts, Texts) else Texts(texts)).lowered
    if not joined.startswith(lowered) and _SEPARATOR + lowered not in joined:
        return ()
    return [text for text in texts if text.lower().startswith(lowered)]


def _spans(pattern: re.Pattern[str], text: str) -> Spans:
    return merged(match.span() for match in pattern.finditer(text))


def _by_pattern(pattern: re.Pattern[str]) -> Matcher:
    return Matcher(partial(_found, pattern), lambda text: _spans(pattern, text))


def _found(pattern: re.Pattern[str], texts: Sequence[str]) -> Iterable[bool]:
    search = pattern.search
    return [search(text) is not None for text in texts]


def _wildcard(word: str) -> re.Pattern[str]:
    """Return the pattern of a whole text; ``*`` matches any characters and ``?`` one."""
    return re.compile(wildcard_regex(word), re.IGNORECASE | re.DOTALL)


def _regex(value: TermValue) -> Matcher:
    try:
        return _by_pattern(compile_expression(value.text, re.IGNORECASE))
    except ExpressionError as error:
        position = value.position if error.position is None else value.position + 1 + error.position
        raise FilterError(str(error), position, value.end, error.hint) from None


def _fuzzy(word: str) -> Matcher:
    """Match texts that contain the characters of the word in this order, with anything between them."""
    first, *others = (re.escape(character) for character in word)
    # Possessive: each character is the next one of its kind, so the engine has nothing to try again.
    pattern = re.compile(f"({first})" + "".join(f"[^{one}]*+({one})" for one in others), re.IGNORECASE | re.DOTALL)

    def find(text: str) -> Spans:
        tightest: re.Match[str] | None = None
        for start in re.finditer(first, text, re.IGNORECASE):
            match = pattern.match(text, start.start())
            if match and (tightest is None or match.end() - match.start() < tightest.end() - tightest.start()):
                tightest = match
        return merged(tightest.span(number + 1) for number in range(len(word))) if tightest else ()

    return Matcher(partial(_found, pattern), find)
