"""Masks of a filter on images, and the columns that they read: each is computed once for a chunk of images."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain, compress
from operator import attrgetter

from ecrtui.catalog.filter.language import Condition
from ecrtui.catalog.filter.matching import Matcher, Texts
from ecrtui.catalog.filter.values import Test
from ecrtui.catalog.image_groups import may_refer
from ecrtui.catalog.rows.column_cache import cached_column
from ecrtui.ecr.image import COSIGN_TAG_PREFIX, Image, ImageKind, image_kind

Flags = Callable[[Sequence[Image]], Iterable[int]]
"""A mask of booleans, or of bytes that are 1 or 0."""

KIND_NUMBERS = {kind: number for number, kind in enumerate(ImageKind)}
TAGS: Callable[[Image], tuple[str, ...]] = attrgetter("tags")
DIGEST: Callable[[Image], str] = attrgetter("digest")
KIND: Callable[[Image], ImageKind] = attrgetter("kind")
_MEDIA_TYPE: Callable[[Image], str] = attrgetter("media_type")
_ARTIFACT_MEDIA_TYPE: Callable[[Image], str] = attrgetter("artifact_media_type")


def all_tags(images: Sequence[Image]) -> Texts:
    """Return the tags of all images."""
    return Texts(chain.from_iterable(map(TAGS, images)))


def all_tag_owners(images: Sequence[Image]) -> array[int]:
    """Return the index of the image of each tag."""
    return array("I", [index for index, tags in enumerate(map(TAGS, images)) for _ in tags])


def any_tag(found: Matcher) -> Flags:
    """Return the mask of the images with a tag that matches."""

    def mask(images: Sequence[Image]) -> bytes:
        matches = bytes(found.match_many(cached_column(images, all_tags)))
        if 1 not in matches:
            return bytes(len(images))
        flags = bytearray(len(images))
        for index in compress(cached_column(images, all_tag_owners), matches):
            flags[index] = True
        return bytes(flags)

    return mask


def all_kind_numbers(images: Sequence[Image]) -> bytes:
    """Return the kind of each image as a number."""
    if COSIGN_TAG_PREFIX in cached_column(images, all_tags).lowered:
        return bytes(KIND_NUMBERS[image.kind] for image in images)
    return bytes(map(_number, map(_MEDIA_TYPE, images), map(_ARTIFACT_MEDIA_TYPE, images)))


@lru_cache(maxsize=1024)  # there are few media types
def _number(media_type: str, artifact_media_type: str) -> int:
    return KIND_NUMBERS[image_kind(media_type, artifact_media_type)]


def all_digests(images: Sequence[Image]) -> Sequence[str]:
    """Return the digests of all images."""
    return tuple(map(DIGEST, images))


def possible_referrers(images: Sequence[Image]) -> Sequence[int]:
    """Return the indices of the images that may refer to a subject."""
    return tuple(index for index, image in enumerate(images) if may_refer(image))


def known_only(test: Test, read: Callable[[Image], float | None]) -> Condition[Image]:
    """Return a comparison that never matches an unknown value."""
    return Condition(lambda images: [value is not None and test(value) for value in map(read, images)], {})
