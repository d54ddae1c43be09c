"""Manifests: the exact text, and what it says an image is made of (OCI image spec, Docker image manifest v2)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ecrtui.ecr.digest import digest_of, is_digest
from ecrtui.ecr.image import is_index

MAX_LENGTH = 4_194_304
"""Characters in a manifest that PutImage takes (``ImageManifest`` max)."""

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
MEDIA_TYPES = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST, DOCKER_SCHEMA1_SIGNED, DOCKER_SCHEMA1)
"""Every manifest media type there is: BatchGetImage returns, unconverted, only what is named to it."""


class DescriptorRole(StrEnum):
    """What a descriptor stands for in the manifest that holds it."""

    MANIFEST = "manifest"
    SUBJECT = "subject"
    CONFIG = "config"
    LAYER = "layer"


@dataclass(frozen=True, slots=True)
class Platform:
    """What a manifest of an index runs on (OCI image index, ``platform``)."""

    os: str = ""
    architecture: str = ""
    variant: str = ""
    os_version: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference from a manifest to content (OCI descriptor). The size is in bytes, -1 if it is not told."""

    role: DescriptorRole
    digest: str
    media_type: str = ""
    size: int = -1
    platform: Platform | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_image(self) -> bool:
        """Whether the descriptor names a manifest, which can be tagged, and not a blob, which cannot."""
        return self.role in (DescriptorRole.MANIFEST, DescriptorRole.SUBJECT) and is_digest(self.digest)

    @property
    def is_attestation(self) -> bool:
        """Whether this is BuildKit's attestation manifest, not a platform of the image."""
        return self.annotations.get("vnd.docker.reference.type") == "attestation-manifest"


@dataclass(frozen=True, slots=True)
class ParsedManifest:
    """What a manifest says. ``problem`` tells in words why it could not be understood; empty if it could."""

    media_type: str = ""
    artifact_type: str = ""
    descriptors: tuple[Descriptor, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    def with_role(self, role: DescriptorRole) -> tuple[Descriptor, ...]:
        """The descriptors of this role, in the manifest's order."""
        return tuple(descriptor for descriptor in self.descriptors if descriptor.role is role)

    @property
    def config(self) -> Descriptor | None:
        """The config of a single image; None for an index."""
        return next(iter(self.with_role(DescriptorRole.CONFIG)), None)

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms of an index in its order, attestations left out."""
        return tuple(
            str(descriptor.platform)
            for descriptor in self.with_role(DescriptorRole.MANIFEST)
            if descriptor.platform and not descriptor.is_attestation
        )

    @property
    def layers_size(self) -> int:
        """Bytes of all layers as they are stored."""
        return sum(max(descriptor.size, 0) for descriptor in self.with_role(DescriptorRole.LAYER))


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as the registry has it: the exact text, never parsed and written again."""

    text: str
    digest: str
    media_type: str

    @property
    def intact(self) -> bool:
        """Whether the text has the digest that it goes by."""
        return digest_of(self.text) == self.digest

    @property
    def is_index(self) -> bool:
        """Whether this is an OCI index or a Docker manifest list."""
        return is_index(self.media_type)


def parse_manifest(text: str) -> ParsedManifest:
    """What the manifest says; never raises, whatever the text is."""
    try:
        document = json.loads(text)
        return _structure(document) if isinstance(document, dict) else ParsedManifest(problem="not a JSON object")
    except ValueError as problem:
        return ParsedManifest(problem=f"not JSON: {problem}")
    except RecursionError:
        return ParsedManifest(problem="nested too deeply")


def _structure(document: Mapping[str, Any]) -> ParsedManifest:
    return ParsedManifest(
        media_type=_text(document.get("mediaType")),
        artifact_type=_text(document.get("artifactType")),
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
    layers = document.get("fsLayers")  # Docker schema 1
    for entry in layers if isinstance(layers, list) else []:
        if isinstance(entry, dict):
            yield Descriptor(DescriptorRole.LAYER, _text(entry.get("blobSum")))


def _descriptor(role: DescriptorRole, entry: Mapping[str, Any]) -> Descriptor:
    size = entry.get("size")
    return Descriptor(
        role=role,
        digest=_text(entry.get("digest")),
        media_type=_text(entry.get("mediaType")),
        size=size if type(size) is int and size >= 0 else -1,
        platform=_platform(entry.get("platform")),
        artifact_type=_text(entry.get("artifactType")),
        annotations=_annotations(entry.get("annotations")),
    )


def _platform(value: object) -> Platform | None:
    if not isinstance(value, dict):
        return None
    return Platform(
        _text(value.get("os")),
        _text(value.get("architecture")),
        _text(value.get("variant")),
        _text(value.get("os.version")),
    )


def _annotations(value: object) -> Mapping[str, str]:
    return {str(key): _text(entry) for key, entry in value.items()} if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)
