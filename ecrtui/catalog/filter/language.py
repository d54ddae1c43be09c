"""Filter schemas: the condition of a plain word, and the condition of each field."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import reduce
from itertools import repeat
from operator import or_
from typing import Generic, TypeVar

from ecrtui.catalog.filter.errors import FilterError
from ecrtui.catalog.filter.lexer import Term, ValueKind, terms
from ecrtui.catalog.filter.matching import Matcher, Spans, contains, field_matcher, matcher
from ecrtui.catalog.filter.values import time_test
from ecrtui.ecr.units import format_quoted

Item = TypeVar("Item")
Clock = Callable[[], float]
"""Returns the current time in seconds since the epoch. An age counts from the time at which a mask is computed."""
Mask = Callable[[Sequence[Item]], Iterable[object]]
"""Returns a truthy value for each item that matches, in the order of the items."""

MIN_DIGEST_PART = 4
"""Search for a word inside digests only from this length on: nearly every digest contains any one or two digits."""


class Knowledge(Enum):
    """A fact that a listing does not have. A filter that needs it has to read it."""

    FINDINGS = "findings"
    """The last scan of an image."""
    INDEX_PARTS = "index parts"
    """The indexes that an image is a part of."""
    TOTALS = "totals"
    """The totals of a repository."""


_HEXADECIMAL = frozenset("0123456789abcdef")
_PREFIX = "sha256:"


@dataclass(frozen=True, slots=True)
class Condition(Generic[Item]):
    """The test of one term, and what it highlights."""

    mask: Mask[Item]
    highlights: Mapping[str, Callable[[str], Spans]]
    """Finders of the ranges to highlight, by the name of the shown value ("tag", "digest", "kind", "name")."""
    undecided: Mask[Item] | None = None
    """Returns a truthy value for each item of which it is not known whether it matches. Such an item matches neither
    the term nor its negation. None if everything that the term reads is always known."""
    needs: Knowledge | None = None
    """What has to be read to decide about these items."""


def _no_texts(items: Sequence[Item]) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Field(Generic[Item]):
    """A field of a filter, or the plain words."""

    condition: Callable[[Term, Clock], Condition[Item]]
    """Returns the condition of a term; raises FilterError if the value does not fit."""
    operator: str = ":"
    """The operator that a completed name gets."""
    words: Sequence[str] = ()
    """Values that are known without any item: a value can be completed to one of them."""
    texts: Callable[[Sequence[Item]], Sequence[str]] = _no_texts
    """Returns the texts of items that a value can be completed to. If a filter reads them as a cached column, this is
    the function that computes it."""
    spaced: str = ""
    """A pattern of values that have blanks in them; in any case."""


@dataclass(frozen=True, slots=True)
class FilterSchema(Generic[Item]):
    """The plain words and the fields of a filter."""

    plain: Field[Item]
    fields: Mapping[str, Field[Item]]
    columns: Mapping[str, str] = field(default_factory=dict)
    """The fields of the columns that have another title."""

    def terms(self, text: str) -> Sequence[Term]:
        """Return the terms of a filter. A word that continues the value before it is part of that value.

        Raises:
            FilterError: a delimiter is not closed, or a value is missing.
        """
        found: list[Term] = []
        for term in terms(text):
            last = found[-1] if found else None
            is_word = not term.negated and not term.field and term.value.kind is ValueKind.WORD
            if last is not None and is_word and last.value.kind is ValueKind.WORD and last.field in self.fields:
                value = f"{last.value.text} {term.value.text}"
                if re.fullmatch(self.fields[last.field].spaced, value, re.IGNORECASE):
                    found[-1] = replace(last, value=replace(last.value, text=value, end=term.value.end))
                    continue
            found.append(term)
        return found

    def condition(self, term: Term, clock: Clock) -> Condition[Item]:
        """Return the condition of a term.

        Raises:
            FilterError: the field is unknown, or the value does not fit it.
        """
        if not term.field:
            return self.plain.condition(term, clock)
        if term.field not in self.fields:
            known = self.columns.get(term.field, term.field)
            near = difflib.get_close_matches(known, self.fields, n=1)
            listed = f"Did you mean {self._proposal(term, near[0])}?" if near else f"Fields: {', '.join(self.fields)}."
            hint = f"{listed} Use quotation marks to search for the text."
            end = term.position + len(term.field)
            raise FilterError(f"unknown field {format_quoted(term.field)!r}", term.position, end, hint)
        return self.fields[term.field].condition(term, clock)

    def _proposal(self, term: Term, field: str) -> str:
        """Return the term with another field; only the name of the field if the term does not work with it."""
        meant = replace(term, field=field)
        try:
            self.condition(meant, time.time)
        except FilterError:
            return field
        written = f"{meant.start}{meant.value.text}"
        return written if term.value.kind is ValueKind.WORD and written == format_quoted(written) else field


def on_text(
    read: Callable[[Item], str], shown: str = "", *, any_case: bool = False, words: Sequence[str] = ()
) -> Field[Item]:
    """Return a field that is one text. See :func:`.field_matcher` for ``any_case``."""

    def make(term: Term, clock: Clock) -> Condition[Item]:
        found = field_matcher(term, any_case=any_case)
        return Condition(of_text(read, found), {shown: found.find} if shown else {})

    return Field(make, words=words, texts=_no_texts if words else lambda items: list(map(read, items)))


def of_time(
    term: Term, clock: Clock, read: Callable[[Item], float | None]
) -> Callable[[Sequence[Item]], Sequence[bool]]:
    """Return a mask of the items whose time, if it is known, compares so with an age or a date."""
    test_at = time_test(term)

    def mask(items: Sequence[Item]) -> list[bool]:
        test = test_at(clock())
        return [moment is not None and test(moment) for moment in map(read, items)]

    return mask


def of_text(read: Callable[[Item], str], found: Matcher) -> Callable[[Sequence[Item]], Iterable[int]]:
    """Return a mask of the items whose text matches."""
    return lambda items: found.match_many(list(map(read, items)))


def any_of(*masks: Callable[[Sequence[Item]], Iterable[int]]) -> Callable[[Sequence[Item]], bytes]:
    """Return a mask of the items that any of these masks matches. They return booleans, or bytes that are 1 or 0."""

    def mask(items: Sequence[Item]) -> bytes:
        flags = (int.from_bytes(bytes(each(items)), "little") for each in masks)
        return reduce(or_, flags).to_bytes(len(items), "little")  # a number takes a fraction of a loop

    return mask


def digest_matcher(term: Term) -> Matcher:
    """Return the matcher of a digest, written with or without ``sha256:``, from its beginning or as a part."""
    if term.value.kind is not ValueKind.WORD or "*" in term.value.text or "?" in term.value.text:
        return matcher(term.value)
    word = term.value.text.lower()
    if word.startswith(_PREFIX) or len(word) < MIN_DIGEST_PART:
        return _digest_prefix(word.removeprefix(_PREFIX))
    return contains(word) if _HEXADECIMAL.issuperset(word) or word in _PREFIX else NEVER


def digest_field_matcher(term: Term) -> Matcher:
    """Return the matcher of a field that is a digest; see :func:`.field_matcher`."""
    exact = field_matcher(term)
    return exact if term.operator == "=" else digest_matcher(term)


def _digest_prefix(digits: str) -> Matcher:
    if not _HEXADECIMAL.issuperset(digits):
        return NEVER
    whole = _PREFIX + digits

    def find(text: str) -> Spans:
        start = len(_PREFIX) if text.startswith(_PREFIX) else 0
        shown = digits[: len(text) - start]
        return ((start, start + len(shown)),) if shown and text.startswith(shown, start) else ()

    return Matcher(lambda digests: [digest.startswith(whole) for digest in digests], find)


NEVER = Matcher(lambda texts: repeat(False, len(texts)), lambda text: ())
"""Matches nothing: a word that no digest can contain."""
