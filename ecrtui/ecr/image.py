"""Images as ECR describes them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class ImageKind(StrEnum):
    """What an image is, as far as its media types and tags tell without reading the manifest."""

    IMAGE = "image"
    INDEX = "index"
    HELM = "helm chart"
    SIGNATURE = "signature"
    ATTESTATION = "attestation"
    SBOM = "sbom"
    ARTIFACT = "artifact"


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
    """Counts by severity in the order of ``SEVERITIES``; None when the image was not scanned."""
    subject: str = ""
    """The digest of the image that this one refers to (``subjectManifestDigest``)."""

    @property
    def archived(self) -> bool:
        """Whether the image is in the archive storage class or on its way out of it, so that it cannot be pulled."""
        return self.status != "ACTIVE"

    @property
    def kind(self) -> ImageKind:
        """What the image is, from what DescribeImages tells."""
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
"""How a tag begins that may tell by its end what the image is: cosign's tag scheme. Without one, media types tell."""
_TAG_SUFFIXES = ((".sig", ImageKind.SIGNATURE), (".att", ImageKind.ATTESTATION), (".sbom", ImageKind.SBOM))
_IMAGE_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)


def is_index(media_type: str) -> bool:
    """Whether this is the media type of an OCI index or a Docker manifest list."""
    return media_type.endswith(("image.index.v1+json", "manifest.list.v2+json"))


def image_kind(media_type: str, artifact_media_type: str = "", tags: tuple[str, ...] = ()) -> ImageKind:
    """What an image is: cosign's tag scheme first, then the artifact's media type, then the manifest's."""
    for tag in tags:
        if tag.startswith(COSIGN_TAG_PREFIX):
            for suffix, kind in _TAG_SUFFIXES:
                if tag.endswith(suffix):
                    return kind
    return _kind_of_media_types(media_type, artifact_media_type)


@lru_cache(maxsize=1024)  # a list of 100,000 images has a handful of different ones
def _kind_of_media_types(media_type: str, artifact_media_type: str) -> ImageKind:
    if is_index(media_type):
        return ImageKind.INDEX
    artifact = artifact_media_type.lower()
    if not artifact or artifact in _IMAGE_CONFIGS:
        return ImageKind.IMAGE
    return next((kind for word, kind in _ARTIFACTS if word in artifact), ImageKind.ARTIFACT)
