"""Read manifests with BatchGetImage, and check each one against its digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.manifest import MEDIA_TYPES, Manifest
from ecrtui.errors import EcrTuiError, NotFound
from ecrtui.registry.calls import EcrCalls
from ecrtui.registry.errors import error_from_failure, integrity_error
from ecrtui.registry.image_resolver import TOO_MANY_IMAGES, ImageResolver
from ecrtui.registry.replies import conversion
from ecrtui.registry.replies.validation import MAX_IDS, Reply, check_answers, check_subject, structures, validate_reply


class ManifestCalls:
    """The manifests of one account.

    Args:
        calls: calls the operations.
        resolver: finds the images of tags and digests.
    """

    def __init__(self, calls: EcrCalls, resolver: ImageResolver) -> None:
        self._calls = calls
        self._resolver = resolver

    def manifest(self, repository: str, digest: str) -> Manifest:
        """Return the manifest of a digest; see :meth:`ecrtui.registry.protocol.Registry.manifest`."""
        reply = self._batch_get(repository, [digest])
        with validate_reply("BatchGetImage"):
            failures = conversion.failures(reply)
            found = self._parsed(repository, [digest], reply)
        if failures:
            error = error_from_failure(failures[0], "BatchGetImage", repository)
            raise self._archived(repository, digest) or error if isinstance(error, NotFound) else error
        if not found:
            raise NotFound(
                "ECR returned no manifest for the image",
                f"{digest} in {repository}",
                "Check its media type: ecrtui may not know it.",
                operation="BatchGetImage",
            )
        return check_digest(found[0], digest)

    def manifests(self, repository: str, digests: Sequence[str]) -> tuple[Manifest, ...]:
        """Return several manifests, without those that are not available."""
        wanted = list(dict.fromkeys(digests))
        found: list[Manifest] = []
        for start in range(0, len(wanted), MAX_IDS):
            found += self._read_manifests(repository, wanted[start : start + MAX_IDS])
        return tuple(manifest for manifest in found if manifest.intact)

    def _read_manifests(self, repository: str, digests: Sequence[str]) -> list[Manifest]:
        """Read manifests in one request; in several, if the reply would be too large, or the registry takes fewer."""
        try:
            reply = self._batch_get(repository, digests)
        except EcrTuiError as error:
            if error.kind not in TOO_MANY_IMAGES or len(digests) == 1:
                raise
            half = len(digests) // 2
            return self._read_manifests(repository, digests[:half]) + self._read_manifests(repository, digests[half:])
        with validate_reply("BatchGetImage"):
            return self._parsed(repository, digests, reply)

    def _parsed(self, repository: str, digests: Sequence[str], reply: Reply) -> list[Manifest]:
        """Return the manifests in a reply of BatchGetImage, which must be some of those that were asked for."""
        images = structures(reply, "images", MAX_IDS)
        for entry in images:
            check_subject(entry, self._calls.subject(repository))
        found = [conversion.manifest(entry) for entry in images]
        check_answers(digests, ([manifest.digest] for manifest in found), partly=True)
        return found

    def tagged_manifests(self, repository: str, tags: Sequence[str], *, strict: bool = False) -> Mapping[str, Manifest]:
        """Return the manifests of these tags, by tag; see the method of :class:`ecrtui.registry.protocol.Registry`."""
        unique = list(dict.fromkeys(tags))
        found: dict[str, Manifest] = {}
        for start in range(0, len(unique), MAX_IDS):
            with validate_reply("BatchGetImage"):
                found |= self._resolver.manifests_by_tag(repository, unique[start : start + MAX_IDS], strict=strict)
        return {tag: check_digest(found[tag], found[tag].digest) for tag in unique if tag in found}

    def _batch_get(self, repository: str, digests: Sequence[str]) -> dict[str, Any]:
        return self._calls.read(
            "BatchGetImage",
            repositoryName=repository,
            imageIds=[{"imageDigest": digest} for digest in digests],
            acceptedMediaTypes=list(MEDIA_TYPES),
        )

    def _archived(self, repository: str, digest: str) -> EcrTuiError | None:
        """Return the error for an image that cannot be read because it is archived; None if it does not exist."""
        with validate_reply("DescribeImages"):
            images = self._resolver.by_digest(repository, [digest])
        failure = {"failureCode": "ImageArchivedException"}
        return error_from_failure(failure, "BatchGetImage", repository) if images else None


def check_digest(manifest: Manifest, digest: str) -> Manifest:
    """Return a manifest whose bytes have this digest.

    Raises:
        EcrTuiError: they have another one.
    """
    actual = digest_of(manifest.text)
    if actual != digest:
        raise integrity_error(
            "The manifest does not match its digest", f"requested {digest}, received {actual}", "BatchGetImage"
        )
    return manifest if manifest.digest == digest else Manifest(manifest.text, digest, manifest.media_type)
