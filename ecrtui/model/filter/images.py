"""The filter language on images.

=====================  ===============================================================================================
``word`` ``"a word"``  in a tag, the digest or the kind (``untagged`` and ``archived`` too)
``tag:`` ``tag=``      a part of a tag (``*`` and ``?`` stand for anything: then the whole), the whole tag
``digest:``            the digest's beginning or a part, with or without ``sha256:``
``type:``              the media type of the manifest or of the artifact
``subject:``           the digest of the image that it refers to
``size>100MB``         also >= < <= =
``tags>1``             the number of tags
``pushed<7d``          within seven days; ``pushed>2026-01-31``: after that day
``pulled<7d``          ``pulled:never``: not since ECR keeps the date
``archived<7d``        when it was archived
``severity>=high``     a finding at least that bad; ``severity:none``: scanned and nothing found
``findings>0``         the number of findings
``is:…``               untagged, tagged, image, index, helm, signature, attestation, sbom, artifact, archived, active,
                       scanned, unscanned, referrer
=====================  ===============================================================================================
"""

from __future__ import annotations

from collections.abc import Callable

from ecrtui.model.filter.language import NEVER, Condition, Language, Predicate, digest_matcher, on_text
from ecrtui.model.filter.lexer import Kind as Written
from ecrtui.model.filter.lexer import Term, Value
from ecrtui.model.filter.matching import Matcher, field_matcher, matcher
from ecrtui.model.filter.values import COMPARISONS, Test, number_test, one_of, plain, size_test, time_test, wrong
from ecrtui.model.image import SEVERITIES, Image, Kind

_KINDS = {kind.value.split()[0]: kind for kind in Kind}
_RANKS = {severity: rank for rank, severity in enumerate(reversed(SEVERITIES), 1)}
_RANKS["UNTRIAGED"] = _RANKS["UNDEFINED"]
_LABEL_LENGTH = 3
"""Characters from which on a word that begins ``untagged`` or ``archived`` means it."""


def _plain(term: Term) -> Condition[Image]:
    found = matcher(term.value)
    if term.value.kind is Written.FUZZY:
        return Condition(_any_tag(found.test), {"tag": found.find})
    if term.value.kind is Written.REGEX:
        return Condition(_any_text(found.test), dict.fromkeys(("tag", "digest", "kind"), found.find))
    digest = digest_matcher(term)
    if term.value.kind is Written.WORD and ("*" in term.value.text or "?" in term.value.text):
        return Condition(_any_text(found.test), {"tag": found.find, "digest": digest.find, "kind": found.find})
    return Condition(_word(term.value, digest), {"tag": found.find, "digest": digest.find, "kind": found.find})


def _word(value: Value, digest: Matcher) -> Predicate[Image]:
    """A word in a tag, the digest or the kind; asked 100,000 times a keystroke, so only what can match is looked at."""
    word = value.text.lower()
    in_digest = None if digest is NEVER else digest.test
    kinds = tuple(kind for kind in Kind if word in kind.value)
    begins = len(word) >= _LABEL_LENGTH
    untagged = begins and ("untagged".startswith(word) or "<untagged>".startswith(word))
    archived = begins and "archived".startswith(word)

    def matches(image: Image) -> object:
        for tag in image.tags:
            if word in tag.lower():
                return True
        return (
            (in_digest is not None and in_digest(image.digest))
            or (kinds and image.kind in kinds)
            or (untagged and not image.tags)
            or (archived and image.archived)
        )

    return matches


def _any_tag(test: Callable[[str], object]) -> Predicate[Image]:
    def matches(image: Image) -> bool:
        for tag in image.tags:  # noqa: SIM110 - a generator costs three times as much here
            if test(tag):
                return True
        return False

    return matches


def _any_text(test: Callable[[str], object]) -> Predicate[Image]:
    any_tag = _any_tag(test)
    return lambda image: any_tag(image) or test(image.digest) or test(image.kind.value)


def _tag(term: Term, now: float) -> Condition[Image]:
    found = field_matcher(term)
    return Condition(_any_tag(found.test), {"tag": found.find})


