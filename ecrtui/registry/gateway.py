"""The registry over boto3 clients: for AWS, for any endpoint with the ECR API, and for the embedded registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, TypeVar

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.findings import ImageScan, RepositoryScanning, ScanReport
from ecrtui.ecr.image import Image
from ecrtui.ecr.layer import LayerState, Upload
from ecrtui.ecr.lifecycle import LifecyclePreview
from ecrtui.ecr.location import RegistryLocation, check_account
from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.put_image_request import PutImageResult
from ecrtui.ecr.referrer import Referrer
from ecrtui.ecr.replication import Destination, Replica, ReplicationRules
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.signing import ImageSigning
from ecrtui.errors import AccessDenied, EcrTuiError, ErrorKind, NotFound, OnRetry, Refused
from ecrtui.registry.calls import EcrCalls, method_of
from ecrtui.registry.client import Clients
from ecrtui.registry.errors import error_from_failure, integrity_error
from ecrtui.registry.image_resolver import ImageResolver
from ecrtui.registry.layers import blobs
from ecrtui.registry.layers.layers import LayerCalls
from ecrtui.registry.lifecycle_previews import read_preview
from ecrtui.registry.manifests import ManifestCalls, check_digest
from ecrtui.registry.paging import PAGE_SIZE
from ecrtui.registry.protocol import ECR_CAPABILITIES, Capabilities, LayerReader, LayerStore, Page, Part, Registry
from ecrtui.registry.replies import conversion, image_details
from ecrtui.registry.replies.validation import (
    MAX_NAME,
    MAX_TAG,
    OtherSubject,
    Reply,
    check_answers,
    check_subject,
    required_account,
    required_text,
    structure,
    structures,
    text,
    texts,
    validate_reply,
)
from ecrtui.registry.scan_findings import ScanFindings

Status = TypeVar("Status")

REFERRERS_PAGE_SIZE = 50
"""Referrers a page: the maximum of ECR (``FiftyMaxResults``)."""


class EcrRegistry(Registry, LayerStore):
    """An ECR registry over boto3 clients.

    Args:
        clients: the clients of the connection.
        registry_id: the account; None for the account of the caller.

    Raises:
        UsageError: the account has other characters than 12 digits.
    """

    capabilities: Capabilities = ECR_CAPABILITIES

    def __init__(self, clients: Clients, registry_id: str | None = None) -> None:
        if registry_id:
            check_account(registry_id)
        self._clients = clients
        self._account_is_given = bool(registry_id)
        self._calls = EcrCalls(clients, registry_id)
        self._location: RegistryLocation | None = None
        self._identity: tuple[str, str] | None = None
        """The access key that asked for it, and the ARN of the caller."""
        self._resolver = ImageResolver(self._calls.read, self._calls.parsed_replies, self._calls.subject)
        self._manifests = ManifestCalls(self._calls, self._resolver)
        self._scans = ScanFindings(self._calls.replies)
        self._layers = LayerCalls(self._calls, clients)
        self._alias: str | None = None
        self._replication: ReplicationRules | None = None
        self._replicas: dict[Destination, EcrRegistry] = {}

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
            account = self._calls.registry_id or self._own_account()
            self._calls.registry_id = account
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

    def mfa_ends(self) -> float:
        return self._clients.mfa_ends

    def ensure_credentials(self, seconds: float) -> None:
        self._clients.ensure_credentials(seconds)

    def account_alias(self) -> str | None:
        if self._alias is None:
            self._alias = self._read_alias()
        return self._alias

    def _read_alias(self) -> str | None:
        operation = "ListAccountAliases"
        try:
            if self._account_is_given and self._own.location().registry_id != self._calls.registry_id:
                return None
            with self._clients.calling(operation):
                if (iam := self._clients.iam_client) is None:
                    return None
                reply = method_of(iam, operation)()
            with validate_reply(operation):
                return next(iter(texts(reply, "AccountAliases")), "")
        except EcrTuiError:
            return None

    def repositories(self, start: str = "") -> Iterator[Page[Repository]]:
        return self._calls.pages("DescribeRepositories", "repositories", conversion.repository, start)

    def repository(self, name: str) -> Repository:
        reply = self._calls.read("DescribeRepositories", repositoryNames=[name])
        with validate_reply("DescribeRepositories"):
            found = structures(reply, "repositories")
            check_answers([name], ([text(entry, "repositoryName", MAX_NAME)] for entry in found))
            check_subject(found[0], self._calls.subject(name))
            return conversion.repository(found[0])

    def images(self, repository: str, *, tag_status: str = "ANY", start: str = "") -> Iterator[Page[Image]]:
        status = {"tagStatus": tag_status, "imageStatus": "ANY"}
        return self._calls.pages(
            "DescribeImages",
            "imageDetails",
            image_details.image,
            start,
            image_details.images,
            repositoryName=repository,
            filter=status,
        )

    def images_by_digest(self, repository: str, digests: Sequence[str]) -> tuple[Image, ...]:
        with validate_reply("DescribeImages"):
            return self._resolver.by_digest(repository, digests)

    def images_by_tag(
        self, repository: str, tags: Sequence[str], *, keep_pull_times: bool = False
    ) -> Mapping[str, Image]:
        with validate_reply("DescribeImages"):
            return self._resolver.by_tag(repository, tags, keep_pull_times=keep_pull_times)

    def tag_is_at(self, repository: str, tag: str, digest: str) -> bool:
        with validate_reply("BatchGetImage"):
            return self._resolver.tag_is_at(repository, tag, digest)

    def manifest(self, repository: str, digest: str) -> Manifest:
        return self._manifests.manifest(repository, digest)

    def manifests(self, repository: str, digests: Sequence[str]) -> tuple[Manifest, ...]:
        return self._manifests.manifests(repository, digests)

    def tagged_manifests(self, repository: str, tags: Sequence[str], *, strict: bool = False) -> Mapping[str, Manifest]:
        return self._manifests.tagged_manifests(repository, tags, strict=strict)

    def layers(self, repository: str, digests: Sequence[str]) -> Mapping[str, LayerState]:
        return self._layers.layers(repository, digests)

    def open_layer(self, repository: str, digest: str, on_retry: OnRetry = lambda _: None) -> LayerReader:
        return self._layers.open_layer(repository, digest, on_retry)

    def mounts_layers(self) -> bool:
        return self._layers.mounts_layers()

    def push_layer(self, repository: str, digest: str, size: int, pieces: Iterable[Part]) -> None:
        self._layers.push_layer(repository, digest, size, pieces)

    def mount_layer(self, repository: str, digest: str, source: str) -> bool:
        return self._layers.mount_layer(repository, digest, source)

    def begin_upload(self, repository: str) -> Upload:
        return self._layers.begin_upload(repository)

    def upload_part(self, repository: str, upload_id: str, first_byte: int, part: Part) -> int:
        return self._layers.upload_part(repository, upload_id, first_byte, part)

    def complete_upload(self, repository: str, upload_id: str, digest: str, size: int) -> None:
        self._layers.complete_upload(repository, upload_id, digest, size)

    def create_repository(self, repository: str) -> None:
        try:
            self._calls.write("CreateRepository", repositoryName=repository)
        except EcrTuiError as error:
            if error.kind is not ErrorKind.ALREADY_EXISTS:
                raise

    def blob(self, repository: str, digest: str, limit: int) -> bytes:
        url = self._layers.download_url(repository, digest)
        with self._clients.calling(blobs.OPERATION, repository=repository):
            content = self._clients.content.downloads.fetch(url, limit)
        if len(content) > limit:
            raise blobs.too_large(limit)
        if digest_of(content) != digest:
            raise integrity_error(
                "The blob does not match its digest",
                f"requested {digest}, received {digest_of(content)}",
                blobs.OPERATION,
            )
        return content

    def blob_start(self, repository: str, digest: str, count: int) -> bytes:
        url = self._layers.download_url(repository, digest)
        with self._clients.calling(blobs.OPERATION, repository=repository):
            return blobs.read_start(self._clients.content.downloads.open(url, 0), count)

    def put_image(self, repository: str, manifest: Manifest, tag: str) -> PutImageResult:
        check_digest(manifest, manifest.digest)
        reply = self._calls.write(
            "PutImage",
            repositoryName=repository,
            imageManifest=manifest.text,
            imageManifestMediaType=manifest.media_type,
            imageDigest=manifest.digest,
            **({"imageTag": tag} if tag else {}),
        )
        with validate_reply("PutImage", write=True):
            check_subject(
                structure(reply, "image"), {**self._calls.subject(repository), "imageManifest": manifest.text}
            )
            result = conversion.put_result(reply)
            if (result.digest, result.tag) != (manifest.digest, tag):
                raise OtherSubject(
                    f"sent {tag or 'no tag'} at {manifest.digest}, "
                    f"received {result.tag or 'no tag'} at {result.digest or 'no digest'}"
                )
        return result

    def untag(self, repository: str, tag: str) -> None:
        reply = self._calls.write("BatchDeleteImage", repositoryName=repository, imageIds=[{"imageTag": tag}])
        with validate_reply("BatchDeleteImage", write=True):
            for failure in conversion.failures(reply):
                raise error_from_failure(failure, "BatchDeleteImage", repository)
            check_answers([tag], ([text(ids, "imageTag", MAX_TAG)] for ids in structures(reply, "imageIds")))

    def repository_policy(self, repository: str) -> str:
        absent = ErrorKind.REPOSITORY_POLICY_NOT_FOUND
        return self._policy("GetRepositoryPolicy", "policyText", absent, repositoryName=repository)

    def registry_policy(self) -> str:
        own = self._own_registry("the registry policy")
        absent = ErrorKind.REGISTRY_POLICY_NOT_FOUND
        return own._policy("GetRegistryPolicy", "policyText", absent, without_registry_id=True)

    def repository_scanning(self, repository: str) -> RepositoryScanning:
        own, operation = self._own_registry("the scanning configuration"), "BatchGetRepositoryScanningConfiguration"
        reply = own._calls.read(operation, without_registry_id=True, repositoryNames=[repository])
        with validate_reply(operation):
            return conversion.repository_scanning(reply, repository)

    def lifecycle_policy(self, repository: str) -> str:
        absent = ErrorKind.LIFECYCLE_POLICY_NOT_FOUND
        return self._policy("GetLifecyclePolicy", "lifecyclePolicyText", absent, repositoryName=repository)

    def _policy(self, operation: str, member: str, absent: ErrorKind, **parameters: Any) -> str:
        """Return the text of a policy; empty if there is none."""
        try:
            reply = self._calls.read(operation, **parameters)
        except NotFound as error:
            if error.kind is not absent:
                raise
            return ""
        with validate_reply(operation):
            return required_text(reply, member)

    def start_lifecycle_preview(self, repository: str, policy: str) -> None:
        self._calls.read("StartLifecyclePolicyPreview", repositoryName=repository, lifecyclePolicyText=policy)

    def lifecycle_preview(self, repository: str) -> LifecyclePreview:
        return read_preview(self._calls, repository)

    def replication(self, *, again: bool = False) -> ReplicationRules:
        own = self._own_registry("the replication rules")
        if own is not self:
            return own.replication(again=again)
        if self._replication is None or again:
            reply = self._calls.read("DescribeRegistry", without_registry_id=True)
            with validate_reply("DescribeRegistry"):
                self._replication = conversion.replication_rules(reply)
        return self._replication

    def _own_registry(self, what: str) -> EcrRegistry:
        """Return this registry without its account in the requests, for an operation that has no member for it.

        Args:
            what: what the operation returns.

        Raises:
            Refused: it is the registry of another account.
        """
        if self._own is not self and (account := self._own.location().registry_id) != self._calls.registry_id:
            raise Refused(f"ECR returns only {what} of the caller's account", f"That is {account}.")
        return self._own

    @cached_property
    def _own(self) -> EcrRegistry:
        """The registry of the caller's account."""
        return EcrRegistry(self._clients) if self._account_is_given else self

    def replicated_tags(self, destination: Destination, repository: str, tags: Sequence[str]) -> Mapping[str, Image]:
        if destination not in self._replicas:
            clients = self._clients.in_region(destination.region)
            self._replicas[destination] = EcrRegistry(clients, destination.registry_id)
        return self._replicas[destination].images_by_tag(repository, tags, keep_pull_times=True)

    def replicas(self, repository: str, digest: str) -> tuple[Replica, ...]:
        return self._statuses("DescribeImageReplicationStatus", conversion.replicas, repository, digest)

    def signings(self, repository: str, digest: str) -> tuple[ImageSigning, ...]:
        return self._statuses("DescribeImageSigningStatus", conversion.signings, repository, digest)

    def _statuses(
        self, operation: str, statuses_of: Callable[[Reply], tuple[Status, ...]], repository: str, digest: str
    ) -> tuple[Status, ...]:
        """Ask for the statuses of an image."""
        reply = self._calls.read(operation, repositoryName=repository, imageId={"imageDigest": digest})
        with validate_reply(operation):
            check_subject(structure(reply, "imageId"), {"imageDigest": digest})
            return statuses_of(reply)

    def pull_time_exclusions(self) -> tuple[str, ...]:
        operation = "ListPullTimeUpdateExclusions"
        reply = self._calls.read(
            operation, without_registry_id=True, maxResults=PAGE_SIZE
        )  # an account has at most 100
        with validate_reply(operation):
            return texts(reply, "pullTimeUpdateExclusions")

    def resource_tags(self, repository: Repository) -> tuple[tuple[str, str], ...]:
        reply = self._calls.read("ListTagsForResource", without_registry_id=True, resourceArn=repository.arn)
        with validate_reply("ListTagsForResource"):
            return tuple((text(tag, "Key"), text(tag, "Value")) for tag in structures(reply, "tags"))

    def scan(self, repository: str, digest: str) -> ImageScan:
        return self._scans.scan(repository, digest)

    def findings(self, repository: str, digest: str) -> ScanReport:
        return self._scans.findings(repository, digest)

    def referrers(self, repository: str, digest: str) -> tuple[Referrer, ...]:
        return self._calls.collect(
            "ListImageReferrers",
            conversion.referrers,
            repositoryName=repository,
            subjectId={"imageDigest": digest},
            filter={"artifactStatus": "ANY"},
            maxResults=REFERRERS_PAGE_SIZE,
        )

    def _own_account(self) -> str:
        """Return the account of the caller.

        A caller without permission for DescribeRegistry can ask STS, which needs none, or read it from a repository.
        """
        try:
            reply = self._calls.read("DescribeRegistry", without_registry_id=True)
        except (AccessDenied, Refused):
            if account := self._caller("Account") or self._account_of_a_repository():
                self._clients.account_check.learn(account)
                return account
            raise
        with validate_reply("DescribeRegistry"):
            account = required_account(reply, "registryId")
        self._clients.account_check.learn(account)
        with suppress(EcrTuiError), validate_reply("DescribeRegistry"):  # who needs the rules gets the error
            self._replication = conversion.replication_rules(reply)
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
                reply = method_of(sts, "GetCallerIdentity")()
            with validate_reply("GetCallerIdentity"):
                self._clients.account_check.learn(required_account(reply, "Account"))
                return text(reply, member)
        except EcrTuiError:
            return ""
