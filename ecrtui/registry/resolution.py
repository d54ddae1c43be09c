"""Which images are behind tags and digests now, archived ones included.

ECR has two ways to ask, and each lacks something. DescribeImages tells all about an image and knows the archive, but
refuses the whole call when a single one of its images does not exist. BatchGetImage tells for each whether it exists,
but not for images in the archive, and sends the manifests along. So: one image is described; of many tags
BatchGetImage tells which exist, and those that do not are looked for in the archive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import MEDIA_TYPES
from ecrtui.errors import NotFound
from ecrtui.registry import conversion
from ecrtui.registry.errors import error_from_failure

_ANY = {"imageStatus": "ANY"}
_FEW = 3

PAGE_SIZE = 1000
"""Entries a page: the most that ECR gives (``MaxResults``)."""


class ImageResolver:
    """Resolves tags and digests.

    Args:
        read: calls an operation that changes nothing, with its parameters; raises :class:`EcrTuiError`.
        replies: every reply of a listing, from the operation, a page token (empty for all) and its parameters.
    """

    IDS_PER_CALL = 100
    """Image ids that ECR takes in one call."""

    def __init__(
        self, read: Callable[..., Mapping[str, Any]], replies: Callable[..., Iterator[Mapping[str, Any]]]
    ) -> None:
        self._read = read
        self._replies = replies

    def by_digest(self, repository: str, digests: Sequence[str]) -> tuple[Image, ...]:
        """The images that exist, in the order asked for."""
        wanted = list(dict.fromkeys(digests))
        ids = [{"imageDigest": digest} for digest in wanted]
        found = {image.digest: image for image in self._describe(repository, ids)}
        return tuple(found[digest] for digest in wanted if digest in found)

    def by_tag(self, repository: str, tags: Sequence[str]) -> Mapping[str, Image]:
        """The images by tag, in the order asked for, without the tags that do not exist."""
        wanted = list(dict.fromkeys(tags))
        if len(wanted) <= _FEW:
            found = {tag: image for tag in wanted if (image := self._one(repository, tag)) is not None}
        else:
            found = self._many(repository, wanted)
        return {tag: found[tag] for tag in wanted if tag in found}

    def tag_is_at(self, repository: str, tag: str, digest: str) -> bool:
        """Whether the tag is at this digest now.

        BatchGetImage with both is the one question that ECR answers by itself: ImageTagDoesNotMatchDigest if the tag
        is elsewhere. Only of an image in the archive it says no more than that it cannot be had.
        """
        reply = self._get(repository, [{"imageTag": tag, "imageDigest": digest}])
        if reply.get("images"):
            return True
        codes = {entry.get("failureCode") for entry in reply.get("failures") or ()}
        if codes == {"ImageTagDoesNotMatchDigest"}:
            return False
        image = self._one(repository, tag)
        return image is not None and image.digest == digest

    def _one(self, repository: str, tag: str) -> Image | None:
        return next(self._describe(repository, [{"imageTag": tag}]), None)

    def _many(self, repository: str, tags: Sequence[str]) -> dict[str, Image]:
        at: dict[str, str] = {}
        for chunk in _chunks(tags):
            reply = self._get(repository, [{"imageTag": tag} for tag in chunk])
            for entry in reply.get("images") or ():
                at[entry["imageId"]["imageTag"]] = entry["imageId"]["imageDigest"]
            for problem in reply.get("failures") or ():
                if problem.get("failureCode") not in ("ImageNotFound", "ImageInaccessible"):
                    raise error_from_failure(problem, "BatchGetImage")
        missing = [tag for tag in tags if tag not in at]
        at |= self._archived(repository, missing) if missing else {}
        images = {image.digest: image for image in self.by_digest(repository, list(at.values()))}
        # an image is looked at after its tag: what has moved or gone in between is what it is now
        return {tag: images[digest] for tag, digest in at.items() if digest in images and tag in images[digest].tags}

    def _archived(self, repository: str, tags: Sequence[str]) -> dict[str, str]:
        """The digests of these tags as far as they are on images in the archive or on their way out of it."""
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
        """The images of these ids. When one of them does not exist, each half is asked for by itself."""
        for chunk in _chunks(ids):
            try:
                reply = self._read("DescribeImages", repositoryName=repository, imageIds=list(chunk), filter=_ANY)
            except NotFound as error:
                if error.code != "ImageNotFoundException":
                    raise
                if len(chunk) > 1:
                    middle = len(chunk) // 2
                    yield from self._describe(repository, chunk[:middle])
                    yield from self._describe(repository, chunk[middle:])
            else:
                yield from map(conversion.image, reply.get("imageDetails") or ())

    def _get(self, repository: str, ids: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
        return self._read(
            "BatchGetImage", repositoryName=repository, imageIds=list(ids), acceptedMediaTypes=list(MEDIA_TYPES)
        )


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), ImageResolver.IDS_PER_CALL):
        yield values[start : start + ImageResolver.IDS_PER_CALL]
