"""Convert the replies of ECR to values of ``ecrtui.ecr``. Members that a reply omits get the default.

Every function raises :class:`ecrtui.registry.replies.validation.BadValue` for a value that the API does not define.
Times are numbers here, because the parser of the clients leaves them so (:mod:`ecrtui.registry.replies.parsing`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ecrtui.ecr import manifest as manifests
from ecrtui.ecr.findings import RepositoryScanning
from ecrtui.ecr.lifecycle import PreviewedImage
from ecrtui.ecr.manifest import DescriptorRole, Manifest
from ecrtui.ecr.mutability import TagMutability
from ecrtui.ecr.put_image_request import PutImageResult
from ecrtui.ecr.referrer import Referrer
from ecrtui.ecr.replication import Destination, Replica, ReplicationRule, ReplicationRules
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.signing import ImageSigning
from ecrtui.registry.replies.image_details import read_tags
from ecrtui.registry.replies.validation import (
    MAX_IDS,
    MAX_MEDIA_TYPE,
    MAX_NAME,
    MAX_TAG,
    Reply,
    account,
    check_answers,
    digest,
    entries,
    flag,
    integer,
    moment,
    read_rows,
    required_account,
    required_digest,
    required_text,
    structure,
    structures,
    text,
    text_map,
)


def repository(entry: Reply) -> Repository:
    """Convert a ``Repository`` of DescribeRepositories."""
    encryption = structure(entry, "encryptionConfiguration")
    filters = structures(entry, "imageTagMutabilityExclusionFilters")
    return Repository(
        name=required_text(entry, "repositoryName", MAX_NAME),
        uri=text(entry, "repositoryUri"),
        arn=text(entry, "repositoryArn"),
        registry_id=account(entry, "registryId"),
        created_at=moment(entry, "createdAt"),
        mutability=TagMutability(
            text(entry, "imageTagMutability") or "MUTABLE",
            tuple(pattern for item in filters if (pattern := text(item, "filter", MAX_NAME))),
        ),
        scan_on_push=flag(structure(entry, "imageScanningConfiguration"), "scanOnPush"),
        encryption=text(encryption, "encryptionType") or "AES256",
        kms_key=text(encryption, "kmsKey"),
    )


def manifest(entry: Reply) -> Manifest:
    """Convert an ``Image`` of BatchGetImage. Without a media type in the reply, the one in the text counts."""
    content = required_text(entry, "imageManifest", manifests.MAX_LENGTH)
    media_type = text(entry, "imageManifestMediaType", MAX_MEDIA_TYPE) or _media_type(content)
    return Manifest(content, required_digest(structure(entry, "imageId"), "imageDigest"), media_type)


def previewed_image(entry: Mapping[str, Any]) -> PreviewedImage:
    """Convert an entry of ``previewResults`` of GetLifecyclePolicyPreview."""
    return PreviewedImage(
        digest=required_digest(entry, "imageDigest"),
        tags=read_tags(entry),
        pushed_at=moment(entry, "imagePushedAt"),
        action=text(structure(entry, "action"), "type").lower(),
        priority=integer(entry, "appliedRulePriority") or 0,
    )


def put_result(reply: Reply) -> PutImageResult:
    """Convert the reply of PutImage."""
    entry = structure(reply, "image")
    ids = structure(entry, "imageId")
    return PutImageResult(
        registry_id=account(entry, "registryId"),
        repository=text(entry, "repositoryName", MAX_NAME),
        digest=digest(ids, "imageDigest"),
        tag=text(ids, "imageTag", MAX_TAG),
        media_type=text(entry, "imageManifestMediaType", MAX_MEDIA_TYPE),
        manifest=text(entry, "imageManifest", manifests.MAX_LENGTH),
        request_id=(reply.get("ResponseMetadata") or {}).get("RequestId") or "",
    )


def failures(reply: Reply) -> tuple[dict[str, Any], ...]:
    """Return the ``ImageFailure`` entries of a reply; ``imageId``, ``failureCode`` and ``failureReason`` are there."""
    return tuple(
        {
            "imageId": dict(text_map(entry, "imageId")),
            "failureCode": text(entry, "failureCode"),
            "failureReason": text(entry, "failureReason"),
        }
        for entry in structures(reply, "failures", MAX_IDS)
    )


def referrers(reply: Reply) -> Iterator[Referrer]:
    """Yield the referrers in a page of ListImageReferrers. One that cannot be read has no digest, and is named."""
    rows = read_rows(entries(reply, "referrers"), "digest", _referrer)
    yield from rows.items
    yield from (Referrer("", f"unreadable: {problem}") for problem in rows.problems)


def _referrer(entry: Reply) -> Referrer:
    return Referrer(
        required_digest(entry, "digest"),
        text(entry, "mediaType", MAX_MEDIA_TYPE),
        text(entry, "artifactType", MAX_MEDIA_TYPE),
        integer(entry, "size"),
        tuple(text_map(entry, "annotations").items()),
    )


def replication_rules(reply: Reply) -> ReplicationRules:
    """Return the rules in a reply of DescribeRegistry."""
    return ReplicationRules(
        tuple(
            ReplicationRule(
                tuple(map(_destination, structures(rule, "destinations"))),
                tuple(required_text(entry, "filter") for entry in structures(rule, "repositoryFilters")),
                flag(structure(rule, "deleteReplication"), "enabled"),
            )
            for rule in structures(structure(reply, "replicationConfiguration"), "rules")
        )
    )


def repository_scanning(reply: Reply, repository: str) -> RepositoryScanning:
    """Return the configuration of a repository in a reply of BatchGetRepositoryScanningConfiguration."""
    found = structures(reply, "scanningConfigurations")
    check_answers([repository], ([text(entry, "repositoryName", MAX_NAME)] for entry in found))
    (entry,) = found
    filters = structures(entry, "appliedScanFilters")
    return RepositoryScanning(
        required_text(entry, "scanFrequency", MAX_NAME),
        tuple(required_text(pattern, "filter", MAX_NAME) for pattern in filters),
    )


def replicas(reply: Reply) -> tuple[Replica, ...]:
    """Return the statuses in a reply of DescribeImageReplicationStatus."""
    return tuple(
        Replica(_destination(entry), required_text(entry, "status", MAX_NAME), text(entry, "failureCode"))
        for entry in structures(reply, "replicationStatuses")
    )


def _destination(entry: Reply) -> Destination:
    return Destination(required_text(entry, "region"), required_account(entry, "registryId"))


def signings(reply: Reply) -> tuple[ImageSigning, ...]:
    """Return the statuses in a reply of DescribeImageSigningStatus."""
    return tuple(
        ImageSigning(
            required_text(entry, "signingProfileArn"),
            required_text(entry, "status", MAX_NAME),
            ": ".join(filter(None, (text(entry, "failureCode"), text(entry, "failureReason")))),
        )
        for entry in structures(reply, "signingStatuses")
    )


def _media_type(content: str) -> str:
    """Return the media type that the manifest text states; without one, what its members imply (OCI image spec)."""
    parsed = manifests.parse_manifest(content)
    return parsed.media_type or (
        manifests.OCI_INDEX if parsed.with_role(DescriptorRole.MANIFEST) else manifests.OCI_MANIFEST
    )
