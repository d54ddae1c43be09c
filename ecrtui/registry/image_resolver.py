"""Find the images behind tags and digests, archived ones included.

ECR has two operations for this, and each has a gap. DescribeImages returns everything about an image and includes the
archive, but fails as a whole if one of the images does not exist. BatchGetImage reports for each image whether it
exists, but not for archived ones, and it sends the manifests along. So few tags are described one by one. Of many
tags, BatchGetImage reports which exist, and ListImages looks for the others in the archive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import MEDIA_TYPES
from ecrtui.errors import ErrorKind, NotFound
from ecrtui.registry import conversion
from ecrtui.registry.error_table import kind_of_code
from ecrtui.registry.errors import error_from_failure

_ANY_STATUS = {"imageStatus": "ANY"}
_DESCRIBED_ONE_BY_ONE = 3
"""Tags up to which each one is described in a call of its own."""

PAGE_SIZE = 1000
"""Entries a page: the maximum of ECR (``MaxResults``)."""


class ImageResolver:
    """Finds images by tag and by digest.

    Args:
        read: calls an operation that changes nothing, with its parameters; raises :class:`EcrTuiError`.
        replies: yields the replies of a listing, from the operation, a page token (empty for all) and its parameters.
    """

    IDS_PER_CALL = 100
    """Image ids in a call: the maximum of ECR."""

    def __init__(
        self, read: Callable[..., Mapping[str, Any]], replies: Callable[..., Iterator[Mapping[str, Any]]]
    ) -> None:
        self._read = read
        self._replies = replies

    def by_digest(self, repository: str, digests: Sequence[str]) -> tuple[Image, ...]:
        """Return the images that exist, in the order of the digests."""
        unique = list(dict.fromkeys(digests))
        ids = [{"imageDigest": digest} for digest in unique]
        found = {image.digest: image for image in self._describe(repository, ids)}
        return tuple(found[digest] for digest in unique if digest in found)

    def by_tag(self, repository: str, tags: Sequence[str]) -> Mapping[str, Image]:
        """Return the images by tag, in the order of the tags, without tags that do not exist."""
        unique = list(dict.fromkeys(tags))
        if len(unique) <= _DESCRIBED_ONE_BY_ONE:
            found = {tag: image for tag in unique if (image := self._one(repository, tag)) is not None}
        else:
            found = self._many(repository, unique)
        return {tag: found[tag] for tag in unique if tag in found}

    def tag_is_at(self, repository: str, tag: str, digest: str) -> bool:
        """Return whether the tag points to this digest now.

        BatchGetImage takes both and compares them: the failure is ImageTagDoesNotMatchDigest if the tag points
        elsewhere. Of an archived image it only reports that it is inaccessible.
        """
        reply = self._batch_get(repository, [{"imageTag": tag, "imageDigest": digest}])
        if reply.get("images"):
            return True
        kinds = {_failure_kind(failure) for failure in reply.get("failures") or ()}
        if kinds == {ErrorKind.TAG_MISMATCH}:
            return False
        image = self._one(repository, tag)
        return image is not None and image.digest == digest

    def _one(self, repository: str, tag: str) -> Image | None:
        return next(self._describe(repository, [{"imageTag": tag}]), None)

    def _many(self, repository: str, tags: Sequence[str]) -> dict[str, Image]:
        digests = self._active_digests(repository, tags)
        missing = [tag for tag in tags if tag not in digests]
        if missing:
            digests |= self._archived_digests(repository, missing)
        images = {image.digest: image for image in self.by_digest(repository, list(digests.values()))}
        # The images are read after the tags: a tag that has moved or gone since then is left out.
        return {
            tag: images[digest] for tag, digest in digests.items() if digest in images and tag in images[digest].tags
        }

    def _active_digests(self, repository: str, tags: Sequence[str]) -> dict[str, str]:
        """Return the digests of these tags as far as they point to images that are not archived."""
        digests: dict[str, str] = {}
        for chunk in _chunks(tags):
            reply = self._batch_get(repository, [{"imageTag": tag} for tag in chunk])
            for entry in reply.get("images") or ():
                digests[entry["imageId"]["imageTag"]] = entry["imageId"]["imageDigest"]
            for failure in reply.get("failures") or ():
                if _failure_kind(failure) not in (ErrorKind.IMAGE_NOT_FOUND, ErrorKind.INACCESSIBLE):
                    raise error_from_failure(failure, "BatchGetImage", repository)
        return digests

    def _archived_digests(self, repository: str, tags: Sequence[str]) -> dict[str, str]:
        """Return the digests of these tags as far as they point to images in the archive or in activation."""
        wanted = set(tags)
        return {
            entry["imageTag"]: entry["imageDigest"]
            for status in ("ARCHIVED", "ACTIVATING")
            for reply in self._replies(
                "ListImages",
                "",
                repositoryName=repository,
                filter={"tagStatus": "TAGGED", "imageStatus": status},
                maxResults=PAGE_SIZE,
            )
            for entry in reply.get("imageIds") or ()
            if entry.get("imageTag") in wanted
        }

    def _describe(self, repository: str, ids: Sequence[Mapping[str, str]]) -> Iterator[Image]:
        """Yield the images of these ids. If one of them does not exist, each half is described by itself."""
        for chunk in _chunks(ids):
            try:
                reply = self._read(
                    "DescribeImages", repositoryName=repository, imageIds=list(chunk), filter=_ANY_STATUS
                )
            except NotFound as error:
                if error.kind is not ErrorKind.IMAGE_NOT_FOUND:
                    raise
                if len(chunk) > 1:
                    middle = len(chunk) // 2
                    yield from self._describe(repository, chunk[:middle])
                    yield from self._describe(repository, chunk[middle:])
            else:
                yield from map(conversion.image, reply.get("imageDetails") or ())

    def _batch_get(self, repository: str, ids: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
        return self._read(
            "BatchGetImage", repositoryName=repository, imageIds=list(ids), acceptedMediaTypes=list(MEDIA_TYPES)
        )


def _failure_kind(failure: Mapping[str, Any]) -> ErrorKind:
    return kind_of_code(str(failure.get("failureCode")))


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), ImageResolver.IDS_PER_CALL):
        yield values[start : start + ImageResolver.IDS_PER_CALL]
