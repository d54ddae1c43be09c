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

from ecrtui.model.filter.language import Condition, Language, Predicate, on_text
from ecrtui.model.filter.lexer import Kind as Written
from ecrtui.model.filter.lexer import Term
from ecrtui.model.filter.matching import matcher
from ecrtui.model.filter.values import one_of, plain, time_test
from ecrtui.model.image import Repository

_LABEL_LENGTH = 5
"""Characters from which on a word that begins ``mutable`` or ``immutable`` means it."""


def _plain(term: Term) -> Condition[Repository]:
    found = matcher(term.value)
    test, word = found.test, term.value.text.lower()
    labels = [label for label in ("mutable", "immutable") if len(word) >= _LABEL_LENGTH and label.startswith(word)]
    if not labels or term.value.kind not in (Written.WORD, Written.QUOTED):
        return Condition(lambda repository: test(repository.name), {"name": found.find})
    start = labels[0]
    return Condition(
        lambda repository: test(repository.name) or str(repository.mutability).startswith(start), {"name": found.find}
    )


def _created(term: Term, now: float) -> Condition[Repository]:
    test = time_test(term, now)
    return Condition(lambda repository: repository.created_at is not None and test(repository.created_at), {})


_IS: dict[str, Predicate[Repository]] = {
    "mutable": lambda repository: repository.mutability.setting.startswith("MUTABLE"),
    "immutable": lambda repository: repository.mutability.setting.startswith("IMMUTABLE"),
    "excluding": lambda repository: repository.mutability.exclusions,
    "scanning": lambda repository: repository.scan_on_push,
    "kms": lambda repository: repository.encryption.startswith("KMS"),
    "aes256": lambda repository: repository.encryption == "AES256",
}


def _is(term: Term, now: float) -> Condition[Repository]:
    plain(term, ":", "=")
    return Condition(_IS[one_of(term, _IS)], {})


REPOSITORIES: Language[Repository] = Language(
    plain=_plain,
    fields={
        "name": on_text(lambda repository: repository.name, "name"),
        "uri": on_text(lambda repository: repository.uri, "uri"),
        "mutability": on_text(lambda repository: str(repository.mutability), "mutability"),
        "is": _is,
        "created": _created,
        "encryption": on_text(lambda repository: repository.encryption, "encryption"),
        "key": on_text(lambda repository: repository.kms_key),
    },
)
