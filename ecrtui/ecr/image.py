"""Images as ECR describes them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from ecrtui.ecr.findings import FINISHED, FindingCounts, ImageScan


class ImageKind(StrEnum):
    """The kind of an image, known from its media types and tags; the manifest can say more."""

    IMAGE = "image"
    INDEX = "index"
    HELM = "helm chart"
    SIGNATURE = "signature"
    ATTESTATION = "attestation"
    SBOM = "sbom"
    VEX = "vex"
    PROVENANCE = "provenance"
    SIGSTORE_BUNDLE = "sigstore bundle"
    """A signature or an attestation. Only an annotation of its manifest says which."""
    MODEL = "model"
    WASM = "wasm module"
    SOCI = "soci index"
    CACHE = "cache"
    ARTIFACT = "artifact"

    @property
    def is_artifact(self) -> bool:
        """True for a chart, a signature and the like. ECR scans images with an operating system only."""
        return self not in (ImageKind.IMAGE, ImageKind.INDEX)


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
    activated_at: float | None = None
    """When the image was last restored from the archive (``lastActivatedAt``); None if it never was."""

    @property
    def age_start(self) -> float | None:
        """The time from which ECR counts the age of the image: its last restore from the archive, or else its push."""
        return self.pushed_at if self.activated_at is None else self.activated_at

    @property
    def archived(self) -> bool:
        """True if the image cannot be pulled: it is archived, or its restore has not finished."""
        return self.status != "ACTIVE"

    @property
    def activating(self) -> bool:
        """True if the image is being restored from the archive."""
        return self.status == "ACTIVATING"

    @property
    def scan_known(self) -> bool:
        """True if the state of the last scan is known, and its findings too if it has finished.

        DescribeImages reports neither for today's basic scanning, nor for enhanced scanning.
        """
        return self.findings is not None or self.scan_status not in ("", *FINISHED)

    def with_scan(self, scan: ImageScan) -> Image:
        """Return the image with what is known about its last scan."""
        return replace(self, scan_status=scan.status, findings=scan.counts)

    def with_scan_of(self, earlier: Image | None) -> Image:
        """Return the image with the scan that an earlier entry of it has, if its own is not known."""
        if earlier is None or earlier.digest != self.digest or self.scan_known or not earlier.scan_known:
            return self
        return replace(self, scan_status=earlier.scan_status, findings=earlier.findings)

    @property
    def kind(self) -> ImageKind:
        """The kind of the image."""
        return image_kind(self.media_type, self.artifact_media_type, self.tags)


_ARTIFACTS = (
    ("helm chart provenance", ImageKind.SIGNATURE),
    ("helm", ImageKind.HELM),
    ("vex", ImageKind.VEX),
    ("openvex", ImageKind.VEX),
    ("csaf", ImageKind.VEX),
    ("provenance", ImageKind.PROVENANCE),
    ("sbom", ImageKind.SBOM),
    ("spdx", ImageKind.SBOM),
    ("cyclonedx", ImageKind.SBOM),
    ("syft", ImageKind.SBOM),
    ("in toto", ImageKind.ATTESTATION),
    ("docker attestation", ImageKind.ATTESTATION),
    ("dsse", ImageKind.ATTESTATION),
    ("cosign att", ImageKind.ATTESTATION),
    ("cosign sig", ImageKind.SIGNATURE),
    ("signature", ImageKind.SIGNATURE),
    ("simplesigning", ImageKind.SIGNATURE),
    ("notary", ImageKind.SIGNATURE),
    ("sigstore", ImageKind.SIGSTORE_BUNDLE),
    ("cncf model", ImageKind.MODEL),
    ("cnai model", ImageKind.MODEL),
    ("docker ai", ImageKind.MODEL),
    ("kitops", ImageKind.MODEL),
    ("ollama", ImageKind.MODEL),
    ("wasm", ImageKind.WASM),
    ("soci", ImageKind.SOCI),
    ("cacheconfig", ImageKind.CACHE),
)
"""Words of artifact types and of config media types, the most specific first."""
_PREDICATES = (
    ("vex", ImageKind.VEX),
    ("openvex", ImageKind.VEX),
    ("csaf", ImageKind.VEX),
    ("provenance", ImageKind.PROVENANCE),
    ("buildkit", ImageKind.PROVENANCE),
    ("sbom", ImageKind.SBOM),
    ("spdx", ImageKind.SBOM),
    ("cyclonedx", ImageKind.SBOM),
    ("bom", ImageKind.SBOM),
    ("cosign sign", ImageKind.SIGNATURE),
    ("message signature", ImageKind.SIGNATURE),
)
"""Words of predicate types of in-toto statements, such as ``https://slsa.dev/provenance/v1``."""
COSIGN_TAG_PREFIX = "sha256-"
"""The prefix of tags in cosign's tag scheme; the suffix of such a tag gives the kind of the image."""
_TAG_SUFFIXES = ((".sig", ImageKind.SIGNATURE), (".att", ImageKind.ATTESTATION), (".sbom", ImageKind.SBOM))
OCI_IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_IMAGE_CONFIG = "application/vnd.docker.container.image.v1+json"


@lru_cache(maxsize=1024)  # a list of 100,000 images has few different media types
def is_index(media_type: str) -> bool:
    """Return True for the media type of an OCI index or a Docker manifest list."""
    return media_type.endswith(("image.index.v1+json", "manifest.list.v2+json"))


def image_kind(
    media_type: str,
    artifact_media_type: str = "",
    tags: tuple[str, ...] = (),
    predicate_types: Collection[str] = (),
) -> ImageKind:
    """Return the kind of an image: by cosign's tag scheme first, then by the media types.

    Args:
        media_type: the media type of the manifest.
        artifact_media_type: its artifact type; without one the media type of its config.
        tags: its tags.
        predicate_types: the types of the statements in it. They say what an attestation or a sigstore bundle is.
    """
    kind = _kind_of_tags(tags) or _kind_of_media_types(media_type, artifact_media_type)
    if predicate_types and kind in (ImageKind.ATTESTATION, ImageKind.SIGSTORE_BUNDLE):
        kinds = {
            _kind_of_words(predicate.lower(), _PREDICATES) or ImageKind.ATTESTATION for predicate in predicate_types
        }
        return kinds.pop() if len(kinds) == 1 else ImageKind.ATTESTATION
    return kind


def is_image_config(media_type: str) -> bool:
    """Return True for the media type of the config of a container image."""
    return media_type in (OCI_IMAGE_CONFIG, DOCKER_IMAGE_CONFIG)


def _kind_of_tags(tags: tuple[str, ...]) -> ImageKind | None:
    for tag in tags:
        if tag.startswith(COSIGN_TAG_PREFIX):
            for suffix, kind in _TAG_SUFFIXES:
                if tag.endswith(suffix):
                    return kind
    return None


@lru_cache(maxsize=1024)
def _kind_of_media_types(media_type: str, artifact_media_type: str) -> ImageKind:
    if is_index(media_type):
        return ImageKind.INDEX
    artifact = artifact_media_type.lower()
    if not artifact or is_image_config(artifact):
        return ImageKind.IMAGE
    return _kind_of_words(artifact, _ARTIFACTS) or ImageKind.ARTIFACT


def _kind_of_words(text: str, kinds: tuple[tuple[str, ImageKind], ...]) -> ImageKind | None:
    """Return the first kind whose words are all in the text."""
    found = set(re.split(r"[^a-z0-9]+", text))
    return next((kind for words, kind in kinds if found.issuperset(words.split())), None)
