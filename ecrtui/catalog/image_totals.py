"""The totals of the images of a repository, counted while rows come and go: a list can have 100,000 of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.units import format_count, format_number


class ImageCounts(NamedTuple):
    """The numbers of images as people see them, and of their parts."""

    images: int
    tagged: int
    parts: int
    """Platforms, attestations, signatures and other images that belong to another one. They are not in ``images``."""
    complete: bool
    """False if an index was not read. Then images without tags may be parts."""

    def __str__(self) -> str:
        """Return the counts in words, the most important first."""
        counts = [format_count(self.images, "image"), f"{format_number(self.tagged)} tagged"]
        if untagged := self.images - self.tagged:
            known = format_count(untagged, "orphan")
            counts.append(known if self.complete else f"{format_number(untagged)} orphans or parts")
        if self.parts:
            counts.append(format_count(self.parts, "part"))
        return " · ".join(counts)


class ImageTotals:
    """The bytes of some images, each of which counts once. It is the tally of :class:`~ecrtui.catalog.rows.Rows`."""

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
    return 0 if image.size is None or image.kind is ImageKind.INDEX else image.size
