"""The fields of a filter on repositories.

=====================  ===============================================================================================
``word`` ``"a word"``  part of the name; a beginning of ``mutable`` or ``immutable``
``name:`` ``name=``    part of the name (the whole name with the wildcards ``*`` and ``?``); the whole name
``uri:``               the URI
``mutability:``        the setting and its exclusion filters, as shown
``encryption:``        AES256 or KMS; ``key:`` the KMS key
``created<7d``         within seven days; ``created>2026-01-31``: after that day
``is:…``               mutable, immutable, excluding (has exclusion filters), scanning (on push), kms, aes256
``images>100``         and the other totals, see :mod:`ecrtui.catalog.filter.total_fields`
=====================  ===============================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

from ecrtui.catalog.filter.language import (
    Clock,
    Condition,
    Field,
    FilterSchema,
    Mask,
    any_of,
    of_time,
    on_text,
)
from ecrtui.catalog.filter.lexer import Term
from ecrtui.catalog.filter.lexer import ValueKind as Written
from ecrtui.catalog.filter.matching import Matcher, Texts, field_matcher, matcher
from ecrtui.catalog.filter.total_fields import TOTAL_FIELDS
from ecrtui.catalog.filter.values import SPACED_TIME, one_of, require_plain
from ecrtui.catalog.rows.column_cache import cached_column
from ecrtui.ecr.repository import Repository

_MIN_LABEL_LENGTH = 5
"""A beginning of ``mutable`` or ``immutable`` selects these repositories from this length on."""
_LABELS = ("mutable", "immutable")


def _all_names(repositories: Sequence[Repository]) -> Texts:
    return Texts(map(attrgetter("name"), repositories))


def _with_name(found: Matcher) -> Callable[[Sequence[Repository]], Iterable[int]]:
    return lambda repositories: found.match_many(cached_column(repositories, _all_names))


def _name(term: Term, clock: Clock) -> Condition[Repository]:
    found = field_matcher(term)
    return Condition(_with_name(found), {"name": found.find})


def _plain(term: Term, clock: Clock) -> Condition[Repository]:
    found = matcher(term.value)
    word = term.value.text.lower()
    names = _with_name(found)
    labels = [label for label in _LABELS if len(word) >= _MIN_LABEL_LENGTH and label.startswith(word)]
    if not labels or term.value.kind not in (Written.WORD, Written.QUOTED):
        return Condition(names, {"name": found.find})
    start = labels[0]
    return Condition(
        any_of(names, lambda repositories: [str(each.mutability).startswith(start) for each in repositories]),
        {"name": found.find},
    )


def _created(term: Term, clock: Clock) -> Condition[Repository]:
    return Condition(of_time(term, clock, attrgetter("created_at")), {})


_IS: dict[str, Mask[Repository]] = {
    "mutable": lambda repositories: [each.mutability.setting.startswith("MUTABLE") for each in repositories],
    "immutable": lambda repositories: [each.mutability.setting.startswith("IMMUTABLE") for each in repositories],
    "excluding": lambda repositories: [each.mutability.exclusions for each in repositories],
    "scanning": lambda repositories: [each.scan_on_push for each in repositories],
    "kms": lambda repositories: [each.encryption.startswith("KMS") for each in repositories],
    "aes256": lambda repositories: [each.encryption == "AES256" for each in repositories],
}


def _is(term: Term, clock: Clock) -> Condition[Repository]:
    require_plain(term, ":", "=")
    return Condition(_IS[one_of(term, _IS)], {})


REPOSITORIES: FilterSchema[Repository] = FilterSchema(
    plain=Field(_plain, "", _LABELS, _all_names),
    fields={
        "name": Field(_name, texts=_all_names),
        "uri": on_text(lambda repository: repository.uri, "uri"),
        "mutability": on_text(
            lambda repository: str(repository.mutability), "mutability", any_case=True, words=_LABELS
        ),
        "is": Field(_is, words=tuple(_IS)),
        "created": Field(_created, "<", spaced=SPACED_TIME),
        "encryption": on_text(
            lambda repository: repository.encryption, "encryption", any_case=True, words=("AES256", "KMS")
        ),
        "key": on_text(lambda repository: repository.kms_key),
        **TOTAL_FIELDS,
    },
    columns={"repository": "name", "findings": "severity"},
)
