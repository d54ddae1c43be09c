"""The fields of a filter on images.

=====================  ===============================================================================================
``word`` ``"a word"``  part of a tag, of the digest, of the kind or of a platform (``untagged`` and ``archived`` too)
``tag:`` ``tag=``      part of a tag (the whole tag with the wildcards ``*`` and ``?``); the whole tag
``digest:``            beginning or part of the digest, with or without ``sha256:``
``of:``                what belongs to an image: its tag, or the beginning of its digest
``platform:``          part of a platform, such as ``linux/arm64``; an index has those of its parts
``type:``              media type of the manifest or of the artifact
``subject:``           digest of the image that this one refers to
``size>100MB``         also >= < <= =
``tags>1``             number of tags
``pushed<7d``          pushed within seven days; ``pushed>2026-01-31``: pushed after that day
``pulled<7d``          ``pulled:never``: not since ECR records the date
``archived<7d``        time of archiving
``severity>=high``     a finding of this severity or worse; ``severity:none``: scanned, no findings
``findings>0``         number of findings
``scan:failed``        state of the last scan (complete, active, in-progress, pending, failed, not-scanned …)
``is:protected``       a tag is protected by the settings
``is:…``               tagged, image, index, helm, signature, attestation, sbom, artifact, archived, active, scanned,
                       unscanned, referrer
``is:part``            belongs to an image that exists: as a platform, an attestation, a signature, an SBOM …
``is:platform``        a platform of an index
``is:untagged``        without tags, and no part (``is:orphan`` is the same; ``tags=0``: all without tags)
=====================  ===============================================================================================

What is not known decides nothing. An image without known findings matches neither ``severity>=high`` nor
``!severity>=high``. A filter reports such images as undecided. So is an image without tags for ``is:untagged``,
``is:part``, ``is:image`` or ``of:`` while the manifest of an index was not read. The platform of an image that is in no
index is in its config, which is not read, so ``platform:`` does not decide about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import compress
from operator import attrgetter, gt

from ecrtui.catalog.filter.image_masks import DIGEST, TAGS, Flags, all_tags, any_tag, known_only
from ecrtui.catalog.filter.image_relations import (
    INDEX_PARTS,
    maybe_part,
    of_field,
    of_kind,
    part_condition,
    platform_field,
    platform_part_condition,
    platform_texts,
    untagged_condition,
    untagged_mask,
    with_part_named,
)
from ecrtui.catalog.filter.image_scans import FINDINGS, SCAN, SCAN_WORDS, SEVERITY, of_scan
from ecrtui.catalog.filter.language import (
    NEVER,
    Clock,
    Condition,
    Field,
    FilterSchema,
    Mask,
    any_of,
    digest_field_matcher,
    digest_matcher,
    of_text,
    of_time,
    on_text,
)
from ecrtui.catalog.filter.lexer import Term
from ecrtui.catalog.filter.lexer import ValueKind as Written
from ecrtui.catalog.filter.matching import Matcher, field_matcher, matcher
from ecrtui.catalog.filter.values import SPACED_SIZE, SPACED_TIME, number_test, one_of, require_plain, size_test
from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.ecr.image import Image, ImageKind

_KINDS = {kind.value.split()[0]: kind for kind in ImageKind}
_MIN_LABEL_LENGTH = 3
"""A beginning of ``untagged`` or ``archived`` selects these images from this length on."""
_PLATFORM_WORDS = frozenset(
    ("linux", "windows", "freebsd", "darwin", "amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "wasm")
)
"""Words that name operating systems and architectures (GOOS and GOARCH). They need to know the parts of indexes."""

Protects = Callable[[str], bool]
"""Returns True for a protected tag."""


def protects_nothing(tag: str) -> bool:
    """Return False: no tag is protected."""
    return False


_SUBJECT: Callable[[Image], str] = attrgetter("subject")


def _plain(term: Term, clock: Clock, groups: ImageGroups) -> Condition[Image]:
    found = matcher(term.value)
    if term.value.kind is Written.FUZZY:
        return Condition(any_tag(found), {"tag": found.find})
    digest = digest_matcher(term)
    masks: list[Flags] = [any_tag(found), with_part_named(found, groups)]
    if digest is not NEVER:
        masks.append(of_text(DIGEST, digest))
    if kinds := list(compress(ImageKind, found.match_many([kind.value for kind in ImageKind]))):
        masks.append(of_kind(kinds, groups))
    if _is_label(term, "archived"):
        masks.append(_in_archive)
    condition: Condition[Image] = Condition(
        any_of(*masks), {"tag": found.find, "digest": digest.find, "kind": found.find}
    )
    if _is_label(term, "untagged") or _is_label(term, "<untagged>"):
        untagged = untagged_mask(groups, False)
        unknown = untagged_mask(groups, None)
        return replace(condition, mask=any_of(*masks, untagged), undecided=unknown, needs=INDEX_PARTS)
    if _is_label(term, "attestation"):
        return replace(condition, undecided=maybe_part(groups), needs=INDEX_PARTS)
    if not _PLATFORM_WORDS.isdisjoint(term.value.text.lower().split("/")):
        unread: Flags = lambda images: map(groups.is_unread, images)  # noqa: E731
        return replace(condition, undecided=any_of(maybe_part(groups), unread), needs=INDEX_PARTS)
    return condition


def _is_label(term: Term, label: str) -> bool:
    """Return True if the word is the beginning of a label."""
    word = term.value.text.lower()
    return term.value.kind is not Written.REGEX and len(word) >= _MIN_LABEL_LENGTH and label.startswith(word)


def _tag(term: Term, clock: Clock) -> Condition[Image]:
    found = field_matcher(term)
    return Condition(any_tag(found), {"tag": found.find})


def _digest(term: Term, clock: Clock) -> Condition[Image]:
    found = digest_field_matcher(term)
    return Condition(of_text(DIGEST, found), {"digest": found.find})


def _subject(term: Term, clock: Clock) -> Condition[Image]:
    subjects = of_text(_SUBJECT, digest_field_matcher(term))
    return Condition(
        lambda images: [image.subject and hit for image, hit in zip(images, subjects(images), strict=True)], {}
    )


def _type(term: Term, clock: Clock) -> Condition[Image]:
    found = field_matcher(term)
    return Condition(any_of(*(of_text(attrgetter(name), found) for name in ("media_type", "artifact_media_type"))), {})


def _size(term: Term, clock: Clock) -> Condition[Image]:
    return known_only(size_test(term), attrgetter("size"))


def _tags(term: Term, clock: Clock) -> Condition[Image]:
    test = number_test(term)
    return Condition(lambda images: [test(len(image.tags)) for image in images], {})


def _pushed(term: Term, clock: Clock) -> Condition[Image]:
    return Condition(of_time(term, clock, attrgetter("pushed_at")), {})


def _archived(term: Term, clock: Clock) -> Condition[Image]:
    return Condition(of_time(term, clock, attrgetter("archived_at")), {})


def _pulled(term: Term, clock: Clock) -> Condition[Image]:
    if term.operator in (":", "=") and term.value.text.lower() == "never":
        return Condition(lambda images: [image.last_pulled_at is None for image in images], {})
    return Condition(of_time(term, clock, attrgetter("last_pulled_at")), {})


def _in_archive(images: Sequence[Image]) -> list[bool]:
    return [image.archived for image in images]


_IS: dict[str, Mask[Image]] = {
    "tagged": lambda images: map(TAGS, images),
    "archived": _in_archive,
    "active": lambda images: [not image.archived for image in images],
    "referrer": lambda images: map(_SUBJECT, images),
}

_PROTECTED = "protected"
_IS_PARTS = {
    "untagged": untagged_condition,
    "orphan": untagged_condition,
    "part": part_condition,
    "platform": platform_part_condition,
}


_IS_WORDS = (_PROTECTED, *_IS_PARTS, *_IS, *SCAN_WORDS, *_KINDS)


def _is(term: Term, clock: Clock, groups: ImageGroups, protects: Protects) -> Condition[Image]:
    require_plain(term, ":", "=")
    word = one_of(term, _IS_WORDS)
    if word == _PROTECTED:
        found = Matcher(partial(map, protects), lambda tag: ((0, len(tag)),) if protects(tag) else ())
        return Condition(any_tag(found), {"tag": found.find})
    if word in _IS_PARTS:
        return _IS_PARTS[word](groups)
    if word in SCAN_WORDS:
        return of_scan(SCAN_WORDS[word])
    kind = _KINDS.get(word)
    if kind is None:
        return Condition(_IS[word], {})
    mask = of_kind((kind,), groups)
    if kind not in (ImageKind.IMAGE, ImageKind.ATTESTATION):
        return Condition(mask, {})
    unknown = maybe_part(groups)
    return Condition(lambda images: map(gt, mask(images), unknown(images)), {}, unknown, INDEX_PARTS)


def image_schema(groups: ImageGroups, protects: Protects = protects_nothing) -> FilterSchema[Image]:
    """Return the fields of a filter on the images of a repository.

    Args:
        groups: the images of this repository that belong together. What becomes known later counts, too.
        protects: returns True for a protected tag.
    """
    return FilterSchema(
        Field(partial(_plain, groups=groups), "", _PLAIN_WORDS, all_tags),
        {
            **FIELDS,
            "is": Field(partial(_is, groups=groups, protects=protects), words=_IS_WORDS),
            "of": Field(partial(of_field, groups=groups), texts=all_tags),
            "platform": Field(partial(platform_field, groups=groups), texts=partial(platform_texts, groups=groups)),
        },
        {"kind": "is"},
    )


_PLAIN_WORDS = (*_KINDS, "untagged", "archived")
FIELDS: dict[str, Field[Image]] = {
    "tag": Field(_tag, texts=all_tags),
    "digest": Field(_digest),
    "size": Field(_size, ">", spaced=SPACED_SIZE),
    "pushed": Field(_pushed, "<", spaced=SPACED_TIME),
    "pulled": Field(_pulled, "<", ("never",), spaced=SPACED_TIME),
    "severity": SEVERITY,
    "findings": FINDINGS,
    "scan": SCAN,
    "tags": Field(_tags, ">"),
    "type": Field(_type),
    "subject": Field(_subject),
    "archived": Field(_archived, "<", spaced=SPACED_TIME),
    "status": on_text(lambda image: image.status, any_case=True, words=("active", "archived", "activating")),
}
"""The fields that do not ask which images belong together."""
