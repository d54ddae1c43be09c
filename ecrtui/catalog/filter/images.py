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

from array import array
from collections.abc import Callable, Collection, Iterable, Sequence, Set
from dataclasses import replace
from functools import lru_cache, partial
from itertools import chain, compress
from operator import attrgetter, gt, not_, or_
from typing import Literal

from ecrtui.catalog.column_cache import cached_column
from ecrtui.catalog.filter.language import (
    NEVER,
    Condition,
    FilterSchema,
    Knowledge,
    Mask,
    any_of,
    digest_matcher,
    of_text,
    on_text,
)
from ecrtui.catalog.filter.lexer import Term
from ecrtui.catalog.filter.lexer import ValueKind as Written
from ecrtui.catalog.filter.matching import Matcher, Texts, field_matcher, matcher
from ecrtui.catalog.filter.values import (
    COMPARISONS,
    Test,
    number_test,
    one_of,
    require_plain,
    size_test,
    time_test,
    value_error,
)
from ecrtui.catalog.image_groups import ImageGroups, may_refer
from ecrtui.catalog.index_parts import KnownParts
from ecrtui.ecr.findings import NOT_SCANNED, SEVERITIES
from ecrtui.ecr.image import COSIGN_TAG_PREFIX, Image, ImageKind, image_kind

Flags = Callable[[Sequence[Image]], Iterable[int]]
"""A mask of booleans, or of bytes that are 1 or 0."""

