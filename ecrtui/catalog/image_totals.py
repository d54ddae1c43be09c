"""The totals of the images of a repository, counted while rows come and go: a list can have 100,000 of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ecrtui.catalog.index_parts import KnownParts
from ecrtui.ecr.image import Image


class UntaggedTotals(NamedTuple):
    """The numbers of the images without tags, by what uses them."""

    unused: int
    """Images of no known use."""
    unknown: int
    """Images that may be parts of an index that was not read."""
    in_indexes: int
    referrers: int


class ImageTotals:
    """The totals of some images, each of which counts once. It is the tally of :class:`~ecrtui.catalog.rows.Rows`."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Count nothing."""
        self.images = 0
        self.size = 0
        """Bytes of all images; a layer counts once for each image that has it."""
        self._referrers = 0  # those without tags
        self._untagged: set[str] = set()  # the digests of the others without tags
        self._in_indexes: tuple[KnownParts, int] | None = None

    def add(self, images: Iterable[Image]) -> None:
        """Count images."""
        for image in images:
            self.images += 1
            self.size += image.size or 0
            if not image.tags:
                self._add_untagged(image)

    def remove(self, images: Iterable[Image]) -> None:
        """Count images no longer."""
        for image in images:
            self.images -= 1
            self.size -= image.size or 0
            if not image.tags:
                self._remove_untagged(image)

    def _add_untagged(self, image: Image) -> None:
        if image.subject:
            self._referrers += 1
        else:
            self._untagged.add(image.digest)
            self._in_indexes = None

    def _remove_untagged(self, image: Image) -> None:
        if image.subject:
            self._referrers -= 1
        else:
            self._untagged.discard(image.digest)
            self._in_indexes = None

    @property
    def tagged(self) -> int:
        """The number of images with tags."""
        return self.images - len(self._untagged) - self._referrers

    def untagged(self, parts: KnownParts) -> UntaggedTotals:
        """Return the numbers of the images without tags, as far as the parts of the indexes are known."""
        if self._in_indexes is None or self._in_indexes[0] is not parts:
            self._in_indexes = (parts, len(self._untagged.intersection(parts.indexes)))
        in_indexes = self._in_indexes[1]
        others = len(self._untagged) - in_indexes
        unused, unknown = (others, 0) if parts.complete else (0, others)
        return UntaggedTotals(unused, unknown, in_indexes, self._referrers)
