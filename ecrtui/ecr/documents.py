"""Images, repositories and journal entries as documents with the member names of the ECR API.

The commands print these documents, and the application shows them as YAML and as text. Members without a value are
left out, as ECR does. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Any, Protocol

from ecrtui.ecr.findings import RepositoryScanning
from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.referrer import Referrer
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.units import format_iso_time

Document = dict[str, Any]


class _JournalEntry(Protocol):
    """An entry of the journal, as far as its document needs it; ``retag.journal.entry.JournalEntry`` is one."""

    @property
    def number(self) -> int: ...
    @property
    def plan(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def location(self) -> RegistryLocation: ...
    @property
    def principal(self) -> str: ...
    @property
    def repository(self) -> str: ...
    @property
    def tag(self) -> str: ...
    @property
    def action(self) -> str | None: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def begun_at(self) -> float | None: ...
    @property
    def finished_at(self) -> float | None: ...
    @property
    def outcome(self) -> str | None: ...
    @property
    def in_flight(self) -> bool: ...
    @property
    def request_id(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def undoes(self) -> int: ...
    @property
    def undone_by(self) -> int: ...
    @property
    def before_tags(self) -> tuple[str, ...]: ...
    @property
    def after_tags(self) -> tuple[str, ...]: ...
    @property
    def damaged(self) -> bool: ...


def image_document(repository: str, image: Image, registry_id: str = "") -> Document:
    """Return an image as ``ImageDetail`` of DescribeImages, with its ``kind``."""
    document: Document = {"registryId": registry_id} if registry_id else {}
    document["repositoryName"] = repository
    document["imageDigest"] = image.digest
    if image.tags:
        document["imageTags"] = list(image.tags)
    if image.size is not None:
        document["imageSizeInBytes"] = image.size
    if image.pushed_at is not None:
        document["imagePushedAt"] = format_iso_time(image.pushed_at)
    if image.scan_status:
        document["imageScanStatus"] = {"status": image.scan_status}
    if image.findings is not None:
        document["imageScanFindingsSummary"] = {"findingSeverityCounts": dict(image.findings)}
    for name, text in (
        ("imageManifestMediaType", image.media_type),
        ("artifactMediaType", image.artifact_media_type),
        ("lastRecordedPullTime", format_iso_time(image.last_pulled_at)),
        ("subjectManifestDigest", image.subject),
        ("imageStatus", image.status),
        ("lastArchivedAt", format_iso_time(image.archived_at)),
        ("lastActivatedAt", format_iso_time(image.activated_at)),
        ("kind", image.kind.value),
    ):
        if text:
            document[name] = text
    return document


def referrer_document(referrer: Referrer) -> Document:
    """Return a referrer as ``ImageReferrer`` of ListImageReferrers."""
    document = {
        "digest": referrer.digest,
        "mediaType": referrer.media_type,
        "artifactType": referrer.artifact_type,
        "size": referrer.size,
        "annotations": dict(referrer.annotations),
    }
    return without_empty(document)


def repository_document(repository: Repository) -> Document:
    """Return a repository as ``Repository`` of DescribeRepositories."""
    document = without_empty(
        {
            "repositoryArn": repository.arn,
            "registryId": repository.registry_id,
            "repositoryName": repository.name,
            "repositoryUri": repository.uri,
            "createdAt": format_iso_time(repository.created_at),
            "imageTagMutability": repository.mutability.setting,
            "imageTagMutabilityExclusionFilters": [
                {"filterType": "WILDCARD", "filter": pattern} for pattern in repository.mutability.exclusions
            ],
        }
    )
    document["imageScanningConfiguration"] = {"scanOnPush": repository.scan_on_push}
    document["encryptionConfiguration"] = {"encryptionType": repository.encryption}
    if repository.kms_key:
        document["encryptionConfiguration"]["kmsKey"] = repository.kms_key
    return document


POLICY_TEXTS = ("lifecyclePolicyText", "policyText", "registryPolicyText")
"""The members of :func:`repository_details` that are documents themselves, and long."""


def repository_details(
    repository: Repository,
    resource_tags: tuple[tuple[str, str], ...] | None,
    lifecycle_policy: str | None,
    policy: str | None,
    registry_policy: str | None = None,
    scanning: RepositoryScanning | None = None,
) -> Document:
    """Return a repository with its resource tags (ListTagsForResource), its policies and its scanning configuration.

    The policies are the lifecycle policy (GetLifecyclePolicy) and the policies of the repository (GetRepositoryPolicy)
    and of the registry (GetRegistryPolicy).
    What the repository does not have is ``none``. What is not known (None) is left out.

    Args:
        repository: the repository.
        resource_tags: keys and values.
        lifecycle_policy: the text of the lifecycle policy; empty if there is none.
        policy: the text of the policy that says who may use the repository; empty if there is none.
        registry_policy: the text of the policy that says who may use all repositories; empty if there is none.
        scanning: when its images are scanned (BatchGetRepositoryScanningConfiguration).
    """
    tags = None if resource_tags is None else [{"Key": key, "Value": value} for key, value in resource_tags]
    policies = dict(zip(POLICY_TEXTS, (lifecycle_policy, policy, registry_policy), strict=True))
    more: Document = {"tags": tags, **policies}
    known: Document = {name: value or "none" for name, value in more.items() if value is not None}
    if scanning is not None:
        filters = list(scanning.filters) or "none"
        known["scanningConfiguration"] = {"scanFrequency": scanning.frequency, "appliedScanFilters": filters}
    return repository_document(repository) | known


def entry_document(entry: _JournalEntry) -> Document:
    """Return an entry of the journal, with the API's name for each member that the API has.

    ``keepsTags`` are the other tags of the old image, ``otherTags`` those of the new one. In a damaged entry, None is a
    tag or a digest that is not known; otherwise an empty one says that there was none.
    """

    def known(text: str) -> str | None:
        return text or None if entry.damaged else text

    return {
        "entry": entry.number,
        "planId": entry.plan,
        "kind": entry.kind,
        "begunAt": format_iso_time(entry.begun_at, "milliseconds"),
        "finishedAt": format_iso_time(entry.finished_at, "milliseconds"),
        "registryId": entry.location.registry_id,
        "region": entry.location.region,
        "endpoint": entry.location.endpoint,
        "outcome": _outcome(entry),
        "repositoryName": entry.repository,
        "imageTag": known(entry.tag),
        "action": str(entry.action or "unknown"),
        "digestBefore": known(entry.before),
        "keepsTags": list(entry.before_tags),
        "digestAfter": known(entry.after),
        "otherTags": list(entry.after_tags),
        "imageManifestMediaType": entry.media_type,
        "principal": entry.principal,
        "requestId": entry.request_id,
        "detail": entry.detail,
        "undoes": entry.undoes,
        "undoneBy": entry.undone_by,
    }


def _outcome(entry: _JournalEntry) -> str:
    if entry.damaged:
        return "damaged"
    return "in flight" if entry.in_flight else str(entry.outcome or "unknown")


def entry_details(entry: _JournalEntry) -> Document:
    """Return an entry of the journal without its members that have no value."""
    return without_empty(entry_document(entry) | {"undoes": entry.undoes or None, "undoneBy": entry.undone_by or None})


def without_empty(document: Document) -> Document:
    """Return the document without its members that are None, an empty text or an empty collection."""
    return {name: value for name, value in document.items() if value not in (None, "", [], {})}
