"""Manifests: their exact text, and the descriptors in it (OCI image spec, Docker image manifest v2)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ecrtui.ecr.digest import digest_of, is_digest
from ecrtui.ecr.image import is_index
from ecrtui.ecr.json_values import to_list, to_mapping, to_text

MAX_LENGTH = 4_194_304
"""Characters that PutImage accepts in a manifest (maximum of ``ImageManifest``)."""

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
MEDIA_TYPES = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST, DOCKER_SCHEMA1_SIGNED, DOCKER_SCHEMA1)
"""Every media type of a manifest. BatchGetImage returns a manifest unconverted only if its media type is named."""


class DescriptorRole(StrEnum):
    """The role of a descriptor in its manifest."""

    MANIFEST = "manifest"
    SUBJECT = "subject"
    CONFIG = "config"
    LAYER = "layer"


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform of a manifest in an index (OCI image index, ``platform``)."""

    os: str = ""
    architecture: str = ""
    variant: str = ""
    os_version: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference from a manifest to content (OCI descriptor). The size is in bytes; -1 if it is unknown."""

    role: DescriptorRole
    digest: str
    media_type: str = ""
    size: int = -1
    platform: Platform | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_image(self) -> bool:
        """True if the descriptor refers to a manifest, which can be tagged, and not to a blob, which cannot."""
        return self.role in (DescriptorRole.MANIFEST, DescriptorRole.SUBJECT) and is_digest(self.digest)

    @property
    def is_attestation(self) -> bool:
        """True if this is an attestation manifest of BuildKit, not a platform of the image."""
        return self.annotations.get("vnd.docker.reference.type") == "attestation-manifest"


@dataclass(frozen=True, slots=True)
class ParsedManifest:
    """The content of a manifest."""

    media_type: str = ""
    artifact_type: str = ""
    descriptors: tuple[Descriptor, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    """The reason why the manifest could not be parsed; empty if it could."""

    def with_role(self, role: DescriptorRole) -> tuple[Descriptor, ...]:
        """Return the descriptors with this role, in the order of the manifest."""
        return tuple(descriptor for descriptor in self.descriptors if descriptor.role is role)

    @property
    def config(self) -> Descriptor | None:
        """The config of an image; None for an index."""
        return next(iter(self.with_role(DescriptorRole.CONFIG)), None)

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms of an index in its order, without attestations."""
        return tuple(
            str(descriptor.platform)
            for descriptor in self.with_role(DescriptorRole.MANIFEST)
            if descriptor.platform and not descriptor.is_attestation
        )

    @property
    def layers_size(self) -> int:
        """The stored size of all layers in bytes."""
        return sum(max(descriptor.size, 0) for descriptor in self.with_role(DescriptorRole.LAYER))


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest with the exact text of the registry, never parsed and re-serialized."""

    text: str
    digest: str
    media_type: str

    @property
    def intact(self) -> bool:
        """True if the digest is the digest of the text."""
        return digest_of(self.text) == self.digest

    @property
    def is_index(self) -> bool:
        """True for an OCI index or a Docker manifest list."""
        return is_index(self.media_type)


def parse_manifest(text: str) -> ParsedManifest:
    """Parse a manifest. Return a manifest with a ``problem`` for any other text; never raise."""
    try:
        document = json.loads(text)
        return _from_json(document) if isinstance(document, dict) else ParsedManifest(problem="not a JSON object")
    except ValueError as problem:
        return ParsedManifest(problem=f"not JSON: {problem}")
    except RecursionError:
        return ParsedManifest(problem="nested too deeply")


def _from_json(document: Mapping[str, Any]) -> ParsedManifest:
    return ParsedManifest(
        media_type=to_text(document.get("mediaType")),
        artifact_type=to_text(document.get("artifactType")),
        descriptors=tuple(_descriptors(document)),
        annotations=_annotations(document.get("annotations")),
    )


def _descriptors(document: Mapping[str, Any]) -> Iterator[Descriptor]:
    for key, role in (
        ("manifests", DescriptorRole.MANIFEST),
        ("config", DescriptorRole.CONFIG),
        ("layers", DescriptorRole.LAYER),
        ("subject", DescriptorRole.SUBJECT),
    ):
        value = document.get(key)
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, dict):
                yield _descriptor(role, entry)
    for entry in to_list(document.get("fsLayers")):  # Docker schema 1
        if isinstance(entry, dict):
            yield Descriptor(DescriptorRole.LAYER, to_text(entry.get("blobSum")))


def _descriptor(role: DescriptorRole, entry: Mapping[str, Any]) -> Descriptor:
    size = entry.get("size")
    return Descriptor(
        role=role,
        digest=to_text(entry.get("digest")),
        media_type=to_text(entry.get("mediaType")),
        size=size if type(size) is int and size >= 0 else -1,
        platform=_platform(entry.get("platform")),
        artifact_type=to_text(entry.get("artifactType")),
        annotations=_annotations(entry.get("annotations")),
    )


def _platform(value: object) -> Platform | None:
    if not isinstance(value, dict):
        return None
    return Platform(
        to_text(value.get("os")),
        to_text(value.get("architecture")),
        to_text(value.get("variant")),
        to_text(value.get("os.version")),
    )


def _annotations(value: object) -> Mapping[str, str]:
    return {key: to_text(entry) for key, entry in to_mapping(value).items()}
