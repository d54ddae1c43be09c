"""What a search of all repositories finds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ecrtui.ecr.image import Image
from ecrtui.ecr.units import format_count, format_number
from ecrtui.errors import EcrTuiError


class PartOf(NamedTuple):
    """The index that names an image.

    Args:
        digest: the digest of the index.
        tags: its tags now.
        part: what the image is in it: "linux/arm64", "attestation".
    """

    digest: str
    tags: tuple[str, ...]
    part: str


class BlobImage(NamedTuple):
    """An image that has a layer or a config, and the index that names the image, if one is known."""

    image: Image
    part_of: PartOf | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the image, or of its index."""
        return self.image.tags or (self.part_of.tags if self.part_of else ())


class FoundBlob(NamedTuple):
    """A layer or a config of a repository.

    Args:
        digest: its digest.
        role: "layer" or "config"; empty if no manifest that is known names it.
        size: its bytes; None if they are not known.
        images: the images that are known to have it, those with tags first, then the newest.
        known: the number of images of the repository whose manifests are known.
        total: the number of its images that can have layers: all but indexes.
    """

    digest: str
    role: str = ""
    size: int | None = None
    images: tuple[BlobImage, ...] = ()
    known: int = 0
    total: int = 0


class BlobCounts(NamedTuple):
    """What a search for layers and configs is based on.

    Args:
        known: the number of images whose manifests were looked at.
        total: the number of images that could have been looked at. For whole digests, those of the repositories that
            have one of them.
        denied: the number of repositories that do not permit to ask what they have.
    """

    known: int = 0
    total: int = 0
    denied: int = 0

    @property
    def complete(self) -> bool:
        """True if no other layer or config can be what was looked for."""
        return self.known >= self.total and not self.denied

    @property
    def words(self) -> tuple[str, ...]:
        """What was searched, in words."""
        known = f"{format_number(self.known)} of {format_number(self.total)} manifests are known"
        denied = format_count(self.denied, "repository", "repositories")
        return (
            "looked for layers and configs",
            *((known,) if self.total else ()),
            *((f"ecr:BatchCheckLayerAvailability is not permitted in {denied}",) if self.denied else ()),
        )


def add_counts(counts: Iterable[BlobCounts]) -> BlobCounts:
    """Return the sums of all counts."""
    return BlobCounts(*map(sum, zip(*counts, strict=True)))


class Hit(NamedTuple):
    """What was found.

    Args:
        repository: the name of the repository.
        image: the image; None for a layer or a config, and for a repository without an image that should be missing.
        part_of: an index that names the image; None if none is known.
        age: seconds since the listing that has the image; None if it was read now.
        in_no_index: True if all indexes of the repository were read, and none names the image.
        blob: the layer or the config.
    """

    repository: str
    image: Image | None
    part_of: PartOf | None = None
    age: float | None = None
    in_no_index: bool = False
    blob: FoundBlob | None = None

    @property
    def digest(self) -> str:
        """The digest of what was found; empty for a repository."""
        return self.blob.digest if self.blob else self.image.digest if self.image else ""


class FindAnswer(NamedTuple):
    """What a repository has.

    Args:
        repository: its name; empty for an error about all repositories.
        hits: the hits; with ``final`` all of them, which replace those of earlier answers.
        error: why it, or the indexes of its hits, could not be read.
        final: False if more hits can follow.
    """

    repository: str
    hits: tuple[Hit, ...] = ()
    error: EcrTuiError | None = None
    final: bool = True


class FindBatch(NamedTuple):
    """The answers since the last batch, and the progress.

    Args:
        answers: the answers.
        asked: the number of repositories that have answered, or could not be asked.
        total: the number of repositories that are known.
        listing: True while all images are listed: the repositories then count from the start again.
        throttled: seconds until the next request, because the service throttled one.
        blobs: what the search for layers and configs is based on; None if there was none.
    """

    answers: tuple[FindAnswer, ...]
    asked: int
    total: int
    listing: bool = False
    throttled: float = 0.0
    blobs: BlobCounts | None = None
