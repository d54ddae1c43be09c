"""The fields of a filter on images that need to know which images belong together.

The manifests of indexes say which images belong to them. An image is undecided if an index that was not read could name
it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence, Set
from functools import lru_cache, partial
from itertools import compress
from operator import gt, not_, or_
from typing import Literal

from ecrtui.catalog.filter.image_masks import (
    DIGEST,
    KIND,
    KIND_NUMBERS,
    TAGS,
    Flags,
    all_digests,
    all_kind_numbers,
    any_tag,
    possible_referrers,
)
from ecrtui.catalog.filter.language import Clock, Condition, Knowledge, any_of, digest_matcher
from ecrtui.catalog.filter.lexer import Term
from ecrtui.catalog.filter.matching import Matcher, field_matcher, matcher
from ecrtui.catalog.filter.values import require_plain, value_error
from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.catalog.index_parts import KnownParts
from ecrtui.catalog.rows.column_cache import cached_column
from ecrtui.ecr.image import Image, ImageKind

INDEX_PARTS = Knowledge.INDEX_PARTS


def untagged_condition(groups: ImageGroups) -> Condition[Image]:
    """Return the condition on images that nothing refers to, as far as it is known: no tag, no index, no subject."""
    return Condition(untagged_mask(groups, False), {}, untagged_mask(groups, None), INDEX_PARTS)


def part_condition(groups: ImageGroups) -> Condition[Image]:
    """Return the condition on images that belong to another image."""
    return Condition(lambda images: _owned(images, groups), {}, _without_owner(groups, None), INDEX_PARTS)


def platform_part_condition(groups: ImageGroups) -> Condition[Image]:
    """Return the condition on the platforms of indexes."""

    def is_platform(digest: str) -> bool:
        part = groups.part(digest)
        return part is not None and part.is_platform

    def mask(images: Sequence[Image]) -> list[bool]:
        indexes = groups.known.indexes
        return [digest in indexes and is_platform(digest) for digest in cached_column(images, all_digests)]

    unknown = _without_owner(groups, None)

    def undecided(images: Sequence[Image]) -> list[bool]:
        return [
            bool(flag) and image.kind is ImageKind.IMAGE and not is_platform(image.digest)
            for image, flag in zip(images, unknown(images), strict=True)
        ]

    return Condition(mask, {}, undecided, INDEX_PARTS)


def platform_field(term: Term, clock: Clock, groups: ImageGroups) -> Condition[Image]:
    """Return the condition on the platform of an image, and on the platforms of the parts of an index."""
    found = field_matcher(term)

    @lru_cache(maxsize=1024)  # there are few platforms
    def is_meant(name: str) -> bool:
        return any(found.match_many(_platform_names(name)))

    def mask(images: Sequence[Image]) -> list[bool]:
        known = groups.known

        def matches(digest: str) -> bool:
            if digest in known.indexes and (platform := known.part(digest, known.indexes[digest][0]).platform):
                return is_meant(platform)
            return any(part.platform and is_meant(part.platform) for part in known.parts.get(digest, ()))

        return [
            (digest in known.indexes or digest in known.parts) and matches(digest)
            for digest in cached_column(images, all_digests)
        ]

    def undecided(images: Sequence[Image]) -> list[bool]:
        indexes, parts = groups.known.indexes, groups.known.parts
        return [
            digest not in parts if kind is ImageKind.INDEX else kind is ImageKind.IMAGE and digest not in indexes
            for digest, kind in zip(map(DIGEST, images), map(KIND, images), strict=True)
        ]

    return Condition(mask, {"kind": found.find, "tag": found.find}, undecided, INDEX_PARTS)


def _platform_names(name: str) -> tuple[str, str]:
    """Return a platform as it is written, and as the list shows it: ``linux/arm64``, ``arm64``."""
    return name, name.removeprefix("linux/")


def platform_texts(images: Sequence[Image], groups: ImageGroups) -> Sequence[str]:
    """Return the platforms of all parts that are known, then their architectures."""
    names = [name for name in list(groups.known.names) if "/" in name]
    return [*names, *(name.partition("/")[2] for name in names)]


def of_field(term: Term, clock: Clock, groups: ImageGroups) -> Condition[Image]:
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
            digests = digest.match_many(cached_column(owners, all_digests))
            meant = list(compress(owners, map(or_, any_tag(exact)(owners), digests)))
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
        return map(belonging().__contains__, cached_column(images, all_digests))

    def undecided(images: Sequence[Image]) -> Iterable[int]:
        return map(not_, mask(images)) if is_unread() else bytes(len(images))

    return Condition(mask, {}, undecided, INDEX_PARTS)


def of_kind(kinds: Collection[ImageKind], groups: ImageGroups) -> Flags:
    """Return the mask of the images of these kinds. The media types of an attestation in an index are of an image."""
    table = bytes(number < len(KIND_NUMBERS) and tuple(ImageKind)[number] in kinds for number in range(256))
    attests = ImageKind.ATTESTATION in kinds

    def mask(images: Sequence[Image]) -> bytes:
        flags = cached_column(images, all_kind_numbers).translate(table)
        attestations = groups.known.names.get(ImageKind.ATTESTATION.value)
        if not attestations or (attests == (ImageKind.IMAGE in kinds)):
            return flags
        return bytes(
            attests if image.digest in attestations else flag for image, flag in zip(images, flags, strict=True)
        )

    return mask


def maybe_part(groups: ImageGroups) -> Flags:
    """Return the mask of the images without tags that an index may name that was not read: as what is not known."""
    unknown = untagged_mask(groups, None)
    return lambda images: [
        flag and image.kind is ImageKind.IMAGE for image, flag in zip(images, unknown(images), strict=True)
    ]


def with_part_named(found: Matcher, groups: ImageGroups) -> Flags:
    """Return the mask of the parts whose platform or kind matches, and of the indexes with such a platform."""

    def mask(images: Sequence[Image]) -> bytes:
        names = list(groups.known.names.items())
        written, shown = zip(*(_platform_names(name) for name, _ in names), strict=True) if names else ((), ())
        hits = map(or_, map(bool, found.match_many(written)), map(bool, found.match_many(shown)))
        matching = [digests for _, digests in compress(names, hits)]
        if not matching:
            return bytes(len(images))
        # One pass for each name takes a fraction of one that asks for all names.
        return any_of(*(partial(map, digests.__contains__) for digests in matching))(cached_column(images, all_digests))

    return mask


def untagged_mask(groups: ImageGroups, is_part: Literal[False] | None) -> Flags:
    """Return the mask of the images without tags that are not parts, or of which that is not known (None)."""
    others = _without_owner(groups, is_part)
    return lambda images: map(gt, others(images), map(bool, map(TAGS, images)))


def _without_owner(groups: ImageGroups, is_part: Literal[False] | None) -> Flags:
    """Return the mask of the images that are not parts, or of which that is not known (None)."""

    def mask(images: Sequence[Image]) -> Iterable[int]:
        if groups.known.complete == (is_part is None):
            return bytes(len(images))
        return map(not_, _owned(images, groups))

    return mask


def _owned(images: Sequence[Image], groups: ImageGroups) -> bytes:
    """Return the mask of the images that belong to another image that exists. Most images have none to look for."""
    flags = bytearray(map(groups.known.indexes.__contains__, cached_column(images, all_digests)))
    for index in (*compress(range(len(flags)), flags), *cached_column(images, possible_referrers)):
        flags[index] = groups.has_owner(images[index])
    return bytes(flags)
