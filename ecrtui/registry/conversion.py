"""Convert the replies of ECR to values of ``ecrtui.ecr``. Members that a reply omits get the default.

Times are numbers here, because the parser of the clients leaves them so (:mod:`ecrtui.registry.parsing`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from sys import intern
from typing import Any

from ecrtui.ecr import manifest as manifests
from ecrtui.ecr.findings import FINISHED, SEVERITIES, Finding, FindingCounts
from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import DescriptorRole, Manifest
from ecrtui.ecr.mutability import TagMutability
from ecrtui.ecr.put_image_request import PutImageResult
from ecrtui.ecr.referrer import Referrer
from ecrtui.ecr.repository import Repository

Reply = Mapping[str, Any]

_NOTHING: Reply = {}


def repository(entry: Reply) -> Repository:
    """Convert a ``Repository`` of DescribeRepositories."""
    encryption = entry.get("encryptionConfiguration") or _NOTHING
    filters = entry.get("imageTagMutabilityExclusionFilters") or ()
    return Repository(
        name=entry["repositoryName"],
        uri=entry.get("repositoryUri") or "",
        arn=entry.get("repositoryArn") or "",
        registry_id=entry.get("registryId") or "",
        created_at=entry.get("createdAt"),
        mutability=TagMutability(
            entry.get("imageTagMutability") or "MUTABLE", tuple(item["filter"] for item in filters if "filter" in item)
        ),
        scan_on_push=bool((entry.get("imageScanningConfiguration") or _NOTHING).get("scanOnPush")),
        encryption=encryption.get("encryptionType") or "AES256",
        kms_key=encryption.get("kmsKey") or "",
    )


def image(entry: Reply) -> Image:
    """Convert an ``ImageDetail`` of DescribeImages. Arguments are positional for speed: a listing has 100,000."""
    get = entry.get
    tags, scan, summary = get("imageTags"), get("imageScanStatus"), get("imageScanFindingsSummary")
    scan_status = (scan.get("status") or "") if scan else ""
    return Image(
        entry["imageDigest"],
        tuple(tags) if tags else (),
        get("imagePushedAt"),
        get("imageSizeInBytes"),
        # A listing has few different values of these: each is kept once.
        intern(get("imageManifestMediaType") or ""),
        intern(get("artifactMediaType") or ""),
        get("lastRecordedPullTime"),
        intern(get("imageStatus") or "ACTIVE"),
        get("lastArchivedAt"),
        intern(scan_status),
        None if summary is None else counts_of_scan(scan_status, summary.get("findingSeverityCounts") or _NOTHING),
        get("subjectManifestDigest") or "",
    )


def manifest(entry: Reply) -> Manifest:
    """Convert an ``Image`` of BatchGetImage. Without a media type in the reply, the one in the text counts."""
    text = entry.get("imageManifest") or ""
    media_type = entry.get("imageManifestMediaType") or _media_type(text)
    return Manifest(text, (entry.get("imageId") or _NOTHING).get("imageDigest") or "", media_type)


def put_result(reply: Reply) -> PutImageResult:
    """Convert the reply of PutImage."""
    entry: Reply = reply.get("image") or _NOTHING
    ids = entry.get("imageId") or _NOTHING
    return PutImageResult(
        registry_id=entry.get("registryId") or "",
        repository=entry.get("repositoryName") or "",
        digest=ids.get("imageDigest") or "",
        tag=ids.get("imageTag") or "",
        media_type=entry.get("imageManifestMediaType") or "",
        manifest=entry.get("imageManifest") or "",
        request_id=(reply.get("ResponseMetadata") or _NOTHING).get("RequestId") or "",
    )


def referrer(entry: Reply) -> Referrer:
    """Convert an ``ImageReferrer`` of ListImageReferrers."""
    return Referrer(
        entry["digest"],
        entry.get("mediaType") or "",
        entry.get("artifactType") or "",
        entry.get("size"),
        tuple((entry.get("annotations") or {}).items()),
    )


def findings(reply: Reply) -> Iterator[Finding]:
    """Yield the findings in a page of DescribeImageScanFindings, of basic scans and of Amazon Inspector."""
    found = reply.get("imageScanFindings") or _NOTHING
    for entry in found.get("findings") or ():
        yield _basic(entry)
    for entry in found.get("enhancedFindings") or ():
        yield from _enhanced(entry)


def _basic(entry: Reply) -> Finding:
    attributes = {item.get("key"): item.get("value") or "" for item in entry.get("attributes") or ()}
    return Finding(
        name=entry.get("name") or "",
        severity=_severity(entry.get("severity")),
        package=attributes.get("package_name", ""),
        version=attributes.get("package_version", ""),
        fixed_in=attributes.get("fixed_in_versions", ""),
        description=entry.get("description") or "",
        uri=entry.get("uri") or "",
    )


def _enhanced(entry: Reply) -> Iterator[Finding]:
    """Yield a finding for each vulnerable package, at least one."""
    details = entry.get("packageVulnerabilityDetails") or _NOTHING
    for package in details.get("vulnerablePackages") or (_NOTHING,):
        yield Finding(
            name=details.get("vulnerabilityId") or entry.get("title") or "",
            severity=_severity(entry.get("severity")),
            package=package.get("name") or "",
            version=package.get("version") or "",
            fixed_in=package.get("fixedInVersion") or "",
            description=entry.get("description") or "",
            uri=details.get("sourceUrl") or "",
        )


def _severity(text: str | None) -> str:
    """Return one of :data:`SEVERITIES`. All others, such as UNTRIAGED, become UNDEFINED."""
    return text if text in SEVERITIES else SEVERITIES[-1]


def counts_of_scan(status: str, counts: Mapping[str, int]) -> FindingCounts | None:
    """Return the counts of a finished scan by severity; None for a scan in another state, which has no result.

    Raises:
        ValueError: a count is no number of findings.
    """
    if status not in ("", *FINISHED):
        return None
    for severity, number in counts.items():
        if type(number) is not int or number < 0:
            raise ValueError(f"{number!r} {severity} findings")
    known = [(severity, counts[severity]) for severity in SEVERITIES[:-1] if severity in counts]
    rest = sum(number for severity, number in counts.items() if severity not in SEVERITIES[:-1])
    return tuple([*known, (SEVERITIES[-1], rest)] if rest else known)


def _media_type(text: str) -> str:
    """Return the media type that the manifest text states; without one, what its members imply (OCI image spec)."""
    parsed = manifests.parse_manifest(text)
    return parsed.media_type or (
        manifests.OCI_INDEX if parsed.with_role(DescriptorRole.MANIFEST) else manifests.OCI_MANIFEST
    )
