"""Masks of a filter on images, and the columns that they read: each is computed once for a chunk of images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter

from ecrtui.catalog.filter.language import Condition
from ecrtui.catalog.filter.text_column import TextColumn
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


_TAG_COLUMN = TextColumn(TAGS)
all_tags = _TAG_COLUMN.texts
"""Returns the tags of all images."""
any_tag = _TAG_COLUMN.any_matching
"""Returns the mask of the images with a tag that matches."""


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
