"""The registry over boto3 clients: for AWS, for any endpoint with the ECR API, and for the embedded registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from ecrtui.registry.errors import error_from_failure, integrity_error, listing_expired
from ecrtui.registry.image_resolver import PAGE_SIZE, ImageResolver
from ecrtui.registry.paging import RepetitionCheck, iterate_pages
from ecrtui.registry.parsing import DEFERRED_BODY, parse_deferred
from ecrtui.registry.protocol import ECR_CAPABILITIES, Capabilities, Item, Page, PageRows, Registry
from ecrtui.registry.scan_findings import ScanFindings
from ecrtui.registry.validation import (
    MAX_IDS,
    MAX_NAME,
    MAX_TAG,
    BadValue,
    Reply,
    check_answers,
    check_subject,
    entries,
    read_rows,
    required_account,
    required_text,
    structure,
    structures,
    text,
    texts,
    validate_reply,
)

REFERRERS_PAGE_SIZE = 50
"""Referrers a page: the maximum of ECR (``FiftyMaxResults``)."""

_ROW_NAMES = {"repositories": "repositoryName", "imageDetails": "imageDigest"}
"""The member that names a row, by the list in the reply."""


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
        self._identity: tuple[str, str] | None = None
        """The access key that asked for it, and the ARN of the caller."""
        self._resolver = ImageResolver(self._read, self._parsed_replies, self._subject)
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
        try:
            with self._clients.calling("GetCallerIdentity"):
                key = self._clients.access_key
        except EcrTuiError:
            return ""
        if self._identity is None or self._identity[0] != key:
            self._identity = (key, self._caller("Arn"))
        return self._identity[1]

    def repositories(self, start: str = "") -> Iterator[Page[Repository]]:
        convert = partial(self._convert, conversion.repository, self._subject())
        return self._pages("DescribeRepositories", "repositories", convert, start)

    def repository(self, name: str) -> Repository:
        reply = self._read("DescribeRepositories", repositoryNames=[name])
        with validate_reply("DescribeRepositories"):
            found = structures(reply, "repositories")
            check_answers([name], ([text(entry, "repositoryName", MAX_NAME)] for entry in found))
            check_subject(found[0], self._subject(name))
            return conversion.repository(found[0])

    def images(self, repository: str, *, tag_status: str = "ANY", start: str = "") -> Iterator[Page[Image]]:
        convert = partial(self._convert, conversion.image, self._subject(repository))
        status = {"tagStatus": tag_status, "imageStatus": "ANY"}
        return self._pages("DescribeImages", "imageDetails", convert, start, repositoryName=repository, filter=status)

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
            failures = conversion.failures(reply)
            found = self._manifests(repository, [digest], reply)
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
        return _intact(found[0], digest)

    def manifests(self, repository: str, digests: Sequence[str]) -> tuple[Manifest, ...]:
        wanted = list(dict.fromkeys(digests))
        found: list[Manifest] = []
        for start in range(0, len(wanted), MAX_IDS):
            chunk = wanted[start : start + MAX_IDS]
            reply = self._batch_get(repository, chunk)
            with validate_reply("BatchGetImage"):
                found += self._manifests(repository, chunk, reply)
        return tuple(manifest for manifest in found if manifest.intact)

    def _manifests(self, repository: str, digests: Sequence[str], reply: Reply) -> list[Manifest]:
        """Return the manifests in a reply of BatchGetImage, which must be some of those that were asked for."""
        images = structures(reply, "images", MAX_IDS)
        for entry in images:
            check_subject(entry, self._subject(repository))
        found = [conversion.manifest(entry) for entry in images]
        check_answers(digests, ([manifest.digest] for manifest in found), partly=True)
        return found

    def blob(self, repository: str, digest: str, limit: int) -> bytes:
        reply = self._read(blobs.OPERATION, repositoryName=repository, layerDigest=digest)
        with validate_reply(blobs.OPERATION):
            check_subject(reply, {"layerDigest": digest})
            url = required_text(reply, "downloadUrl")
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
            check_subject(structure(reply, "image"), {**self._subject(repository), "imageManifest": manifest.text})
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
            for failure in conversion.failures(reply):
                raise error_from_failure(failure, "BatchDeleteImage", repository)
            check_answers([tag], ([text(ids, "imageTag", MAX_TAG)] for ids in structures(reply, "imageIds")))

    def lifecycle_policy(self, repository: str) -> str:
        try:
            reply = self._read("GetLifecyclePolicy", repositoryName=repository)
        except NotFound as error:
            if error.kind is not ErrorKind.LIFECYCLE_POLICY_NOT_FOUND:
                raise
            return ""
        with validate_reply("GetLifecyclePolicy"):
            return required_text(reply, "lifecyclePolicyText")

    def pull_time_exclusions(self) -> tuple[str, ...]:
        operation = "ListPullTimeUpdateExclusions"
        reply = self._read(operation, without_registry_id=True, maxResults=PAGE_SIZE)  # an account has at most 100
        with validate_reply(operation):
            return texts(reply, "pullTimeUpdateExclusions")

    def resource_tags(self, repository: Repository) -> tuple[tuple[str, str], ...]:
        reply = self._read("ListTagsForResource", without_registry_id=True, resourceArn=repository.arn)
        with validate_reply("ListTagsForResource"):
            return tuple((text(tag, "Key"), text(tag, "Value")) for tag in structures(reply, "tags"))

    def scan(self, repository: str, digest: str) -> ImageScan:
        return self._scans.scan(repository, digest)

    def findings(self, repository: str, digest: str) -> tuple[Finding, ...]:
        return self._scans.findings(repository, digest)

    def referrers(self, repository: str, digest: str) -> tuple[Referrer, ...]:
        return self._collect(
            "ListImageReferrers",
            conversion.referrers,
            repositoryName=repository,
            subjectId={"imageDigest": digest},
            filter={"artifactStatus": "ANY"},
            maxResults=REFERRERS_PAGE_SIZE,
        )

    def _subject(self, repository: str = "") -> Mapping[str, str]:
        """Return what a reply must be about, as far as it is known; see :func:`check_subject`."""
        registry_id = self._location.registry_id if self._location else self._account.get("registryId", "")
        return {"registryId": registry_id, "repositoryName": repository}

    def _own_account(self) -> str:
        """Return the account of the caller.

        A caller without permission for DescribeRegistry can ask STS, which needs none, or read it from a repository.
        """
        try:
            reply = self._read("DescribeRegistry", without_registry_id=True)
        except (AccessDenied, Refused):
            if account := self._caller("Account") or self._account_of_a_repository():
                self._clients.account_check.learn(account)
                return account
            raise
        with validate_reply("DescribeRegistry"):
            account = required_account(reply, "registryId")
        self._clients.account_check.learn(account)
        return account

    def _account_of_a_repository(self) -> str:
        try:
            return next((repository.registry_id for repository in next(self.repositories()).items), "")
        except EcrTuiError:
            return ""

    def _caller(self, member: str) -> str:
        """Return a member of the reply of GetCallerIdentity; empty if STS does not answer."""
        try:
            with self._clients.calling("GetCallerIdentity"):
                if (sts := self._clients.sts_client) is None:
                    return ""
                reply = _method(sts, "GetCallerIdentity")()
            with validate_reply("GetCallerIdentity"):
                self._clients.account_check.learn(required_account(reply, "Account"))
                return text(reply, member)
        except EcrTuiError:
            return ""

    def _pages(
        self, operation: str, member: str, convert: Callable[[Reply], Item], start: str, **parameters: Any
    ) -> Iterator[Page[Item]]:
        for reply in self._replies(operation, start, maxResults=PAGE_SIZE, **parameters):
            read = partial(self._page_rows, operation, member, convert, reply)
            try:
                token = text(reply, "nextToken")
            except BadValue as problem:
                rows = read()
                yield Page(rows.items, problems=(*rows.problems, f"the next page: {problem}"))
                return
            page = Page(next_token=token, read=read)
            if DEFERRED_BODY not in reply:
                _ = page.rows
            yield page

    def _page_rows(
        self, operation: str, member: str, convert: Callable[[Reply], Item], reply: dict[str, Any]
    ) -> PageRows[Item]:
        """Return the rows of a page; ``member`` is its list."""
        with self._clients.calling(operation), validate_reply(operation):
            return read_rows(entries(parse_deferred(reply), member), _ROW_NAMES[member], convert)

    @staticmethod
    def _convert(convert: Callable[[Reply], Item], subject: Mapping[str, str], entry: Reply) -> Item:
        """Convert a row of a listing, which must be about this subject."""
        check_subject(entry, subject)
        return convert(entry)

    def _collect(
        self, operation: str, rows_of: Callable[[Reply], Iterable[Item]], **parameters: Any
    ) -> tuple[Item, ...]:
        """Return the rows of all replies of a listing."""
        found: list[Item] = []
        known: set[Item] = set()
        check = RepetitionCheck(operation)
        for reply in self._replies(operation, "", **parameters):
            with validate_reply(operation):
                rows = tuple(rows_of(reply))
            check.page(has_new_rows=not known.issuperset(rows))
            known.update(rows)
            found += rows
        return tuple(found)

    def _parsed_replies(self, operation: str, start: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield every reply of a listing from a page token on, parsed."""
        for reply in self._replies(operation, start, **parameters):
            with self._clients.calling(operation):
                parsed = parse_deferred(reply)
            yield parsed

    def _replies(self, operation: str, start: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield every reply of a listing from a page token on. Of a long one, only the token is parsed."""

        def token_of(reply: Reply) -> str:
            with validate_reply(operation):
                return text(reply, "nextToken")

        return iterate_pages(lambda token: self._reply(operation, token, parameters), token_of, start, operation)

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
            reply = _method(self._clients.read_client, operation)(**account, **parameters)
        with validate_reply(operation):
            check_subject(reply, self._subject(parameters.get("repositoryName", "")))
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
