"""Find the images behind tags and digests, archived ones included.

ECR has two operations for this, and each has a gap. DescribeImages returns everything about an image and includes the
archive, but fails as a whole if one of the images does not exist. BatchGetImage reports for each image whether it
exists, but not for archived ones, and it sends the manifests along, which ECR records as pulls. So few tags are
described one by one. Of many tags, BatchGetImage reports which exist, and ListImages looks for the others in the
archive. In a repository of a pull-through cache rule, BatchGetImage asks the upstream registry for what is not cached.
If that fails, all tags are described one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import MEDIA_TYPES, Manifest
from ecrtui.errors import EcrTuiError, ErrorKind, NotFound
from ecrtui.registry.error_table import kind_of_code
from ecrtui.registry.errors import error_from_failure
from ecrtui.registry.paging import PAGE_SIZE, RepetitionCheck
from ecrtui.registry.replies import conversion, image_details
from ecrtui.registry.replies.validation import (
    MAX_IDS,
    MAX_TAG,
    Reply,
    check_answers,
    check_subject,
    required_digest,
    required_text,
    structure,
    structures,
)

TOO_MANY_IMAGES = frozenset({ErrorKind.REPLY_TOO_LARGE, ErrorKind.INVALID_REQUEST})
"""What an answer to BatchGetImage can mean whose manifests are too large together: each half is asked for by itself."""

_ANY_STATUS = {"imageStatus": "ANY"}
_DESCRIBED_ONE_BY_ONE = 4
"""Tags up to which each one is described in a call of its own. It is the number of tags that cosign makes from a
digest: to look for those of an image must not be recorded as a pull of its signature."""


class ImageResolver:
    """Finds images by tag and by digest.

    Args:
        read: calls an operation that changes nothing, with its parameters; raises :class:`EcrTuiError`.
        replies: yields the replies of a listing, from the operation, a page token (empty for all) and its parameters.
        subject: returns the members that say what a reply is about, for a repository; see :func:`check_subject`.

    Every method raises :class:`BadValue` for a reply that is not as the API defines it, or that is not about the
    images that were asked for.
    """

    def __init__(
        self,
        read: Callable[..., Reply],
        replies: Callable[..., Iterator[Reply]],
        subject: Callable[[str], Mapping[str, str]],
    ) -> None:
        self._read = read
        self._replies = replies
        self._subject = subject

    def by_digest(self, repository: str, digests: Sequence[str]) -> tuple[Image, ...]:
        """Return the images that exist, in the order of the digests."""
        unique = list(dict.fromkeys(digests))
        found = {image.digest: image for image in self._describe(repository, "imageDigest", unique)}
        return tuple(found[digest] for digest in unique if digest in found)

    def by_tag(self, repository: str, tags: Sequence[str], *, keep_pull_times: bool = False) -> Mapping[str, Image]:
        """Return the images by tag, in the order of the tags, without tags that do not exist.

        Args:
            repository: the repository.
            tags: the tags.
            keep_pull_times: True to use ListImages instead of BatchGetImage, which ECR records as a pull.
        """
        unique = list(dict.fromkeys(tags))
        if len(unique) <= _DESCRIBED_ONE_BY_ONE:
            return self._one_by_one(repository, unique)
        try:
            digests = self._all_digests(repository, unique) if keep_pull_times else self._digests(repository, unique)
        except EcrTuiError as error:
            if error.kind is not ErrorKind.UPSTREAM:
                raise
            return self._one_by_one(repository, unique)
        found = self._with_digests(repository, digests)
        return {tag: found[tag] for tag in unique if tag in found}

    def manifests_by_tag(self, repository: str, tags: Sequence[str], *, strict: bool) -> dict[str, Manifest]:
        """Return the manifests of at most 100 tags, by tag, without tags that do not exist.

        Those of archived images are left out too; with ``strict`` they are an error.
        """
        found: dict[str, Manifest] = {}
        for reply, _ in self._active(repository, tags):
            for failure in conversion.failures(reply) if strict else ():
                if kind_of_code(failure["failureCode"]) is ErrorKind.INACCESSIBLE:
                    raise error_from_failure(failure, "BatchGetImage", repository)
            for entry in structures(reply, "images"):
                found[structure(entry, "imageId")["imageTag"]] = conversion.manifest(entry)
        return found

    def tag_is_at(self, repository: str, tag: str, digest: str) -> bool:
        """Return whether the tag points to this digest now.

        BatchGetImage takes both and compares them: the failure is ImageTagDoesNotMatchDigest if the tag points
        elsewhere. Of an archived image it only reports that it is inaccessible.
        """
        try:
            reply = self._batch_get(repository, [{"imageTag": tag, "imageDigest": digest}])
        except EcrTuiError as error:
            if error.kind is not ErrorKind.UPSTREAM:
                raise
            reply = {}
        found = self._image_ids(repository, reply)
        for ids in found:
            check_subject(ids, {"imageTag": tag, "imageDigest": digest})
        if found:
            return True
        failures = conversion.failures(reply)
        for failure in failures:
            check_subject(failure["imageId"], {"imageTag": tag, "imageDigest": digest})
        kinds = {kind_of_code(failure["failureCode"]) for failure in failures}
        if kinds == {ErrorKind.TAG_MISMATCH}:
            return False
        image = self._one(repository, tag)
        return image is not None and image.digest == digest

    def _one_by_one(self, repository: str, tags: Iterable[str]) -> dict[str, Image]:
        return {tag: image for tag in tags if (image := self._one(repository, tag)) is not None}

    def _one(self, repository: str, tag: str) -> Image | None:
        return next(self._describe(repository, "imageTag", [tag]), None)

    def _digests(self, repository: str, tags: Sequence[str]) -> dict[str, str]:
        """Return the digests of these tags. Only those that BatchGetImage does not find are looked for in a listing."""
        digests = self._active_digests(repository, tags)
        missing = [tag for tag in tags if tag not in digests]
        return digests | self._listed_digests(repository, missing, ("ARCHIVED", "ACTIVATING")) if missing else digests

    def _all_digests(self, repository: str, tags: Sequence[str]) -> dict[str, str]:
        return self._listed_digests(repository, tags, ("ANY",))

    def _with_digests(self, repository: str, digests: Mapping[str, str]) -> dict[str, Image]:
        """Return the images of these tags, which had these digests just now."""
        images = {image.digest: image for image in self.by_digest(repository, list(digests.values()))}
        found = {
            tag: images[digest] for tag, digest in digests.items() if digest in images and tag in images[digest].tags
        }
        # The images are read after the tags. A tag that has moved or gone since then is read again.
        return found | self._one_by_one(repository, [tag for tag in digests if tag not in found])

    def _active_digests(self, repository: str, tags: Sequence[str]) -> dict[str, str]:
        """Return the digests of these tags as far as they point to images that are not archived."""
        digests: dict[str, str] = {}
        for chunk in _chunks(tags):
            for _, found in self._active(repository, chunk):
                digests |= found
        return digests

    def _active(self, repository: str, tags: Sequence[str]) -> Iterator[tuple[Reply, dict[str, str]]]:
        """Yield the reply of BatchGetImage for these tags, and the digests in it by tag.

        There are several replies if one would be too large, or the registry takes fewer tags.
        """
        try:
            reply = self._batch_get(repository, [{"imageTag": tag} for tag in tags])
        except EcrTuiError as error:
            if error.kind not in TOO_MANY_IMAGES or len(tags) == 1:
                raise
            half = len(tags) // 2
            yield from self._active(repository, tags[:half])
            yield from self._active(repository, tags[half:])
            return
        found = {ids["imageTag"]: ids["imageDigest"] for ids in self._image_ids(repository, reply)}
        failures = conversion.failures(reply)
        check_answers(tags, [*([tag] for tag in found), *(failure["imageId"].values() for failure in failures)])
        for failure in failures:
            if kind_of_code(failure["failureCode"]) not in (ErrorKind.IMAGE_NOT_FOUND, ErrorKind.INACCESSIBLE):
                raise error_from_failure(failure, "BatchGetImage", repository)
        yield reply, found

    def _listed_digests(self, repository: str, tags: Sequence[str], statuses: Sequence[str]) -> dict[str, str]:
        """Return the digests of these tags as far as they point to images with one of these statuses."""
        wanted = set(tags)
        found: dict[str, str] = {}
        for status in statuses:
            check = RepetitionCheck("ListImages")
            known: set[str] = set()
            for ids in self._listed_ids(repository, status):
                check.page(has_new_rows=not known.issuperset(ids))
                known.update(ids)
                found |= {tag: digest for tag, digest in ids.items() if tag in wanted}
        return found

    def _listed_ids(self, repository: str, status: str) -> Iterator[dict[str, str]]:
        """Yield the tags and digests of tagged images with this status, page by page (ListImages)."""
        for reply in self._replies(
            "ListImages",
            "",
            repositoryName=repository,
            filter={"tagStatus": "TAGGED", "imageStatus": status},
            maxResults=PAGE_SIZE,
        ):
            yield {
                required_text(entry, "imageTag", MAX_TAG): required_digest(entry, "imageDigest")
                for entry in structures(reply, "imageIds")
            }

    def _describe(self, repository: str, member: str, values: Sequence[str]) -> Iterator[Image]:
        """Yield the images with these digests or tags. If one of them does not exist, each half is described by itself.

        Args:
            repository: the repository.
            member: ``imageDigest`` or ``imageTag``.
            values: the digests or tags, each once.
        """
        for chunk in _chunks(values):
            ids = [{member: value} for value in chunk]
            try:
                reply = self._read("DescribeImages", repositoryName=repository, imageIds=ids, filter=_ANY_STATUS)
            except NotFound as error:
                if error.kind is not ErrorKind.IMAGE_NOT_FOUND:
                    raise
                if len(chunk) > 1:
                    middle = len(chunk) // 2
                    yield from self._describe(repository, member, chunk[:middle])
                    yield from self._describe(repository, member, chunk[middle:])
            else:
                yield from self._described(repository, chunk, reply)

    def _described(self, repository: str, asked: Sequence[str], reply: Reply) -> list[Image]:
        """Return the images of a reply of DescribeImages: those with the digests or tags that were asked for."""
        details = structures(reply, "imageDetails", MAX_IDS)
        for entry in details:
            check_subject(entry, self._subject(repository))
        images = [image_details.image(entry) for entry in details]
        check_answers(asked, ((image.digest, *image.tags) for image in images))
        return images

    def _image_ids(self, repository: str, reply: Reply) -> list[dict[str, str]]:
        """Return tag and digest of each image in a reply of BatchGetImage."""
        images = structures(reply, "images", MAX_IDS)
        for entry in images:
            check_subject(entry, self._subject(repository))
        ids = [structure(entry, "imageId") for entry in images]
        return [
            {
                "imageTag": required_text(entry, "imageTag", MAX_TAG),
                "imageDigest": required_digest(entry, "imageDigest"),
            }
            for entry in ids
        ]

    def _batch_get(self, repository: str, ids: Sequence[Mapping[str, str]]) -> Reply:
        return self._read(
            "BatchGetImage", repositoryName=repository, imageIds=list(ids), acceptedMediaTypes=list(MEDIA_TYPES)
        )


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), MAX_IDS):
        yield values[start : start + MAX_IDS]
