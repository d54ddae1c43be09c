"""Which images of a repository belong to which others: an index and its parts, a subject and its referrers.

People see one image where ECR lists several: an index, its platforms and attestations, and the signatures and SBOMs
that are attached to them. ECR lists the subject of a referrer. It does not list the parts of an index; see
:mod:`ecrtui.catalog.index_parts`. Cosign attaches by a tag that contains the digest of the subject.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from ecrtui.catalog.index_parts import KnownParts, Part
from ecrtui.catalog.rows.column_cache import Chunk
from ecrtui.catalog.rows.folding import Folding
from ecrtui.catalog.totals.image_totals import ImageCounts
from ecrtui.ecr.findings import NOT_SCANNED, severity_numbers
from ecrtui.ecr.image import COSIGN_TAG_PREFIX, Image, ImageKind

_ATTACHING_TAG = re.compile(r"sha256-(?P<digits>[0-9a-f]{64})(?:\.[a-z0-9]+)?")
"""A tag that attaches an image to a subject: ``sha256-<hex>.sig``, ``.att``, ``.sbom`` of cosign, and the tag without
suffix of the index of referrers (OCI distribution specification, referrers tag schema)."""


class ImageGroups:
    """The images of one repository that belong together, as far as they are known now.

    It follows the images as they come and go. Only lookups are safe in other threads.

    Args:
        find: returns the image of the repository with this digest; None if there is none.
    """

    def __init__(self, find: Callable[[str], Image | None] = lambda digest: None) -> None:
        self.find = find
        self.known = KnownParts()
        """What is known about the parts of the indexes."""
        self.version = 0
        """Changes whenever images come or go."""
        self._with_children: tuple[KnownParts, int, Chunk[Image]] | None = None
        self._referrers: dict[str, dict[str, ImageKind]] = {}
        """By the digest of a subject: the digests of the images that refer to it, with their kinds."""
        self._referrer_digests: set[str] = set()
        """The digests of the images that refer to others."""

    # The images

    def add(self, images: Collection[Image]) -> None:
        """Take notice of images that are new in the list."""
        self.version += 1
        for image in _referring(images):
            self._referrer_digests.add(image.digest)
            for subject in _subjects(image):
                self._referrers.setdefault(subject, {})[image.digest] = image.kind

    def remove(self, images: Iterable[Image]) -> None:
        """Forget images that are not in the list any more."""
        self.version += 1
        for image in images:
            self._referrer_digests.discard(image.digest)
            for subject in _subjects(image):
                referrers = self._referrers.get(subject, {})
                referrers.pop(image.digest, None)
                if not referrers:
                    self._referrers.pop(subject, None)

    def clear(self) -> None:
        """Forget all images; what is known about indexes stays true."""
        self.version += 1
        self._referrers.clear()
        self._referrer_digests.clear()

    # Who belongs to whom

    def owners(self, image: Image) -> Sequence[str]:
        """Return the digests of the indexes and subjects that an image belongs to. Some may not exist any more."""
        indexes = self.known.indexes.get(image.digest, ())
        return (*indexes, *_subjects(image)) if may_refer(image) else indexes

    def children(self, digest: str) -> Sequence[str]:
        """Return the digests of what belongs to an image: platforms, attestations, then referrers."""
        parts, referrers = self.known.parts.get(digest), self._referrers.get(digest)
        if not parts and not referrers:
            return ()
        digests = [part.digest for part in parts or ()]
        return tuple(dict.fromkeys((*digests, *_in_order(referrers)))) if referrers else digests

    def owning(self) -> Collection[str]:
        """Return the digests that others may belong to: of indexes and of subjects."""
        # Copies, because the mappings may grow meanwhile.
        return dict.fromkeys((*list(self.known.parts), *list(self._referrers)))

    def stands_alone(self, image: Image) -> bool:
        """Return True if the image has a tag of its own: people see it as an image, whatever it is part of.

        A tag that attaches it to an existing image does not count as one of its own.
        """
        tags = image.tags
        if not tags or not tags[0].startswith(COSIGN_TAG_PREFIX):  # nearly every image; what follows takes longer
            return bool(tags)
        return any(_ATTACHING_TAG.fullmatch(tag) is None for tag in tags) or all(
            self.find(subject) is None for subject in _subjects(image)
        )

    def unrelated(self, images: Sequence[Image]) -> Sequence[bool | None]:
        """Return for each image whether it stands alone, if it has neither owners nor children; None for the others."""
        digests = {image.digest for image in images}
        known = (self.known.parts, self.known.indexes, self._referrers)
        related = (digests & self._referrer_digests).union(*(digests & each.keys() for each in known))
        # A tag that attaches an image makes it a referrer, so each tag of the others is one of their own.
        return [None if image.digest in related else bool(image.tags) for image in images]

    def is_part(self, image: Image) -> bool | None:
        """Return True if the image belongs to an image that exists; None if that is not known."""
        return True if self.has_owner(image) else False if self.known.complete else None

    def has_owner(self, image: Image) -> bool:
        """Return True if the image is known to belong to an image that exists."""
        return any(self.find(owner) is not None for owner in self.owners(image))

    def is_unread(self, image: Image) -> bool:
        """Return True for an index, or what may be one, whose parts are not known."""
        return (image.kind is ImageKind.INDEX or not image.media_type) and image.digest not in self.known.parts

    def index_of(self, digest: str) -> str | None:
        """Return an index that names this image; empty if no index does; None if that is not known."""
        known = self.known
        return next(iter(known.indexes.get(digest, ())), "" if known.complete else None)

    def existing_owners(self, image: Image) -> Iterator[Image]:
        """Yield the images that an image belongs to, the nearest first."""
        seen = {image.digest}
        waiting = [image]
        for each in waiting:
            for digest in self.owners(each):
                owner = None if digest in seen else self.find(digest)
                if owner is not None:
                    seen.add(digest)
                    waiting.append(owner)
                    yield owner

    def with_children(self) -> Chunk[Image]:
        """Return the images that other images may belong to. They are the same object until something changes."""
        known, kept = self.known, self._with_children
        if kept is None or kept[0] is not known or kept[1] != self.version:
            images = Chunk(image for image in map(self.find, self.owning()) if image is not None)
            kept = self._with_children = known, self.version, images
        return kept[2]

    def belonging_to(self, images: Iterable[Image]) -> set[str]:
        """Return the digests of all that belongs to these images, directly or to what belongs to them."""
        found: set[str] = set()
        waiting = [image.digest for image in images]
        while waiting:
            fresh = [digest for digest in self.children(waiting.pop()) if digest not in found]
            found.update(fresh)
            waiting += [digest for digest in fresh if self.find(digest) is not None]
        return found

    # What it is

    def part(self, digest: str) -> Part | None:
        """Return the entry of an image in its index; None if no index is known to name it."""
        for index in self.known.indexes.get(digest, ())[:1]:
            return self.known.part(digest, index)
        return None

    def kind_text(self, image: Image) -> str:
        """Return the kind in a word or two: ``index 2``, ``arm64``, ``attestation``, ``helm chart``."""
        part = self.part(image.digest)
        if image.kind is ImageKind.INDEX:
            number = len(self.platforms(image.digest))
            return f"{image.kind.value} {number}" if number else image.kind.value
        if part is None or image.kind is not ImageKind.IMAGE:
            return image.kind.value
        return part.platform.removeprefix("linux/") or part.kind.value

    def part_text(self, image: Image) -> str:
        """Return what a part is to its image: ``linux/arm64``, ``signature``; empty for an image that is not a part."""
        part = self.part(image.digest)
        if part is None:
            return image.kind.value if self.is_part(image) else ""
        return part.name if part.platform or part.kind is not ImageKind.IMAGE else image.kind.value

    def platforms(self, digest: str) -> Sequence[Part]:
        """Return the platforms of an index; none if it was not read."""
        parts = self.known.parts.get(digest, ())
        return [part for part in parts if part.is_platform and not self._is_listed_artifact(part)]

    def _is_listed_artifact(self, part: Part) -> bool:
        """Return True if an entry of an index does not say what it is, and the list says that it is an artifact."""
        listed = None if part.platform or part.kind is not ImageKind.IMAGE else self.find(part.digest)
        return listed is not None and listed.kind.is_artifact

    def scanned(self, image: Image) -> Sequence[Image]:
        """Return the images whose scans stand for an image: of an index its platforms, none if it was not read."""
        if image.kind is not ImageKind.INDEX:
            return (image,)
        platforms = (self.find(part.digest) for part in self.platforms(image.digest) if part.is_scanned)
        return [platform for platform in platforms if platform is not None]

    def worst(self, image: Image) -> Image:
        """Return the image whose scan is shown for an image: for an index, the platform with the worst findings.

        A platform whose scan is not known comes before those without findings. The scan of an index that was not read
        is not known; one without an image that ECR scans was not scanned.
        """
        if scanned := self.scanned(image):
            return max(scanned, key=scan_rank)
        parts = self.known.parts.get(image.digest)
        is_unknown = parts is None or any(part.is_scanned for part in parts)
        return replace(image, scan_status="" if is_unknown else NOT_SCANNED, findings=None)


def count_images(images: Collection[Image], known: KnownParts) -> ImageCounts:
    """Count the images of a repository as their folded list does.

    Args:
        images: all images of the repository.
        known: what is known about the parts of its indexes.
    """
    groups = ImageGroups({image.digest: image for image in images}.get)
    groups.known = known
    folding: Folding[Image] = Folding(groups, lambda image: image.digest)
    folding.bind({image.digest: slot for slot, image in enumerate(images)}, list(images))
    folding.add(images, len(images))
    folding.evaluate(range(len(images)))
    parts = folding.inside_count
    return ImageCounts(len(images) - parts, folding.alone_count, parts, known.complete)


def scan_rank(image: Image) -> tuple[int, ...]:
    """Return a rank by what a scan found: findings, by severity; then not known; then not scanned; then no findings."""
    if image.findings is None:
        return (1,) if image.scan_known else (2,)
    numbers = severity_numbers(image.findings)
    return (3, *numbers) if any(numbers) else (0,)


def _referring(images: Collection[Image]) -> Sequence[Image]:
    """Return the images that may refer to a subject. Most pages have none, so this looks at all their tags at once."""
    may_attach = COSIGN_TAG_PREFIX in "\n".join(chain.from_iterable([image.tags for image in images]))
    return [image for image in images if image.subject or (may_attach and _may_attach(image))]


def may_refer(image: Image) -> bool:
    """Return True if the image may refer to a subject. Few do, and this takes less time than to find the subject."""
    return bool(image.subject) or _may_attach(image)


def _may_attach(image: Image) -> bool:
    """Return True if a tag may attach the image to a subject. Few do, and this takes less time than an expression."""
    return bool(image.tags) and COSIGN_TAG_PREFIX in "\n".join(image.tags)


def _subjects(image: Image) -> Iterator[str]:
    """Yield the digests of the images that an image refers to: its subject, and those in tags of cosign."""
    if image.subject:
        yield image.subject
    for tag in image.tags:
        if (found := _ATTACHING_TAG.fullmatch(tag)) is not None and (subject := f"sha256:{found['digits']}") not in (
            image.digest,
            image.subject,
        ):
            yield subject


def _in_order(referrers: dict[str, ImageKind]) -> Sequence[str]:
    """Return the digests of referrers, signatures first."""

    def rank(digest: str) -> tuple[bool, ImageKind, str]:
        kind = referrers[digest]
        return kind is not ImageKind.SIGNATURE, kind, digest

    return sorted(referrers, key=rank)