_NUMBERS = {kind: number for number, kind in enumerate(ImageKind)}
_KINDS = {kind.value.split()[0]: kind for kind in ImageKind}
_RANKS = {severity: rank for rank, severity in enumerate(reversed(SEVERITIES), 1)}
_RANKS["UNTRIAGED"] = _RANKS["UNDEFINED"]
_PARTS = Knowledge.INDEX_PARTS
_MIN_LABEL_LENGTH = 3
"""A beginning of ``untagged`` or ``archived`` selects these images from this length on."""
_PLATFORM_WORDS = frozenset(
    ("linux", "windows", "freebsd", "darwin", "amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "wasm")
)
"""Words that name operating systems and architectures (GOOS and GOARCH). They need to know the parts of indexes."""

_TAGS: Callable[[Image], tuple[str, ...]] = attrgetter("tags")
_MEDIA_TYPE: Callable[[Image], str] = attrgetter("media_type")
_ARTIFACT_MEDIA_TYPE: Callable[[Image], str] = attrgetter("artifact_media_type")
_DIGEST: Callable[[Image], str] = attrgetter("digest")
_KIND: Callable[[Image], ImageKind] = attrgetter("kind")
_SUBJECT: Callable[[Image], str] = attrgetter("subject")


def _plain(term: Term, groups: ImageGroups) -> Condition[Image]:
    found = matcher(term.value)
    if term.value.kind is Written.FUZZY:
        return Condition(_any_tag(found), {"tag": found.find})
    digest = digest_matcher(term)
    masks: list[Flags] = [_any_tag(found), _named(found, groups)]
    if digest is not NEVER:
        masks.append(of_text(_DIGEST, digest))
    if kinds := list(compress(ImageKind, found.match_many([kind.value for kind in ImageKind]))):
        masks.append(_of_kind(kinds, groups))
    if _is_label(term, "archived"):
        masks.append(_in_archive)
    condition: Condition[Image] = Condition(
        any_of(*masks), {"tag": found.find, "digest": digest.find, "kind": found.find}
    )
    if _is_label(term, "untagged") or _is_label(term, "<untagged>"):
        untagged = _untagged_with(groups, False)
        unknown = _untagged_with(groups, None)
        return replace(condition, mask=any_of(*masks, untagged), undecided=unknown, needs=_PARTS)
    if _is_label(term, "attestation"):
        return replace(condition, undecided=_maybe_part(groups), needs=_PARTS)
    if not _PLATFORM_WORDS.isdisjoint(term.value.text.lower().split("/")):
        unread: Flags = lambda images: map(groups.is_unread, images)  # noqa: E731
        return replace(condition, undecided=any_of(_maybe_part(groups), unread), needs=_PARTS)
    return condition


def _named(found: Matcher, groups: ImageGroups) -> Flags:
    """Return the mask of the parts whose platform or kind matches, and of the indexes with such a platform."""

    def mask(images: Sequence[Image]) -> bytes:
        names = list(groups.known.names.items())
        matching = [digests for _, digests in compress(names, found.match_many([name for name, _ in names]))]
        if not matching:
            return bytes(len(images))
        return bytes(any(image.digest in digests for digests in matching) for image in images)

    return mask


def _is_label(term: Term, label: str) -> bool:
    """Return True if the word is the beginning of a label."""
    word = term.value.text.lower()
    return term.value.kind is not Written.REGEX and len(word) >= _MIN_LABEL_LENGTH and label.startswith(word)


def _any_tag(found: Matcher) -> Flags:
    def mask(images: Sequence[Image]) -> bytes:
        tags, owners = cached_column(images, _all_tags)
        flags = bytearray(len(images))
        for index in compress(owners, found.match_many(tags)):
            flags[index] = True
        return bytes(flags)

    return mask


def _all_tags(images: Sequence[Image]) -> tuple[Texts, array[int]]:
    """Return the tags of all images, and the index of the image of each tag."""
    tags = list(map(_TAGS, images))
    return Texts(chain.from_iterable(tags)), array(
        "I", [index for index, image_tags in enumerate(tags) for _ in image_tags]
    )


def _of_kind(kinds: Collection[ImageKind], groups: ImageGroups) -> Flags:
    """Return the mask of the images of these kinds. The media types of an attestation in an index are of an image."""
    table = bytes(number < len(_NUMBERS) and tuple(ImageKind)[number] in kinds for number in range(256))
    attests = ImageKind.ATTESTATION in kinds

    def mask(images: Sequence[Image]) -> bytes:
        flags = cached_column(images, _all_kinds).translate(table)
        attestations = groups.known.names.get(ImageKind.ATTESTATION.value)
        if not attestations or (attests == (ImageKind.IMAGE in kinds)):
            return flags
        return bytes(
            attests if image.digest in attestations else flag for image, flag in zip(images, flags, strict=True)
        )

    return mask


def _maybe_part(groups: ImageGroups) -> Flags:
    """Return the mask of the images without tags that an index may name that was not read: as what is not known."""
    unknown = _untagged_with(groups, None)
    return lambda images: [
        flag and image.kind is ImageKind.IMAGE for image, flag in zip(images, unknown(images), strict=True)
    ]


def _all_kinds(images: Sequence[Image]) -> bytes:
    """Return the kind of each image as a number."""
    tags, _ = cached_column(images, _all_tags)
    if COSIGN_TAG_PREFIX in tags.lowered:
        return bytes(_NUMBERS[image.kind] for image in images)
    return bytes(map(_number, map(_MEDIA_TYPE, images), map(_ARTIFACT_MEDIA_TYPE, images)))


@lru_cache(maxsize=1024)  # there are few media types
def _number(media_type: str, artifact_media_type: str) -> int:
    return _NUMBERS[image_kind(media_type, artifact_media_type)]


def _tag(term: Term, now: float) -> Condition[Image]:
    found = field_matcher(term)
    return Condition(_any_tag(found), {"tag": found.find})


def _digest(term: Term, now: float) -> Condition[Image]:
    found = _of_digest(term)
    return Condition(of_text(_DIGEST, found), {"digest": found.find})


def _of_digest(term: Term) -> Matcher:
    exact = field_matcher(term)
    return exact if term.operator == "=" else digest_matcher(term)


def _subject(term: Term, now: float) -> Condition[Image]:
    subjects = of_text(_SUBJECT, _of_digest(term))
    return Condition(
        lambda images: [image.subject and hit for image, hit in zip(images, subjects(images), strict=True)], {}
    )


def _type(term: Term, now: float) -> Condition[Image]:
    found = field_matcher(term)
    return Condition(any_of(*(of_text(attrgetter(name), found) for name in ("media_type", "artifact_media_type"))), {})


def _known(test: Test, read: Callable[[Image], float | None]) -> Condition[Image]:
    """Return a comparison that never matches an unknown value."""
    return Condition(lambda images: [value is not None and test(value) for value in map(read, images)], {})


def _size(term: Term, now: float) -> Condition[Image]:
    return _known(size_test(term), attrgetter("size"))


def _tags(term: Term, now: float) -> Condition[Image]:
    test = number_test(term)
    return Condition(lambda images: [test(len(image.tags)) for image in images], {})


def _pushed(term: Term, now: float) -> Condition[Image]:
    return _known(time_test(term, now), attrgetter("pushed_at"))


def _archived(term: Term, now: float) -> Condition[Image]:
    return _known(time_test(term, now), attrgetter("archived_at"))


def _pulled(term: Term, now: float) -> Condition[Image]:
    if term.operator in (":", "=") and term.value.text.lower() == "never":
        return Condition(lambda images: [image.last_pulled_at is None for image in images], {})
    return _known(time_test(term, now), attrgetter("last_pulled_at"))


def _findings(term: Term, now: float) -> Condition[Image]:
    return _of_findings(
        _known(
            number_test(term),
            lambda image: None if image.findings is None else sum([count for _, count in image.findings]),
        )
    )


def _severity(term: Term, now: float) -> Condition[Image]:
    require_plain(term, *COMPARISONS, ":")
    word = one_of(term, ("none", *(severity.lower() for severity in SEVERITIES)))
    if word == "none" and term.operator not in (":", "="):
        raise value_error(term, "none cannot be compared", "Use severity:none.")
    if word == "none":
        return _of_findings(_known(lambda worst: worst == 0, _worst))
    rank = _RANKS[word.upper()]
    if term.operator in (":", "="):
        return _of_findings(
            Condition(lambda images: [image.findings and rank in _ranks(image) for image in images], {})
        )
    compare = COMPARISONS[term.operator]
    return _of_findings(_known(lambda worst: compare(worst, rank), _worst))


def _of_findings(condition: Condition[Image]) -> Condition[Image]:
    """Return a condition that reads findings: it is undecided about images without known findings."""
    return replace(condition, undecided=_without_findings, needs=Knowledge.FINDINGS)


def _without_findings(images: Sequence[Image]) -> list[bool]:
    return [image.findings is None for image in images]


def _scan(term: Term, now: float) -> Condition[Image]:
    found = field_matcher(term)
    return _of_scan(of_text(lambda image: image.scan_status.lower().replace("_", "-"), found))


def _of_scan(mask: Mask[Image]) -> Condition[Image]:
    """Return a condition that reads the state of the last scan."""
    return Condition(mask, {}, _with_unknown_scan, Knowledge.FINDINGS)


def _with_unknown_scan(images: Sequence[Image]) -> list[bool]:
    return [not image.scan_known for image in images]


def _ranks(image: Image) -> list[int]:
    """Return the rank of each severity, 1 for the least. An unknown severity counts as undefined."""
    return [_RANKS.get(severity.upper(), 1) for severity, count in image.findings or () if count]


def _worst(image: Image) -> int | None:
    """Return the rank of the worst finding: 0 without findings, None if no findings are known."""
    return None if image.findings is None else max(_ranks(image), default=0)


def _untagged(groups: ImageGroups) -> Condition[Image]:
    """Return the condition on images that nothing is known to need: no tag, no index, and no subject."""
    return Condition(_untagged_with(groups, False), {}, _untagged_with(groups, None), _PARTS)


def _untagged_with(groups: ImageGroups, is_part: Literal[False] | None) -> Flags:
    """Return the mask of the images without tags that are no parts, or of which that is not known (None)."""
    others = _without_owner(groups, is_part)
    return lambda images: map(gt, others(images), map(bool, map(_TAGS, images)))


def _without_owner(groups: ImageGroups, is_part: Literal[False] | None) -> Flags:
    """Return the mask of the images that are no parts, or of which that is not known (None)."""

    def mask(images: Sequence[Image]) -> Iterable[int]:
        if groups.known.complete == (is_part is None):
            return bytes(len(images))
        return map(not_, _owned(images, groups))

    return mask


def _owned(images: Sequence[Image], groups: ImageGroups) -> bytes:
    """Return the mask of the images that belong to another image that exists. Most images have none to look for."""
    flags = bytearray(map(groups.known.indexes.__contains__, cached_column(images, _digests)))
    for index in (*compress(range(len(flags)), flags), *cached_column(images, _referrers)):
        flags[index] = groups.has_owner(images[index])
    return bytes(flags)


def _digests(images: Sequence[Image]) -> Sequence[str]:
    return tuple(map(_DIGEST, images))


def _referrers(images: Sequence[Image]) -> Sequence[int]:
    """Return the indices of the images that may refer to a subject."""
    return tuple(index for index, image in enumerate(images) if may_refer(image))


def _part(groups: ImageGroups) -> Condition[Image]:
    """Return the condition on images that belong to another image."""
    return Condition(lambda images: _owned(images, groups), {}, _without_owner(groups, None), _PARTS)


def _platform_part(groups: ImageGroups) -> Condition[Image]:
    """Return the condition on the platforms of indexes."""

    def is_platform(digest: str) -> bool:
        part = groups.part(digest)
        return part is not None and bool(part.platform)

    def mask(images: Sequence[Image]) -> list[bool]:
        indexes = groups.known.indexes
        return [digest in indexes and is_platform(digest) for digest in cached_column(images, _digests)]

    unknown = _without_owner(groups, None)

    def undecided(images: Sequence[Image]) -> list[bool]:
        return [
            bool(flag) and image.kind is ImageKind.IMAGE and not is_platform(image.digest)
            for image, flag in zip(images, unknown(images), strict=True)
        ]

    return Condition(mask, {}, undecided, _PARTS)


def _platform(term: Term, now: float, groups: ImageGroups) -> Condition[Image]:
    found = field_matcher(term)

    @lru_cache(maxsize=1024)  # there are few platforms
    def is_meant(name: str) -> bool:
        return any(found.match_many((name,)))

    def mask(images: Sequence[Image]) -> list[bool]:
        known = groups.known

        def matches(digest: str) -> bool:
            if digest in known.indexes and (platform := known.part(digest, known.indexes[digest][0]).platform):
                return is_meant(platform)
            return any(part.platform and is_meant(part.platform) for part in known.parts.get(digest, ()))

        return [
            (digest in known.indexes or digest in known.parts) and matches(digest)
            for digest in cached_column(images, _digests)
        ]

    def undecided(images: Sequence[Image]) -> list[bool]:
        indexes, parts = groups.known.indexes, groups.known.parts
        return [
            digest not in parts if kind is ImageKind.INDEX else kind is ImageKind.IMAGE and digest not in indexes
            for digest, kind in zip(map(_DIGEST, images), map(_KIND, images), strict=True)
        ]

    return Condition(mask, {"kind": found.find, "tag": found.find}, undecided, _PARTS)


def _of(term: Term, now: float, groups: ImageGroups) -> Condition[Image]:
    """Return the condition on what belongs to an image: directly, or to a part of it."""
    require_plain(term, ":", "=")
    if not term.value.text:
        raise value_error(term, "of: needs a value", "Use of:TAG or of:DIGEST.")
    exact = matcher(term.value, exact="*" not in term.value.text and "?" not in term.value.text)
    digest = digest_matcher(term)

    def is_meant(image: Image) -> bool:
        return any(exact.match_many(image.tags)) or any(digest.match_many((image.digest,)))

    def matches(image: Image) -> bool:
        return any(is_meant(owner) for owner in groups.existing_owners(image))

    found: tuple[KnownParts | None, int, Set[str]] = (None, 0, frozenset())

    def belonging() -> Set[str]:
        """Return the digests of what belongs to the images that are meant: once, not for each of 100,000 images."""
        nonlocal found
        known, version = groups.known, groups.version
        if found[0] is not known or found[1] != version:
            owners = groups.with_children()
            digests = digest.match_many(cached_column(owners, _digests))
            meant = list(compress(owners, map(or_, _any_tag(exact)(owners), digests)))
            below = groups.belonging_to(meant)
            # Tags can make a circle. An image does not belong to itself.
            below -= {image.digest for image in meant if image.digest in below and not matches(image)}
            found = known, version, below
        return found[2]

    checked: tuple[KnownParts | None, bool] = (None, False)

    def is_unread() -> bool:
        """Return True if an index that is meant, or belongs to what is meant, was not read."""
        nonlocal checked
        known = groups.known
        if checked[0] is not known:
            unread = [image for digest in tuple(known.unread) if (image := groups.find(digest)) is not None]
            below = belonging()
            checked = known, not known.listed or any(image.digest in below or is_meant(image) for image in unread)
        return checked[1]

    def mask(images: Sequence[Image]) -> Iterable[bool]:
        return map(belonging().__contains__, cached_column(images, _digests))

    def undecided(images: Sequence[Image]) -> Iterable[int]:
        return map(not_, mask(images)) if is_unread() else bytes(len(images))

    return Condition(mask, {}, undecided, _PARTS)


def _in_archive(images: Sequence[Image]) -> list[bool]:
    return [image.archived for image in images]


_IS: dict[str, Mask[Image]] = {
    "tagged": lambda images: map(_TAGS, images),
    "archived": _in_archive,
    "active": lambda images: [not image.archived for image in images],
    "referrer": lambda images: map(_SUBJECT, images),
}

_IS_PARTS = {"untagged": _untagged, "orphan": _untagged, "part": _part, "platform": _platform_part}

_IS_SCAN: dict[str, Mask[Image]] = {
    "scanned": lambda images: [image.findings is not None for image in images],
    "unscanned": lambda images: [image.scan_status == NOT_SCANNED for image in images],
}


def _is(term: Term, now: float, groups: ImageGroups) -> Condition[Image]:
    require_plain(term, ":", "=")
    word = one_of(term, (*_IS_PARTS, *_IS, *_IS_SCAN, *_KINDS))
    if word in _IS_PARTS:
        return _IS_PARTS[word](groups)
    if word in _IS_SCAN:
        return _of_scan(_IS_SCAN[word])
    kind = _KINDS.get(word)
    if kind is None:
        return Condition(_IS[word], {})
    mask = _of_kind((kind,), groups)
    if kind not in (ImageKind.IMAGE, ImageKind.ATTESTATION):
        return Condition(mask, {})
    unknown = _maybe_part(groups)
    return Condition(lambda images: map(gt, mask(images), unknown(images)), {}, unknown, _PARTS)


def image_schema(groups: ImageGroups) -> FilterSchema[Image]:
    """Return the fields of a filter on the images of a repository.

    Args:
        groups: the images of this repository that belong together. What becomes known later counts, too.
    """
    of_groups = {name: partial(make, groups=groups) for name, make in _GROUP_FIELDS.items()}
    return FilterSchema(partial(_plain, groups=groups), {**_FIELDS, **of_groups})


_GROUP_FIELDS = {"is": _is, "of": _of, "platform": _platform}
_FIELDS: dict[str, Callable[[Term, float], Condition[Image]]] = {
    "tag": _tag,
    "digest": _digest,
    "size": _size,
    "pushed": _pushed,
    "pulled": _pulled,
    "severity": _severity,
    "findings": _findings,
    "scan": _scan,
    "tags": _tags,
    "type": _type,
    "subject": _subject,
    "archived": _archived,
    "status": on_text(lambda image: image.status),
}
