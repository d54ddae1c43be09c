"""Find out whether the caller has a permission, with a request that can change nothing.

AWS checks permissions before the operation looks at the content of a request. So a refusal for the content means that
the permission is there. The requests name a digest that no image has:

- A read of such an image is answered "not found", and does not count as a pull.
- BatchDeleteImage finds nothing to delete.
- UploadLayerPart and CompleteLayerUpload name an upload that does not exist.
- PutImage gets a manifest whose digest is another one, and whose layers do not exist: ECR refuses both
  (ImageDigestDoesNotMatchException, LayersNotFoundException). Another service might not check that, so only ECR and
  the embedded registry of this process get this request.
- InitiateLayerUpload, CreateRepository and StartLifecyclePolicyPreview are not asked for: every request has an effect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from ecrtui.ecr.permissions import Permission
from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.registry.calls import method_of
from ecrtui.registry.client import Clients
from ecrtui.registry.endpoint import is_aws

_NO_IMAGE = f"sha256:{'0' * 64}"
"""The digest of no content: nobody can make one."""

_NO_UPLOAD = "00000000-0000-0000-0000-000000000000"
"""The id of no upload."""

_MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": _NO_IMAGE, "size": 2},
    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": _NO_IMAGE, "size": 2}],
}

_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "DescribeRepositories": {"maxResults": 1},
    "ListPullTimeUpdateExclusions": {"maxResults": 1},
    "DescribeImages": {"maxResults": 1},
    "ListImages": {"maxResults": 1},
    "BatchGetImage": {"imageIds": [{"imageDigest": _NO_IMAGE}]},
    "GetDownloadUrlForLayer": {"layerDigest": _NO_IMAGE},
    "DescribeImageScanFindings": {"imageId": {"imageDigest": _NO_IMAGE}},
    "DescribeImageSigningStatus": {"imageId": {"imageDigest": _NO_IMAGE}},
    "DescribeImageReplicationStatus": {"imageId": {"imageDigest": _NO_IMAGE}},
    "PutImage": {"imageManifest": json.dumps(_MANIFEST), "imageDigest": _NO_IMAGE},
    "BatchDeleteImage": {"imageIds": [{"imageDigest": _NO_IMAGE}]},
    "BatchCheckLayerAvailability": {"layerDigests": [_NO_IMAGE]},
    "GetAccountSetting": {"name": "BLOB_MOUNTING"},
    "UploadLayerPart": {"uploadId": _NO_UPLOAD, "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": b"\0"},
    "CompleteLayerUpload": {"uploadId": _NO_UPLOAD, "layerDigests": [_NO_IMAGE]},
}
"""The parameters of each operation besides repository and registry."""

_NOT_ASKED = {
    "InitiateLayerUpload": "every request begins an upload",
    "CreateRepository": "every request creates a repository",
    "StartLifecyclePolicyPreview": "every request replaces the last preview",
}

_OF_THE_ACCOUNT = frozenset(
    {
        "DescribeRegistry",
        "GetAccountSetting",
        "GetAuthorizationToken",
        "GetRegistryPolicy",
        "ListPullTimeUpdateExclusions",
    }
)
_WITHOUT_REPOSITORY = _OF_THE_ACCOUNT | {"DescribeRepositories"}
_WITHOUT_REGISTRY = _OF_THE_ACCOUNT | {"ListTagsForResource"}

_AFTER_THE_CHECK = frozenset(
    {
        ErrorKind.DIGEST_MISMATCH,
        ErrorKind.IMAGE_NOT_FOUND,
        ErrorKind.INACCESSIBLE,
        ErrorKind.LIFECYCLE_POLICY_NOT_FOUND,
        ErrorKind.LIFECYCLE_PREVIEW_NOT_FOUND,
        ErrorKind.MISSING_PARTS,
        ErrorKind.REGISTRY_POLICY_NOT_FOUND,
        ErrorKind.REPOSITORY_POLICY_NOT_FOUND,
        ErrorKind.SCAN_NOT_FOUND,
        ErrorKind.UPLOAD_LOST,
    }
)
"""The kinds of a refusal that only a caller with the permission gets."""


class Access(StrEnum):
    """Whether the caller has a permission."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "not known"


class ProbeResult(NamedTuple):
    """What a request shows about a permission. ``reason`` has the words of the service, or why nothing was sent."""

    access: Access
    reason: str = ""
    hint: str = ""


class ProbeTarget(NamedTuple):
    """What the requests are about.

    Args:
        registry_id: the account of the registry; empty for the account of the caller.
        repository: a repository; empty if there is none to ask about.
        arn: the ARN of the repository; empty if it is not known.
    """

    registry_id: str = ""
    repository: str = ""
    arn: str = ""


def probe(clients: Clients, permission: Permission, subject: ProbeTarget) -> ProbeResult:
    """Ask for one permission."""
    operation = permission.operation
    if reason := _why_not_asked(clients, operation, subject):
        return ProbeResult(Access.UNKNOWN, reason)
    try:
        with clients.calling(operation, repository=subject.repository):
            method_of(clients.write_client, operation)(**_request(operation, subject))
    except EcrTuiError as error:
        return _from_error(error)
    return ProbeResult(Access.ALLOWED)


def _why_not_asked(clients: Clients, operation: str, subject: ProbeTarget) -> str:
    if operation not in _WITHOUT_REPOSITORY and not subject.repository:
        return "there is no repository to ask about"
    if operation == "ListTagsForResource" and not subject.arn:
        return "the ARN of the repository is not known"
    if reason := _NOT_ASKED.get(operation):
        return f"not asked, because {reason}"
    if operation == "PutImage" and not (clients.in_process or is_aws(clients.write_client.meta.endpoint_url)):
        return "the endpoint is not AWS, and could store what ECR must refuse"
    return ""


def _request(operation: str, subject: ProbeTarget) -> dict[str, Any]:
    if operation == "ListTagsForResource":
        return {"resourceArn": subject.arn}
    if operation == "BatchGetRepositoryScanningConfiguration":
        return {"repositoryNames": [subject.repository]}
    request = dict(_PARAMETERS.get(operation, {}))
    if operation not in _WITHOUT_REPOSITORY:
        request["repositoryName"] = subject.repository
    if subject.registry_id and operation not in _WITHOUT_REGISTRY:
        request["registryId"] = subject.registry_id
    return request


def _from_error(error: EcrTuiError) -> ProbeResult:
    if error.kind is ErrorKind.DENIED:
        return ProbeResult(Access.DENIED, error.detail, error.hint)
    if error.kind in _AFTER_THE_CHECK:
        return ProbeResult(Access.ALLOWED)
    return ProbeResult(Access.UNKNOWN, str(error), error.hint)
