"""Complete the last word of a filter: to a field with its operator, a value of the field, or a text of the rows.

Nothing is read for it. The texts of rows are in columns that filters have cached, so 100,000 rows take a millisecond.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from ecrtui.catalog.filter.errors import FilterError
from ecrtui.catalog.filter.language import Field, FilterSchema
from ecrtui.catalog.filter.lexer import Term, ValueKind, terms
from ecrtui.catalog.filter.matching import starting_with
from ecrtui.catalog.rows.column_cache import column_at_hand

Item = TypeVar("Item")

_WILDCARDS = frozenset("*?")


def complete(text: str, schema: FilterSchema[Item], rows: Iterable[Sequence[Item]]) -> Iterator[str]:
    """Yield what can follow a filter to complete its last word, the best first.

    Args:
        text: the filter.
        schema: its fields.
        rows: rows of the list; see :meth:`~ecrtui.catalog.rows.rows.Rows.at_hand`.
    """
    term = _last_term(text, schema)
    if term is None:
        return
    start, seen = term.value.text, {""}
    for word in chain(_names(term, schema), _values(term, schema, rows)):
        ending = word[len(start) :]
        if ending not in seen:
            seen.add(ending)
            yield ending


def _last_term(text: str, schema: FilterSchema[Item]) -> Term | None:
    """Return the term that a filter ends in, if it can be completed."""
    try:
        found = schema.terms(text)
    except FilterError:
        return None
    ends = found and found[-1].value.end == len(text) and found[-1].value.kind is ValueKind.WORD
    return found[-1] if ends else None


def _names(term: Term, schema: FilterSchema[Item]) -> Iterator[str]:
    """Yield the fields that a plain word begins, each with its usual operator."""
    if not term.field:
        names = starting_with(term.value.text, tuple(schema.fields))
        yield from (name + schema.fields[name].operator for name in names)


def _values(term: Term, schema: FilterSchema[Item], rows: Iterable[Sequence[Item]]) -> Iterator[str]:
    """Yield the values of the field that start as the value of the term does."""
    field = schema.fields.get(term.field) if term.field else schema.plain
    if field is not None:
        known = starting_with(term.value.text, field.words)
        yield from (word for word in chain(known, _texts(term, field, rows)) if _is_valid(term, word, schema))


def _texts(term: Term, field: Field[Item], rows: Iterable[Sequence[Item]]) -> Iterator[str]:
    start = term.value.text
    for items in rows:
        found = starting_with(start, column_at_hand(items, field.texts) or ())
        yield from (text for text in found if term.operator != "=" or text.startswith(start))


def _is_valid(term: Term, word: str, schema: FilterSchema[Item]) -> bool:
    """Return True if the completed value is read as this word, fits its field, and does nothing to a terminal."""
    value = term.value.text + word[len(term.value.text) :]
    try:
        completed = list(terms(term.start + value))
        for each in completed:
            schema.condition(each, time.time)
    except FilterError:
        return False
    return (
        [(each.field, each.value.kind, each.value.text) for each in completed] == [(term.field, ValueKind.WORD, value)]
        and value.lower() == word.lower()
        and value.isprintable()
        and _WILDCARDS.isdisjoint(value)
    )