def _digest(term: Term, now: float) -> Condition[Image]:
    exact = field_matcher(term)
    found = exact if term.operator == "=" else digest_matcher(term)
    test = found.test
    return Condition(lambda image: test(image.digest), {"digest": found.find})


def _subject(term: Term, now: float) -> Condition[Image]:
    test = _digest(term, now).matches
    return Condition(lambda image: image.subject and test(Image(image.subject)), {})


def _type(term: Term, now: float) -> Condition[Image]:
    test = field_matcher(term).test
    return Condition(lambda image: test(image.media_type) or test(image.artifact_media_type), {})


def _known(test: Test, read: Callable[[Image], float | None]) -> Condition[Image]:
    """A comparison that an unknown value never meets."""

    def matches(image: Image) -> bool:
        value = read(image)
        return value is not None and test(value)

    return Condition(matches, {})


def _size(term: Term, now: float) -> Condition[Image]:
    return _known(size_test(term), lambda image: image.size)


def _tags(term: Term, now: float) -> Condition[Image]:
    test = number_test(term)
    return Condition(lambda image: test(len(image.tags)), {})


def _pushed(term: Term, now: float) -> Condition[Image]:
    return _known(time_test(term, now), lambda image: image.pushed_at)


def _archived(term: Term, now: float) -> Condition[Image]:
    return _known(time_test(term, now), lambda image: image.archived_at)


def _pulled(term: Term, now: float) -> Condition[Image]:
    if term.operator in (":", "=") and term.value.text.lower() == "never":
        return Condition(lambda image: image.last_pulled_at is None, {})
    return _known(time_test(term, now), lambda image: image.last_pulled_at)


def _findings(term: Term, now: float) -> Condition[Image]:
    return _known(
        number_test(term),
        lambda image: None if image.findings is None else sum(count for _, count in image.findings),
    )


def _severity(term: Term, now: float) -> Condition[Image]:
    plain(term, *COMPARISONS, ":")
    word = one_of(term, ("none", *(severity.lower() for severity in SEVERITIES)))
    if word == "none" and term.operator not in (":", "="):
        raise wrong(term, "none is not a severity to compare with", "Write severity:none.")
    if word == "none":
        return _known(lambda worst: worst == 0, _worst)
    rank = _RANKS[word.upper()]
    if term.operator in (":", "="):
        return Condition(lambda image: rank in _ranks(image), {})
    compare = COMPARISONS[term.operator]
    return _known(lambda worst: compare(worst, rank), _worst)


def _ranks(image: Image) -> set[int]:
    """How bad the findings are, 1 for the least; a severity that is not known counts as undefined."""
    return {_RANKS.get(severity.upper(), 1) for severity, count in image.findings or () if count}


def _worst(image: Image) -> int | None:
    """How bad the worst finding is: 0 if there is none, None if the image was not scanned."""
    return None if image.findings is None else max(_ranks(image), default=0)


_IS: dict[str, Predicate[Image]] = {
    "untagged": lambda image: not image.tags,
    "tagged": lambda image: image.tags,
    "archived": lambda image: image.archived,
    "active": lambda image: not image.archived,
    "scanned": lambda image: image.findings is not None,
    "unscanned": lambda image: image.findings is None,
    "referrer": lambda image: image.subject,
}


def _is(term: Term, now: float) -> Condition[Image]:
    plain(term, ":", "=")
    word = one_of(term, (*_IS, *_KINDS))
    kind = _KINDS.get(word)
    return Condition(_IS[word] if kind is None else lambda image: image.kind is kind, {})


IMAGES: Language[Image] = Language(
    plain=_plain,
    fields={
        "tag": _tag,
        "digest": _digest,
        "size": _size,
        "pushed": _pushed,
        "pulled": _pulled,
        "is": _is,
        "severity": _severity,
        "findings": _findings,
        "tags": _tags,
        "type": _type,
        "subject": _subject,
        "archived": _archived,
        "status": on_text(lambda image: image.status),
    },
)
