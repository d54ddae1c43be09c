"""What ECR reads in a manifest that is put: its kind, what it needs in the repository, what it refers to.

OCI image spec (manifest, image index) and Docker image manifest version 2, schemas 1 and 2. The text itself is never
changed, except where ECR converts it for a client that does not know its kind (:func:`converted`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ecrtui.emulator.errors import ServiceError, constraint_violation, invalid_parameter

DOCKER_V1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_V1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
DOCKER_V2 = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
INDEXES = frozenset({DOCKER_LIST, OCI_INDEX})
KNOWN = frozenset({DOCKER_V1, DOCKER_V1_SIGNED, DOCKER_V2, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX})

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_DOCKER_TO_OCI = {
    DOCKER_V2: OCI_MANIFEST,
    "application/vnd.docker.container.image.v1+json": "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
}
_OCI_TO_DOCKER = {oci: docker for docker, oci in _DOCKER_TO_OCI.items()}


@dataclass(frozen=True, slots=True)
class ManifestContents:
    """What a manifest says.

    Args:
        media_type: its kind, from itself or, where it does not say, from the call.
        artifact_media_type: ``artifactType``, or the media type of the config; empty for indexes.
        blobs: size in bytes by digest of what must be in the repository: config and layers, not those with ``urls``.
        children: digests of the manifests that an index names.
        subject: digest of the image that it refers to; empty if none.
    """

    media_type: str
    artifact_media_type: str
    blobs: Mapping[str, int]
    children: tuple[str, ...]
    subject: str


def parse_manifest(text: str, media_type: str = "") -> ManifestContents:
    """Read a manifest.

    Args:
        media_type: what the call says that it is; empty if it does not.

    Raises:
        ServiceError: InvalidParameterException, in the words of ECR where they are known.
    """
    document = _document(text)
    own = document.get("mediaType")
    if own is None and not media_type and document.get("schemaVersion") == 1:
        own = DOCKER_V1
    kind = media_type or own
    if not isinstance(kind, str) or not kind:
        # These are the words ECR has been seen to use for a manifest without a media type, too.
        raise constraint_violation("ImageManifest", "Invalid JSON syntax")
    if own is not None and own != kind:
        raise constraint_violation("ImageManifestMediaType", "Media type must be that of the image manifest")
    if kind not in KNOWN:
        raise invalid_parameter(f"Invalid parameter at 'ImageManifestMediaType': '{kind}' is not supported")
    if kind in (DOCKER_V1, DOCKER_V1_SIGNED):
        return ManifestContents(
            kind, "", {_digest(layer, "blobSum"): 0 for layer in _list(document, "fsLayers")}, (), ""
        )
    subject = _digest(document["subject"]) if document.get("subject") is not None else ""
    if kind in INDEXES:
        children = tuple(_digest(child) for child in _list(document, "manifests"))
        return ManifestContents(kind, _text(document, "artifactType"), {}, children, subject)
    config = document.get("config")
    blobs = {_digest(blob): _size(blob) for blob in [config, *_list(document, "layers")] if not _is_foreign(blob)}
    return ManifestContents(kind, _artifact_media_type(document, config or {}), blobs, (), subject)


def referrer_members(text: str) -> dict[str, Any]:
    """What a referrer's manifest says about itself: ``artifactType`` and ``annotations``, where it does."""
    document = _document(text)
    artifact_type = _artifact_media_type(document, document.get("config") or {})
    annotations = document.get("annotations")
    return {
        **({"artifactType": artifact_type} if artifact_type else {}),
        **({"annotations": annotations} if isinstance(annotations, dict) else {}),
    }


def convert_manifest(text: str, media_type: str, accepted: Collection[str]) -> tuple[str, str] | None:
    """The manifest as one of the accepted kinds, and which; None if that cannot be.

    ECR does this when an image is asked for by tag by a client that does not know the stored kind (user guide,
    "Container image manifest format support"); here between OCI and Docker version 2 schema 2, and for images only.
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
    except KeyError:
        return None
    document["mediaType"] = table[media_type]
    return json.dumps(document, indent=3), table[media_type]


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise constraint_violation("ImageManifest", "Invalid JSON syntax")
    return document


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _artifact_media_type(document: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """``artifactType`` comes before the config's media type (OCI distribution spec, "Listing Referrers")."""
    return _text(document, "artifactType") or _text(config, "mediaType")


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    entries = document.get(name)
    if not isinstance(entries, list):
        raise _invalid()
    return entries


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
    return value if isinstance(value, str) else ""


def _invalid() -> ServiceError:
    return constraint_violation("ImageManifest", "Invalid image manifest")
