"""Images as ECR describes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from ecrtui.ecr.findings import FINISHED, FindingCounts, ImageScan


class ImageKind(StrEnum):
    """The kind of an image, known from its media types and tags without reading the manifest."""

    IMAGE = "image"
    INDEX = "index"
    HELM = "helm chart"
    SIGNATURE = "signature"
    ATTESTATION = "attestation"
    SBOM = "sbom"
    ARTIFACT = "artifact"


@dataclass(frozen=True, slots=True)
class Image:
    """An image (``ImageDetail`` of DescribeImages). Times are seconds since the epoch; the size is in bytes."""

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
    """The state of the last scan; empty if it is not known. See :class:`ecrtui.ecr.findings.ImageScan`."""
    findings: FindingCounts | None = None
    """Counts by severity; None if there are none known. An empty tuple means that a scan found nothing."""
    subject: str = ""
    """The digest of the image that this image refers to (``subjectManifestDigest``)."""

    @property
    def archived(self) -> bool:
        """True if the image cannot be pulled: it is archived, or its restore has not finished."""
        return self.status != "ACTIVE"

    @property
    def scan_known(self) -> bool:
        """True if the state of the last scan is known, and its findings too if it has finished.

        DescribeImages tells neither for today's basic scanning, nor for enhanced scanning.
        """
        return self.findings is not None or self.scan_status not in ("", *FINISHED)

    def with_scan(self, scan: ImageScan) -> Image:
        """Return the image with what is known about its last scan."""
        return replace(self, scan_status=scan.status, findings=scan.counts)

    @property
    def kind(self) -> ImageKind:
        """The kind of the image."""
        return image_kind(self.media_type, self.artifact_media_type, self.tags)


_ARTIFACTS = (
    ("helm", ImageKind.HELM),
    ("in-toto", ImageKind.ATTESTATION),
    ("cosign.artifact.att", ImageKind.ATTESTATION),
    ("sbom", ImageKind.SBOM),
    ("spdx", ImageKind.SBOM),
    ("cyclonedx", ImageKind.SBOM),
    ("signature", ImageKind.SIGNATURE),
    ("simplesigning", ImageKind.SIGNATURE),
    ("notary", ImageKind.SIGNATURE),
    ("cosign", ImageKind.SIGNATURE),
    ("sigstore", ImageKind.SIGNATURE),
)
COSIGN_TAG_PREFIX = "sha256-"
"""The prefix of tags in cosign's tag scheme; the suffix of such a tag gives the kind of the image."""
_TAG_SUFFIXES = ((".sig", ImageKind.SIGNATURE), (".att", ImageKind.ATTESTATION), (".sbom", ImageKind.SBOM))
_IMAGE_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)


def is_index(media_type: str) -> bool:
    """Return True for the media type of an OCI index or a Docker manifest list."""
    return media_type.endswith(("image.index.v1+json", "manifest.list.v2+json"))


def image_kind(media_type: str, artifact_media_type: str = "", tags: tuple[str, ...] = ()) -> ImageKind:
    """Return the kind of an image: by cosign's tag scheme first, then by the media types."""
    for tag in tags:
        if tag.startswith(COSIGN_TAG_PREFIX):
            for suffix, kind in _TAG_SUFFIXES:
                if tag.endswith(suffix):
                    return kind
    return _kind_of_media_types(media_type, artifact_media_type)


@lru_cache(maxsize=1024)  # a list of 100,000 images has few different media types
def _kind_of_media_types(media_type: str, artifact_media_type: str) -> ImageKind:
    if is_index(media_type):
        return ImageKind.INDEX
    artifact = artifact_media_type.lower()
    if not artifact or artifact in _IMAGE_CONFIGS:
        return ImageKind.IMAGE
    return next((kind for word, kind in _ARTIFACTS if word in artifact), ImageKind.ARTIFACT)
