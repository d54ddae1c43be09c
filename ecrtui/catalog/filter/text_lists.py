"""The filter of lists whose fields are texts: plain words look in all of them, and each has a field of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import TypeVar

from ecrtui.catalog.filter.language import (
    Clock,
    Condition,
    Field,
    FilterSchema,
    any_of,
    digest_field_matcher,
    digest_matcher,
    of_time,
)
from ecrtui.catalog.filter.lexer import Term, ValueKind
from ecrtui.catalog.filter.matching import field_matcher, matcher
from ecrtui.catalog.filter.text_column import TextColumn
from ecrtui.catalog.filter.values import SPACED_TIME

Item = TypeVar("Item")
Inner = TypeVar("Inner")
Read = Callable[[Item], Iterable[str]]
"""Returns the texts of an item."""


def text_schema(
    texts: Mapping[str, Read[Item]],
    digests: Mapping[str, Read[Item]] = MappingProxyType({}),
    fields: Mapping[str, Field[Item]] = MappingProxyType({}),
    columns: Mapping[str, str] = MappingProxyType({}),
    further: Read[Item] = lambda item: (),
) -> FilterSchema[Item]:
    """Return the filter of a list.

    Args:
        texts: by field: the texts of an item. Plain words look in all of them.
        digests: by field: the digests of an item. Plain words look in all of them.
        fields: the other fields. They replace those of texts that have the same name.
        columns: the fields of the columns that have another title.
        further: further texts that plain words look in.
    """
    all_texts, all_digests = TextColumn(_joined([*texts.values(), further])), TextColumn(_joined(digests.values()))

    def plain(term: Term, clock: Clock) -> Condition[Item]:
        found = matcher(term.value)
        if term.value.kind is ValueKind.FUZZY:
            return Condition(all_texts.any_matching(found), {"": found.find})
        digest = digest_matcher(term)
        return Condition(
            any_of(all_texts.any_matching(found), all_digests.any_matching(digest)),
            {"": found.find, "digest": digest.find},
        )

    known = {name: text_field(read) for name, read in texts.items()}
    known |= {name: digest_field(read) for name, read in digests.items()}
    return FilterSchema(Field(plain, "", texts=all_texts.texts), {**known, **fields}, columns)


def text_field(read: Read[Item], words: Sequence[str] = ()) -> Field[Item]:
    """Return a field of texts. If its words are a fixed set, ``=`` matches in any case, and they may have blanks."""
    column = TextColumn(read)

    def make(term: Term, clock: Clock) -> Condition[Item]:
        found = field_matcher(term, any_case=bool(words))
        return Condition(column.any_matching(found), {"": found.find})

    return Field(make, words=words, texts=column.texts, spaced="|".join(word for word in words if " " in word))


def digest_field(read: Read[Item]) -> Field[Item]:
    """Return a field of digests, which are written with or without ``sha256:``, from their beginning or as a part."""
    column = TextColumn(read)

    def make(term: Term, clock: Clock) -> Condition[Item]:
        found = digest_field_matcher(term)
        return Condition(column.any_matching(found), {"digest": found.find})

    return Field(make)


def time_field(read: Callable[[Item], float | None]) -> Field[Item]:
    """Return a field of times, in seconds since the epoch."""
    return Field(lambda term, clock: Condition(of_time(term, clock, read), {}), "<", spaced=SPACED_TIME)


def of_inner(field: Field[Inner], read: Callable[[Item], Inner | None]) -> Field[Item]:
    """Return the field of something that an item may have. An item without it matches neither a term nor its negation.

    Args:
        field: the field of what it has.
        read: returns what it has.
    """

    def make(term: Term, clock: Clock) -> Condition[Item]:
        inner = field.condition(term, clock)
        unknown = inner.undecided

        def mask(items: Sequence[Item]) -> list[bool]:
            return _spread(inner.mask, list(map(read, items)), default=False)

        def undecided(items: Sequence[Item]) -> list[bool]:
            return _spread(unknown or (lambda known: bytes(len(known))), list(map(read, items)), default=True)

        return Condition(mask, inner.highlights, undecided, inner.needs)

    def texts(items: Sequence[Item]) -> Sequence[str]:
        return field.texts([found for found in map(read, items) if found is not None])

    return Field(make, field.operator, field.words, texts, field.spaced)


def _spread(
    mask: Callable[[Sequence[Inner]], Iterable[object]], found: Sequence[Inner | None], *, default: bool
) -> list[bool]:
    """Return the flags of what was found, and the default where nothing was."""
    flags = iter(mask([each for each in found if each is not None]))
    return [default if each is None else bool(next(flags)) for each in found]


def _joined(reads: Iterable[Read[Item]]) -> Read[Item]:
    known = tuple(reads)
    return lambda item: chain.from_iterable(read(item) for read in known)
