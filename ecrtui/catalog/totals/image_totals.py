"""The totals of the images of a repository, counted while rows come and go: a list can have 100,000 of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ecrtui.ecr.image import Image, is_index


class ImageCounts(NamedTuple):
    """The numbers of images as people see them, and of their parts."""

    images: int
    tagged: int
    parts: int
    """Platforms, attestations, signatures and other images that belong to another one. They are not in ``images``."""
    complete: bool
    """False if an index was not read. Then images without tags may be parts."""

    @property
    def listed(self) -> int:
        """The number of images that ECR lists."""
        return self.images + self.parts

    @property
    def known_parts(self) -> int | None:
        """The number of parts; None if there may be more."""
        return self.parts if self.is_exact else None

    @property
    def orphans(self) -> int | None:
        """Images without tags that belong to no other one; None if that is not known."""
        return self.images - self.tagged if self.is_exact else None

    @property
    def is_exact(self) -> bool:
        """False if some of ``images`` may be parts."""
        return self.complete or self.images == self.tagged


class ImageTotals:
    """The bytes of some images, each of which counts once: the tally of :class:`~ecrtui.catalog.rows.rows.Rows`."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Count nothing."""
        self.size = 0
        """Bytes of all images; a layer counts once for each image that has it. The bytes of an index are those of its
        parts, which are images of their own."""

    def add(self, images: Iterable[Image]) -> None:
        """Count images."""
        self.size += sum(map(_size, images))

    def remove(self, images: Iterable[Image]) -> None:
        """Count images no longer."""
        self.size -= sum(map(_size, images))


def _size(image: Image) -> int:
    return 0 if image.size is None or is_index(image.media_type) else image.size
