"""Manifests as ECR reads them: the media type, the blobs and images that they name, the subject.

OCI image spec (manifest, image index) and Docker image manifest version 2, schemas 1 and 2. The text of a manifest
never changes. Only :func:`convert_manifest` makes another one, for clients that do not accept the stored media type.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ecrtui.emulator.errors import ServiceError, constraint_violation, invalid_parameter
from ecrtui.emulator.json_text import parse_object

DOCKER_V1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_V1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
DOCKER_V2 = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
INDEXES = frozenset({DOCKER_LIST, OCI_INDEX})
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
IN_TOTO = "application/vnd.in-toto+json"
KNOWN = frozenset({DOCKER_V1, DOCKER_V1_SIGNED, DOCKER_V2, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX})

MAX_LAYERS = 500
"""Layers per image. AWS documents no limit; two clients measured it (nuonco/nuon#2348, spinframework/spin#1787)."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_DOCKER_TO_OCI = {
    DOCKER_V2: OCI_MANIFEST,
    DOCKER_CONFIG: OCI_CONFIG,
    "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
    DOCKER_LAYER: OCI_LAYER,
}
_OCI_TO_DOCKER = {oci: docker for docker, oci in _DOCKER_TO_OCI.items()}


class BlobReference(NamedTuple):
    """A layer or config as a manifest describes it: its size in bytes, and its media type, empty if it has none."""

    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class ManifestContents:
    """The contents of a manifest.

    Args:
        media_type: the manifest's own media type, or else that of the request.
        artifact_media_type: ``artifactType``, or else the media type of the config; empty for most indexes.
        blobs: the config and the layers by digest, without foreign layers.
        children: the digests of the manifests in an index.
        subject: the digest of the image that this one refers to; empty if none.
        foreign: the layers with ``urls`` by digest. They need not be in the repository.
    """

    media_type: str
    artifact_media_type: str
    blobs: Mapping[str, BlobReference]
    children: tuple[str, ...]
    subject: str
    foreign: Mapping[str, BlobReference] = field(default_factory=dict)

    @property
    def named(self) -> Mapping[str, BlobReference]:
        """All blobs that the manifest names: the image holds those of them that the repository has."""
        return {**self.foreign, **self.blobs}


def parse_manifest(text: str, media_type: str = "") -> ManifestContents:
    """Parse a manifest.

    Args:
        media_type: the media type of the request; empty if it has none.

    Raises:
        ServiceError: InvalidParameterException, with ECR's message where it is known.
    """
    document = _document(text)
    own = document.get("mediaType")
    if own is None and not media_type and document.get("schemaVersion") == 1:
        own = DOCKER_V1
    kind = media_type or own
    if not isinstance(kind, str) or not kind:
        # ECR also sends this message for a manifest without a media type (aws-ecr-orb#393).
        raise constraint_violation("ImageManifest", "Invalid JSON syntax")
    if own is not None and own != kind:
        raise constraint_violation("ImageManifestMediaType", "Media type must be that of the image manifest")
    if kind not in KNOWN:
        raise invalid_parameter(f"Invalid parameter at 'ImageManifestMediaType': '{kind}' is not supported")
    if kind in (DOCKER_V1, DOCKER_V1_SIGNED):
        named = (_digest(layer, "blobSum") for layer in _layers(document, "fsLayers"))
        return ManifestContents(kind, "", {digest: BlobReference(0, "") for digest in named}, (), "")
    _refuse_member(document.get("subject"), "platform")  # dragonflyoss/nydus#1691
    subject = _digest(document["subject"]) if document.get("subject") is not None else ""
    _check_media_type(document, "artifactType")
    if kind in INDEXES:
        children = tuple(_digest(child) for child in _list(document, "manifests"))
        return ManifestContents(kind, _text(document, "artifactType"), {}, children, subject)
    config, layers = document.get("config"), _layers(document, "layers")
    _refuse_member(config, "annotations")  # goharbor/acceleration-service#353, falcosecurity/falcoctl#310
    blobs: dict[str, BlobReference] = {}
    foreign: dict[str, BlobReference] = {}
    for blob in [config, *layers]:
        digest, kept = _digest(blob), foreign if _is_foreign(blob) else blobs
        _check_media_type(blob, "mediaType")
        kept[digest] = BlobReference(_size(blob), _text(blob, "mediaType"))
    return ManifestContents(kind, _artifact_media_type(document), blobs, (), subject, foreign)


def layer_digests(text: str, media_type: str) -> tuple[str, ...]:
    """Return the digests of the layers of a stored image, the first layer first.

    Args:
        text: the manifest; not of an index.
        media_type: the media type with which the image was put. It decides which member lists the layers, as in
            :func:`parse_manifest`: ``schemaVersion`` may say otherwise.
    """
    document = _document(text)
    if media_type in (DOCKER_V1, DOCKER_V1_SIGNED):
        return tuple(_digest(layer, "blobSum") for layer in reversed(_layers(document, "fsLayers")))
    return tuple(_digest(layer) for layer in _layers(document, "layers"))


