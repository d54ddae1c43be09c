"""The filter language on repositories.

=====================  ===============================================================================================
``word`` ``"a word"``  in the name; ``mutable`` and ``immutable`` by their beginning
``name:`` ``name=``    a part of the name (``*`` and ``?`` stand for anything: then the whole), the whole name
``uri:``               the URI
``mutability:``        the setting and its exclusion filters, as they are shown
``encryption:``        AES256, KMS; ``key:`` the KMS key
``created<7d``         within seven days; ``created>2026-01-31``: after that day
``is:…``               mutable, immutable, excluding (has exclusion filters), scanning (on push), kms, aes256
=====================  ===============================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from ecrtui.catalog.filter.language import Condition, FilterSchema, Mask, any_of, of_text, on_text
from ecrtui.catalog.filter.lexer import Term
from ecrtui.catalog.filter.lexer import ValueKind as Written
from ecrtui.catalog.filter.matching import matcher
from ecrtui.catalog.filter.values import one_of, require_plain, time_test
from ecrtui.ecr.repository import Repository

_LABEL_LENGTH = 5
"""Characters from which on a word that begins ``mutable`` or ``immutable`` means it."""
_NAME: Callable[[Repository], str] = attrgetter("name")


def _plain(term: Term) -> Condition[Repository]:
    found = matcher(term.value)
    word = term.value.text.lower()
    names = of_text(_NAME, found)
    labels = [label for label in ("mutable", "immutable") if len(word) >= _LABEL_LENGTH and label.startswith(word)]
    if not labels or term.value.kind not in (Written.WORD, Written.QUOTED):
        return Condition(names, {"name": found.find})
    start = labels[0]
    return Condition(
        any_of(names, lambda repositories: [str(each.mutability).startswith(start) for each in repositories]),
        {"name": found.find},
    )


def _created(term: Term, now: float) -> Condition[Repository]:
    test = time_test(term, now)
    return Condition(
        lambda repositories: [each.created_at is not None and test(each.created_at) for each in repositories], {}
    )


_IS: dict[str, Mask[Repository]] = {
    "mutable": lambda repositories: [each.mutability.setting.startswith("MUTABLE") for each in repositories],
    "immutable": lambda repositories: [each.mutability.setting.startswith("IMMUTABLE") for each in repositories],
    "excluding": lambda repositories: [each.mutability.exclusions for each in repositories],
    "scanning": lambda repositories: [each.scan_on_push for each in repositories],
    "kms": lambda repositories: [each.encryption.startswith("KMS") for each in repositories],
    "aes256": lambda repositories: [each.encryption == "AES256" for each in repositories],
}


def _is(term: Term, now: float) -> Condition[Repository]:
    require_plain(term, ":", "=")
    return Condition(_IS[one_of(term, _IS)], {})


REPOSITORIES: FilterSchema[Repository] = FilterSchema(
    plain=_plain,
    fields={
        "name": on_text(_NAME, "name"),
        "uri": on_text(lambda repository: repository.uri, "uri"),
        "mutability": on_text(lambda repository: str(repository.mutability), "mutability"),
        "is": _is,
        "created": _created,
        "encryption": on_text(lambda repository: repository.encryption, "encryption"),
        "key": on_text(lambda repository: repository.kms_key),
    },
)
