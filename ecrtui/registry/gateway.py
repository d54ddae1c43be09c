"""The registry over botocore: one implementation, for AWS, any endpoint that speaks ECR, and the embedded one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from botocore import xform_name

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.findings import Finding
from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import MEDIA_TYPES, Manifest
from ecrtui.ecr.put_image_request import PutImageResult
from ecrtui.ecr.referrer import Referrer
from ecrtui.ecr.repository import Repository
from ecrtui.errors import AccessDenied, EcrTuiError, NotFound, Refused
from ecrtui.registry import blobs, conversion
from ecrtui.registry.client import Clients
from ecrtui.registry.errors import error_from_failure, integrity_error, listing_expired, validate_reply
from ecrtui.registry.paging import iterate_pages
from ecrtui.registry.parsing import DEFERRED_BODY, parse_deferred
from ecrtui.registry.protocol import Item, Page
from ecrtui.registry.resolution import PAGE_SIZE, ImageResolver

REFERRERS_PAGE_SIZE = 50
"""Referrers a page: the most that ECR gives (``FiftyMaxResults``)."""

_UNDER_WAY = ("IN_PROGRESS", "PENDING")

Value = TypeVar("Value")


class EcrRegistry:
    """See :class:`ecrtui.registry.protocol.Registry`.

    Args:
        clients: the clients of the connection.
        registry_id: the account, if it is not the caller's own.
    """

    def __init__(self, clients: Clients, registry_id: str | None = None) -> None:
        self._clients = clients
        self._account: Mapping[str, str] = {"registryId": registry_id} if registry_id else {}
        self._location: RegistryLocation | None = None
        self._resolution = ImageResolver(self._read, self._whole_replies)

    def of_account(self, registry_id: str) -> EcrRegistry:
        """The registry of another account, by the same connection."""
        return EcrRegistry(self._clients, registry_id)

    def connect(self) -> None:
        """Make the client, so that the first call need not wait for it. Nothing is sent.

        Raises:
            EcrTuiError: there is no region, no such profile, an endpoint that is none.
        """
        with self._clients.door("Configuration"):
            _ = self._clients.read_client

    def location(self) -> RegistryLocation:
        """Account, region and endpoint."""
        if self._location is None:
            account = self._account.get("registryId") or self._own_account()
            self._location = RegistryLocation(account, self._clients.region, self._clients.endpoint)
        return self._location

    def identity(self) -> str:
        """The caller's ARN; empty if it cannot be known."""
        if self._clients.in_process:
            return self._clients.in_process.identity
        return self._caller("Arn")

    def repositories(self, start: str = "") -> Iterator[Page[Repository]]:
        """All repositories from a page token on."""
        return self._pages("DescribeRepositories", "repositories", conversion.repository, start)

    def repository(self, name: str) -> Repository:
        """One repository."""
        reply = self._read("DescribeRepositories", repositoryNames=[name])
        with validate_reply("DescribeRepositories"):
            return conversion.repository(reply["repositories"][0])

    def images(self, repository: str, *, tag_status: str = "ANY", start: str = "") -> Iterator[Page[Image]]:
        """All images, archived ones too, from a page token on."""
        status = {"tagStatus": tag_status, "imageStatus": "ANY"}
        return self._pages(
            "DescribeImages", "imageDetails", conversion.image, start, repositoryName=repository, filter=status
        )

    def images_by_digest(self, repository: str, digests: Sequence[str]) -> tuple[Image, ...]:
        """These images, as they are now."""
        with validate_reply("DescribeImages"):
            return self._resolution.by_digest(repository, digests)

    def images_by_tag(self, repository: str, tags: Sequence[str]) -> Mapping[str, Image]:
        """The images that hold these tags now."""
        with validate_reply("DescribeImages"):
            return self._resolution.by_tag(repository, tags)

    def tag_is_at(self, repository: str, tag: str, digest: str) -> bool:
        """Whether the tag is at this digest now."""
        with validate_reply("BatchGetImage"):
            return self._resolution.tag_is_at(repository, tag, digest)

    def manifest(self, repository: str, digest: str) -> Manifest:
        """The exact manifest, by digest."""
        reply = self._manifests(repository, [digest])
        with validate_reply("BatchGetImage"):
            failures = [error_from_failure(problem, "BatchGetImage") for problem in reply.get("failures") or ()]
            found = [conversion.manifest(entry) for entry in reply.get("images") or ()]
        for error in failures:
            raise self._archived(repository, digest) or error if isinstance(error, NotFound) else error
        if not found:
            raise NotFound(
                "ECR gives no manifest for the image",
                f"{digest} in {repository}",
                "It may be of a media type that ecrtui does not know.",
                operation="BatchGetImage",
            )
        return _intact(found[0], digest)

    def manifests(self, repository: str, digests: Sequence[str]) -> tuple[Manifest, ...]:
        """Several manifests; those that cannot be had, or are not intact, are left out."""
        wanted = list(dict.fromkeys(digests))
        found: list[Manifest] = []
        for start in range(0, len(wanted), ImageResolver.IDS_PER_CALL):
            reply = self._manifests(repository, wanted[start : start + ImageResolver.IDS_PER_CALL])
            with validate_reply("BatchGetImage"):
                found += map(conversion.manifest, reply.get("images") or ())
        return tuple(manifest for manifest in found if manifest.digest in wanted and manifest.intact)

    def blob(self, repository: str, digest: str, limit: int) -> bytes:
        """A blob of at most so many bytes, checked against its digest."""
        reply = self._read(blobs.OPERATION, repositoryName=repository, layerDigest=digest)
        with validate_reply(blobs.OPERATION):
            url = str(reply["downloadUrl"])
        with self._clients.door(blobs.OPERATION):
            content = self._clients.fetch(url, limit)
        if len(content) > limit:
            raise blobs.too_large(limit)
        if digest_of(content) != digest:
            told = f"asked for {digest}, got {digest_of(content)}"
            raise integrity_error("The blob is not what its digest says", told, blobs.OPERATION)
        return content

    def put_image(self, repository: str, manifest: Manifest, tag: str) -> PutImageResult:
        """Give the manifest a tag."""
        _intact(manifest, manifest.digest)
        reply = self._write(
            "PutImage",
            repositoryName=repository,
            imageManifest=manifest.text,
            imageManifestMediaType=manifest.media_type,
            imageDigest=manifest.digest,
            **({"imageTag": tag} if tag else {}),
        )
        with validate_reply("PutImage", write=True):
            result = conversion.put_result(reply)
        if (result.digest, result.tag) != (manifest.digest, tag):
            told = (
                f"sent {tag} at {manifest.digest}, told of {result.tag or 'no tag'} at {result.digest or 'no digest'}"
            )
            raise integrity_error("ECR's answer is not about what was sent", told, "PutImage", ambiguous=True)
        return result

    def untag(self, repository: str, tag: str) -> None:
        """Remove a tag."""
        reply = self._write("BatchDeleteImage", repositoryName=repository, imageIds=[{"imageTag": tag}])
        with validate_reply("BatchDeleteImage", write=True):
            for problem in reply.get("failures") or ():
                raise error_from_failure(problem, "BatchDeleteImage")

    def lifecycle_policy(self, repository: str) -> str:
        """The text of the lifecycle policy; empty if there is none."""
        try:
            reply = self._read("GetLifecyclePolicy", repositoryName=repository)
        except NotFound as error:
            if error.code != "LifecyclePolicyNotFoundException":
                raise
            return ""
        with validate_reply("GetLifecyclePolicy"):
            return str(reply["lifecyclePolicyText"])

    def resource_tags(self, repository: Repository) -> tuple[tuple[str, str], ...]:
        """The tags of the repository as an AWS resource."""
        reply = self._read("ListTagsForResource", anywhere=True, resourceArn=repository.arn)
        with validate_reply("ListTagsForResource"):
            return tuple((tag["Key"], tag.get("Value") or "") for tag in reply.get("tags") or ())

    def findings(self, repository: str, digest: str) -> tuple[Finding, ...]:
        """All findings of the image's scan."""
        found: list[Finding] = []
        for reply in self._replies(
            "DescribeImageScanFindings",
            "",
            repositoryName=repository,
            imageId={"imageDigest": digest},
            maxResults=PAGE_SIZE,
        ):
            with validate_reply("DescribeImageScanFindings"):
                found += conversion.findings(reply)
                status = reply.get("imageScanStatus") or {}
                if not found and status.get("status") not in (None, "COMPLETE", "ACTIVE"):
                    raise _no_findings(status)
        return tuple(found)

    def referrers(self, repository: str, digest: str) -> tuple[Referrer, ...]:
        """What refers to this image."""
        replies = self._replies(
            "ListImageReferrers",
            "",
            repositoryName=repository,
            subjectId={"imageDigest": digest},
            filter={"artifactStatus": "ANY"},
            maxResults=REFERRERS_PAGE_SIZE,
        )
        with validate_reply("ListImageReferrers"):
            return tuple(conversion.referrer(entry) for reply in replies for entry in reply.get("referrers") or ())

    def _own_account(self) -> str:
        """The caller's account.

        Who may not call DescribeRegistry may still ask STS, which needs no permission, or see it at a repository.
        """
        try:
            reply = self._read("DescribeRegistry", anywhere=True)
        except (AccessDenied, Refused):
            if account := self._caller("Account") or self._account_of_a_repository():
                return account
            raise
        with validate_reply("DescribeRegistry"):
            return str(reply["registryId"])

    def _account_of_a_repository(self) -> str:
        try:
            return next((repository.registry_id for repository in next(self.repositories()).items), "")
        except EcrTuiError:
            return ""

    def _caller(self, member: str) -> str:
        """What STS knows of the caller; empty if it cannot be asked or does not tell."""
        try:
            with self._clients.door("GetCallerIdentity"):
                sts = self._clients.sts_client
                return str(_method(sts, "GetCallerIdentity")()[member]) if sts else ""
        except EcrTuiError:
            return ""

    def _pages(
        self, operation: str, member: str, convert: Callable[[Any], Item], start: str, **parameters: Any
    ) -> Iterator[Page[Item]]:
        for reply in self._replies(operation, start, maxResults=PAGE_SIZE, **parameters):
            read = partial(self._items, operation, member, convert, reply)
            token = reply.get("nextToken") or ""
            yield Page(read=read, next_token=token) if DEFERRED_BODY in reply else Page(read(), token)

    def _items(
        self, operation: str, member: str, convert: Callable[[Any], Item], reply: dict[str, Any]
    ) -> tuple[Item, ...]:
        with self._clients.door(operation), validate_reply(operation):
            return tuple(map(convert, parse_deferred(reply).get(member) or ()))

    def _whole_replies(self, operation: str, start: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every reply of a listing from a page token on."""
        for reply in self._replies(operation, start, **parameters):
            with self._clients.door(operation):
                read = parse_deferred(reply)
            yield read

    def _replies(self, operation: str, start: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every reply of a listing from a page token on; long ones unread but for their token."""
        return iterate_pages(
            lambda token: self._page(operation, token, parameters),
            lambda reply: reply.get("nextToken") or "",
            start,
            operation,
        )

    def _page(self, operation: str, token: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if not token:
            return self._read(operation, **parameters)
        try:
            return self._read(operation, nextToken=token, **parameters)
        except Refused as error:
            if error.code in ("InvalidParameterException", "ValidationException"):
                raise listing_expired(error) from None
            raise

    def _manifests(self, repository: str, digests: Sequence[str]) -> dict[str, Any]:
        return self._read(
            "BatchGetImage",
            repositoryName=repository,
            imageIds=[{"imageDigest": digest} for digest in digests],
            acceptedMediaTypes=list(MEDIA_TYPES),
        )

    def _archived(self, repository: str, digest: str) -> EcrTuiError | None:
        """The error for an image that cannot be read because it is in the archive; None if it is not there."""
        images = self.images_by_digest(repository, [digest])
        return error_from_failure({"failureCode": "ImageArchivedException"}, "BatchGetImage") if images else None

    def _read(self, operation: str, *, anywhere: bool = False, **parameters: Any) -> dict[str, Any]:
        """Call an operation that changes nothing; ``anywhere`` if it takes no registry id."""
        with self._clients.door(operation):
            account = {} if anywhere else self._account
            reply: dict[str, Any] = _method(self._clients.read_client, operation)(**account, **parameters)
            return reply

    def _write(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation that changes the registry. It is sent once.

        Were it sent again after a lost reply, the answer to the repetition ("already exists") would hide that the
        first one was applied; were it sent again after a wait, it could take back what somebody else did meanwhile.
        Whoever writes looks at the tag anew before trying again.
        """
        with self._clients.door(operation, write=True):
            reply: dict[str, Any] = _method(self._clients.write_client, operation)(**self._account, **parameters)
            return reply


def _method(client: Any, operation: str) -> Callable[..., dict[str, Any]]:
    method: Callable[..., dict[str, Any]] = getattr(client, xform_name(operation))
    return method


def _intact(manifest: Manifest, digest: str) -> Manifest:
    actual = digest_of(manifest.text)
    if actual != digest:
        raise integrity_error(
            "The manifest is not what its digest says", f"asked for {digest}, its bytes have {actual}", "BatchGetImage"
        )
    return manifest if manifest.digest == digest else Manifest(manifest.text, digest, manifest.media_type)


def _no_findings(status: Mapping[str, Any]) -> EcrTuiError:
    word = str(status.get("status"))
    under_way = word in _UNDER_WAY
    return NotFound(
        "The scan is under way" if under_way else "The scan has no findings to show",
        str(status.get("description") or word),
        "Try again in a minute." if under_way else "",
        retryable=under_way,
        code=word,
        operation="DescribeImageScanFindings",
    )