def referrer_members(text: str) -> dict[str, Any]:
    """Return ``artifactType`` and ``annotations`` of a referrer, if its manifest has them.

    An annotation is a text (``Annotations``, and the OCI image spec). Other values are left out.
    """
    document = _document(text)
    artifact_type = _artifact_media_type(document)
    members: dict[str, Any] = {"artifactType": artifact_type} if artifact_type else {}
    annotations = document.get("annotations")
    if isinstance(annotations, dict):
        members["annotations"] = {name: value for name, value in annotations.items() if isinstance(value, str)}
    return members


def convert_manifest(text: str, media_type: str, accepted: Collection[str]) -> tuple[str, str] | None:
    """Convert a manifest to an accepted media type; return text and media type, or None if that is not possible.

    ECR converts an image that is requested by tag if the client does not accept the stored media type (user guide,
    "Container image manifest format support"). This converts images between OCI and Docker version 2 schema 2;
    :func:`to_schema_1` makes the third format.
    """
    if media_type == OCI_MANIFEST and DOCKER_V2 in accepted:
        table = _OCI_TO_DOCKER
    elif media_type == DOCKER_V2 and OCI_MANIFEST in accepted:
        table = _DOCKER_TO_OCI
    else:
        return None
    document = _document(text)
    try:
        document["config"]["mediaType"] = table[document["config"]["mediaType"]]
        for layer in document["layers"]:
            layer["mediaType"] = table[layer["mediaType"]]
    except (KeyError, TypeError):  # a media type that is absent, unknown or not a text
        return None
    document["mediaType"] = table[media_type]
    return json.dumps(document, indent=3), table[media_type]


def config_digest(text: str) -> str:
    """Return the digest of the config that an image names."""
    return _digest(_document(text).get("config"))


def to_schema_1(text: str, config: bytes, *, name: str, tag: str) -> str | None:
    """Convert a Docker image of version 2 schema 2 to schema 1, unsigned; return None if its config is not JSON.

    Docker image manifest version 2, schema 1: the newest layer is first, and ``history[0].v1Compatibility`` has the
    config as text (containers-roadmap#1075).

    Args:
        text: the manifest.
        config: the content of its config.
        name: the name of the repository.
        tag: the tag that the client asked for.
    """
    document, image = _document(text), parse_object(config)
    if image is None:
        return None
    layers = [layer.get("digest", "") for layer in reversed(document["layers"])]
    ids = [hashlib.sha256(f"{layer} {position}".encode()).hexdigest() for position, layer in enumerate(layers)]
    parents = [{"parent": parent} for parent in ids[1:]] + [{}]
    newest = {key: value for key, value in image.items() if key not in ("rootfs", "history")}
    entries = [
        {**(newest if position == 0 else {}), "id": own, **parent}
        for position, (own, parent) in enumerate(zip(ids, parents, strict=True))
    ]
    converted = {
        "schemaVersion": 1,
        "name": name,
        "tag": tag,
        "architecture": image.get("architecture", ""),
        "fsLayers": [{"blobSum": layer} for layer in layers],
        "history": [{"v1Compatibility": json.dumps(entry, separators=(",", ":"))} for entry in entries],
    }
    return json.dumps(converted, indent=3)


def _document(text: str) -> dict[str, Any]:
    document = parse_object(text)
    if document is None:
        raise constraint_violation("ImageManifest", "Invalid JSON syntax")
    return document


def _artifact_media_type(document: Mapping[str, Any]) -> str:
    # artifactType takes precedence (OCI distribution spec, "Listing Referrers"). In an index, "config" can be anything.
    config = document.get("config")
    return _text(document, "artifactType") or (_text(config, "mediaType") if isinstance(config, dict) else "")


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    entries = document.get(name)
    if not isinstance(entries, list):
        raise _invalid()
    return entries


def _layers(document: Mapping[str, Any], name: str) -> list[Any]:
    """Return the layers of an image. ECR refuses none (werf/werf#2544) and too many (openai/tart#890)."""
    layers = _list(document, name)
    if not layers:
        raise constraint_violation("ImageManifest", "Image has to have at least 1 layer")
    if len(layers) > MAX_LAYERS:
        raise constraint_violation("ImageManifest", "Limit on number of layers per image exceeded")
    return layers


def _digest(descriptor: Any, name: str = "digest") -> str:
    digest = descriptor.get(name) if isinstance(descriptor, dict) else None
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise _invalid()
    return digest


def _size(descriptor: Mapping[str, Any]) -> int:
    size = descriptor.get("size")
    return size if isinstance(size, int) and size >= 0 else 0


def _is_foreign(descriptor: Any) -> bool:
    return isinstance(descriptor, dict) and bool(descriptor.get("urls"))


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can escape and no encoding holds
        raise _invalid() from None
    return value


def _refuse_member(descriptor: Any, name: str) -> None:
    """Refuse a descriptor with a member that ECR does not know, in ECR's own words."""
    if isinstance(descriptor, dict) and name in descriptor:
        raise constraint_violation("ImageManifest", "Invalid JSON syntax")


def _check_media_type(document: Mapping[str, Any], name: str) -> None:
    """Check that a media type has no parameters: ECR refuses them (containers-roadmap#2306)."""
    if ";" in _text(document, name):
        raise _invalid()


def _invalid() -> ServiceError:
    return constraint_violation("ImageManifest", "Invalid image manifest")
