"""The registry over boto3 clients: for AWS, for any endpoint with the ECR API, and for the embedded registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from botocore import xform_name

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.findings import Finding, ImageScan
from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import MEDIA_TYPES, Manifest
from ecrtui.ecr.put_image_request import PutImageResult
from ecrtui.ecr.referrer import Referrer
from ecrtui.ecr.repository import Repository
from ecrtui.errors import AccessDenied, EcrTuiError, ErrorKind, NotFound, Refused
from ecrtui.registry import blobs, conversion
from ecrtui.registry.client import Clients
from ecrtui.registry.errors import error_from_failure, integrity_error, listing_expired, validate_reply
from ecrtui.registry.image_resolver import PAGE_SIZE, ImageResolver
from ecrtui.registry.paging import iterate_pages
from ecrtui.registry.parsing import DEFERRED_BODY, parse_deferred
from ecrtui.registry.protocol import ECR_CAPABILITIES, Capabilities, Item, Page, Registry
from ecrtui.registry.scan_findings import ScanFindings

REFERRERS_PAGE_SIZE = 50
"""Referrers a page: the maximum of ECR (``FiftyMaxResults``)."""


class EcrRegistry(Registry):
    """An ECR registry over boto3 clients.

    Args:
        clients: the clients of the connection.
        registry_id: the account; None for the account of the caller.
    """

    capabilities: Capabilities = ECR_CAPABILITIES

    def __init__(self, clients: Clients, registry_id: str | None = None) -> None:
        self._clients = clients
        self._account: Mapping[str, str] = {"registryId": registry_id} if registry_id else {}
        self._location: RegistryLocation | None = None
        self._resolver = ImageResolver(self._read, self._parsed_replies)
        self._scans = ScanFindings(self._replies)

    def of_account(self, registry_id: str) -> EcrRegistry:
        return EcrRegistry(self._clients, registry_id)

    def connect(self) -> None:
        """Create the client before the first call needs it. Nothing is sent.

        Raises:
            EcrTuiError: there is no region, no such profile, or no valid endpoint.
        """
        with self._clients.calling("Configuration"):
            _ = self._clients.read_client

    def location(self) -> RegistryLocation:
        if self._location is None:
            account = self._account.get("registryId") or self._own_account()
            self._location = RegistryLocation(account, self._clients.region, self._clients.endpoint)
        return self._location

    def identity(self) -> str:
        if self._clients.in_process:
            return self._clients.in_process.identity
        return self._caller("Arn")

    def repositories(self, start: str = "") -> Iterator[Page[Repository]]:
        return self._pages("DescribeRepositories", "repositories", conversion.repository, start)

    def repository(self, name: str) -> Repository:
        reply = self._read("DescribeRepositories", repositoryNames=[name])
        with validate_reply("DescribeRepositories"):
            return conversion.repository(reply["repositories"][0])

    def images(self, repository: str, *, tag_status: str = "ANY", start: str = "") -> Iterator[Page[Image]]:
        status = {"tagStatus": tag_status, "imageStatus": "ANY"}
        return self._pages(
            "DescribeImages", "imageDetails", conversion.image, start, repositoryName=repository, filter=status
        )

    def images_by_digest(self, repository: str, digests: Sequence[str]) -> tuple[Image, ...]:
        with validate_reply("DescribeImages"):
            return self._resolver.by_digest(repository, digests)

    def images_by_tag(self, repository: str, tags: Sequence[str]) -> Mapping[str, Image]:
        with validate_reply("DescribeImages"):
            return self._resolver.by_tag(repository, tags)

    def tag_is_at(self, repository: str, tag: str, digest: str) -> bool:
        with validate_reply("BatchGetImage"):
            return self._resolver.tag_is_at(repository, tag, digest)

    def manifest(self, repository: str, digest: str) -> Manifest:
        reply = self._batch_get(repository, [digest])
        with validate_reply("BatchGetImage"):
            failures = [error_from_failure(entry, "BatchGetImage", repository) for entry in reply.get("failures") or ()]
            found = [conversion.manifest(entry) for entry in reply.get("images") or ()]
        for error in failures:
            raise self._archived(repository, digest) or error if isinstance(error, NotFound) else error
        if not found:
            raise NotFound(
                "ECR returned no manifest for the image",
                f"{digest} in {repository}",
                "Check its media type: ecrtui may not know it.",
                operation="BatchGetImage",
            )
        return _intact(found[0], digest)

    def manifests(self, repository: str, digests: Sequence[str]) -> tuple[Manifest, ...]:
        wanted = list(dict.fromkeys(digests))
        found: list[Manifest] = []
        for start in range(0, len(wanted), ImageResolver.IDS_PER_CALL):
            reply = self._batch_get(repository, wanted[start : start + ImageResolver.IDS_PER_CALL])
            with validate_reply("BatchGetImage"):
                found += map(conversion.manifest, reply.get("images") or ())
        return tuple(manifest for manifest in found if manifest.digest in wanted and manifest.intact)

    def blob(self, repository: str, digest: str, limit: int) -> bytes:
        reply = self._read(blobs.OPERATION, repositoryName=repository, layerDigest=digest)
        with validate_reply(blobs.OPERATION):
            url = str(reply["downloadUrl"])
        with self._clients.calling(blobs.OPERATION, repository=repository):
            content = self._clients.fetch(url, limit)
        if len(content) > limit:
            raise blobs.too_large(limit)
        if digest_of(content) != digest:
            raise integrity_error(
                "The blob does not match its digest",
                f"requested {digest}, received {digest_of(content)}",
                blobs.OPERATION,
            )
        return content

    def put_image(self, repository: str, manifest: Manifest, tag: str) -> PutImageResult:
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
            detail = (
                f"sent {tag or 'no tag'} at {manifest.digest}, "
                f"received {result.tag or 'no tag'} at {result.digest or 'no digest'}"
            )
            raise integrity_error("The response does not match the request", detail, "PutImage", ambiguous=True)
        return result

    def untag(self, repository: str, tag: str) -> None:
        reply = self._write("BatchDeleteImage", repositoryName=repository, imageIds=[{"imageTag": tag}])
        with validate_reply("BatchDeleteImage", write=True):
            for failure in reply.get("failures") or ():
                raise error_from_failure(failure, "BatchDeleteImage", repository)

    def lifecycle_policy(self, repository: str) -> str:
        try:
            reply = self._read("GetLifecyclePolicy", repositoryName=repository)
        except NotFound as error:
            if error.kind is not ErrorKind.LIFECYCLE_POLICY_NOT_FOUND:
                raise
            return ""
        with validate_reply("GetLifecyclePolicy"):
            return str(reply["lifecyclePolicyText"])

    def resource_tags(self, repository: Repository) -> tuple[tuple[str, str], ...]:
        reply = self._read("ListTagsForResource", without_registry_id=True, resourceArn=repository.arn)
        with validate_reply("ListTagsForResource"):
            return tuple((tag["Key"], tag.get("Value") or "") for tag in reply.get("tags") or ())

    def scan(self, repository: str, digest: str) -> ImageScan:
        return self._scans.scan(repository, digest)

    def findings(self, repository: str, digest: str) -> tuple[Finding, ...]:
        return self._scans.findings(repository, digest)

    def referrers(self, repository: str, digest: str) -> tuple[Referrer, ...]:
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
        """Return the account of the caller.

        A caller without permission for DescribeRegistry can ask STS, which needs none, or read it from a repository.
        """
        try:
            reply = self._read("DescribeRegistry", without_registry_id=True)
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
        """Return a member of the reply of GetCallerIdentity; empty if STS does not answer."""
        try:
            with self._clients.calling("GetCallerIdentity"):
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
        with self._clients.calling(operation), validate_reply(operation):
            return tuple(map(convert, parse_deferred(reply).get(member) or ()))

    def _parsed_replies(self, operation: str, start: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield every reply of a listing from a page token on, parsed."""
        for reply in self._replies(operation, start, **parameters):
            with self._clients.calling(operation):
                parsed = parse_deferred(reply)
            yield parsed

    def _replies(self, operation: str, start: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield every reply of a listing from a page token on. Of a long one, only the token is parsed."""
        return iterate_pages(
            lambda token: self._reply(operation, token, parameters),
            lambda reply: reply.get("nextToken") or "",
            start,
            operation,
        )

    def _reply(self, operation: str, token: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if not token:
            return self._read(operation, **parameters)
        try:
            return self._read(operation, nextToken=token, **parameters)
        except Refused as error:
            if error.kind is ErrorKind.INVALID_REQUEST:
                raise listing_expired(error) from None
            raise

    def _batch_get(self, repository: str, digests: Sequence[str]) -> dict[str, Any]:
        return self._read(
            "BatchGetImage",
            repositoryName=repository,
            imageIds=[{"imageDigest": digest} for digest in digests],
            acceptedMediaTypes=list(MEDIA_TYPES),
        )

    def _archived(self, repository: str, digest: str) -> EcrTuiError | None:
        """Return the error for an image that cannot be read because it is archived; None if it does not exist."""
        images = self.images_by_digest(repository, [digest])
        failure = {"failureCode": "ImageArchivedException"}
        return error_from_failure(failure, "BatchGetImage", repository) if images else None

    def _read(self, operation: str, *, without_registry_id: bool = False, **parameters: Any) -> dict[str, Any]:
        """Call an operation that changes nothing."""
        with self._clients.calling(operation, repository=parameters.get("repositoryName", "")):
            account = {} if without_registry_id else self._account
            reply: dict[str, Any] = _method(self._clients.read_client, operation)(**account, **parameters)
            return reply

    def _write(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation that changes the registry. It is sent once.

        A second attempt after a lost reply would be answered "already exists" and hide that the first one was
        applied. A second attempt after a wait could revert a change that another client made in between. The caller
        reads the tag again before it tries again.
        """
        with self._clients.calling(operation, write=True, repository=parameters.get("repositoryName", "")):
            reply: dict[str, Any] = _method(self._clients.write_client, operation)(**self._account, **parameters)
            return reply


def _method(client: Any, operation: str) -> Callable[..., dict[str, Any]]:
    method: Callable[..., dict[str, Any]] = getattr(client, xform_name(operation))
    return method


def _intact(manifest: Manifest, digest: str) -> Manifest:
    actual = digest_of(manifest.text)
    if actual != digest:
        raise integrity_error(
            "The manifest does not match its digest", f"requested {digest}, received {actual}", "BatchGetImage"
        )
    return manifest if manifest.digest == digest else Manifest(manifest.text, digest, manifest.media_type)
