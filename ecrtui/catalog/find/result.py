"""What a search of all repositories finds."""

from __future__ import annotations

from typing import NamedTuple

from ecrtui.ecr.image import Image
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


class Hit(NamedTuple):
    """What was found.

    Args:
        repository: the name of the repository.
        image: the image; None for a repository without an image that should be missing.
        part_of: an index that names the image; None if none is known.
        age: seconds since the listing that has the image; None if it was read now.
        in_no_index: True if all indexes of the repository were read, and none names the image.
    """

    repository: str
    image: Image | None
    part_of: PartOf | None = None
    age: float | None = None
    in_no_index: bool = False


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
    """

    answers: tuple[FindAnswer, ...]
    asked: int
    total: int
    listing: bool = False
    throttled: float = 0.0
