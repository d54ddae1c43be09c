"""Repositories and images as ECR describes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from ecrtui.model.mutability import Mutability

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
"""Finding severities, worst first (``FindingSeverity``; enhanced scanning says UNTRIAGED for UNDEFINED)."""


class Kind(StrEnum):
    """What an image is, as far as its media types and tags tell without reading the manifest."""

    IMAGE = "image"
    INDEX = "index"
    HELM = "helm chart"
    SIGNATURE = "signature"
    ATTESTATION = "attestation"
    SBOM = "sbom"
    ARTIFACT = "artifact"


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository (``Repository`` of DescribeRepositories). Times are seconds since the epoch."""

    name: str
    uri: str
    arn: str = ""
    registry_id: str = ""
    created_at: float | None = None
    mutability: Mutability = field(default_factory=Mutability)
    scan_on_push: bool = False
    encryption: str = "AES256"
    kms_key: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """One image (``ImageDetail`` of DescribeImages). Times are seconds since the epoch, the size is in bytes."""

    digest: str
    tags: tuple[str, ...] = ()
    pushed_at: float | None = None
    size: int | None = None
    media_type: str = ""
    artifact_media_type: str = ""
    last_pulled_at: float | None = None
    status: str = "ACTIVE"
    archived_at: float | None = None
    scan_status: str = ""
    findings: tuple[tuple[str, int], ...] | None = None
    """Counts by severity in the order of :data:`SEVERITIES`; None when the image was not scanned."""
    subject: str = ""
    """The digest of the image that this one refers to (``subjectManifestDigest``)."""

    @property
    def archived(self) -> bool:
        """Whether the image is in the archive storage class or on its way out of it, so that it cannot be pulled."""
        return self.status != "ACTIVE"

    @property
    def kind(self) -> Kind:
        """What the image is, from what DescribeImages tells."""
        return kind_of(self.media_type, self.artifact_media_type, self.tags)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a scan, basic or enhanced."""

    name: str
    severity: str
    package: str = ""
    version: str = ""
    fixed_in: str = ""
    description: str = ""
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Referrer:
    """One artifact that refers to an image (``ImageReferrer`` of ListImageReferrers)."""

    digest: str
    media_type: str
    artifact_type: str = ""
    size: int | None = None
    annotations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PutImageResult:
    """What PutImage answered (``Image``), and the id of the request."""

    registry_id: str
    repository: str
    digest: str
    tag: str
    media_type: str
    manifest: str
    request_id: str = ""


EMBEDDED = "embedded"
"""The endpoint of the registry that lives in this process."""


@dataclass(frozen=True, slots=True)
class Where:
    """Which registry it is: what the header tells, and what journal and cache are keyed by."""

    registry_id: str
    region: str
    endpoint: str = ""
    """The endpoint's URL if it is not AWS's own; ``embedded`` for the one in this process."""


_ARTIFACTS = (
    ("helm", Kind.HELM),
    ("in-toto", Kind.ATTESTATION),
    ("cosign.artifact.att", Kind.ATTESTATION),
    ("sbom", Kind.SBOM),
    ("spdx", Kind.SBOM),
    ("cyclonedx", Kind.SBOM),
    ("signature", Kind.SIGNATURE),
    ("simplesigning", Kind.SIGNATURE),
    ("notary", Kind.SIGNATURE),
    ("cosign", Kind.SIGNATURE),
    ("sigstore", Kind.SIGNATURE),
)
COSIGN = "sha256-"
"""How a tag begins that may tell by its end what the image is: cosign's tag scheme. Without one, media types tell."""
_TAG_SUFFIXES = ((".sig", Kind.SIGNATURE), (".att", Kind.ATTESTATION), (".sbom", Kind.SBOM))
_IMAGE_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)


def is_index(media_type: str) -> bool:
    """Whether this is the media type of an OCI index or a Docker manifest list."""
    return media_type.endswith(("image.index.v1+json", "manifest.list.v2+json"))


def kind_of(media_type: str, artifact_media_type: str = "", tags: tuple[str, ...] = ()) -> Kind:
    """What an image is: cosign's tag scheme first, then the artifact's media type, then the manifest's."""
    for tag in tags:
        if tag.startswith(COSIGN):
            for suffix, kind in _TAG_SUFFIXES:
                if tag.endswith(suffix):
                    return kind
    return _kind_of_media_types(media_type, artifact_media_type)


@lru_cache(maxsize=1024)  # a list of 100,000 images has a handful of different ones
def _kind_of_media_types(media_type: str, artifact_media_type: str) -> Kind:
    if is_index(media_type):
        return Kind.INDEX
    artifact = artifact_media_type.lower()
    if not artifact or artifact in _IMAGE_CONFIGS:
        return Kind.IMAGE
    return next((kind for word, kind in _ARTIFACTS if word in artifact), Kind.ARTIFACT)
