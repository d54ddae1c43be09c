"""Two releases for a comparison: indexes with different platforms, configs, layers, packages and signatures."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.support.embedded import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    PushedImage,
    create_repository,
    push_index,
    put,
    upload_blob,
)

REPOSITORY = "team/checkout"
ENVIRONMENT = {"v1": ["JAVA_VERSION=21.0.4", "LANG=C"], "v2": ["JAVA_VERSION=21.0.5", "LANG=C", "OTEL=checkout"]}
PACKAGES = {
    "v1": {"curl": "8.3.0", "zlib": "1.2.12", "old": "1"},
    "v2": {"curl": "8.4.0", "zlib": "1.2.12", "new": "2"},
}
REVISIONS = {"v1": "3b9e77c0", "v2": "d5a17c4e"}


def push_releases(client: Any, at: Callable[..., Any]) -> dict[str, PushedImage]:
    """Push ``v1`` and ``v2`` of :data:`REPOSITORY` and a copy of ``v1``'s amd64 image in ``team/copy``.

    Args:
        client: the client of the registry.
        at: runs a function as if it were some days ago: ``at(9, function, ...)``.
    """
    for repository in (REPOSITORY, "team/copy"):
        at(30, create_repository, client, repository)
    found = {}
    for tag, days, platforms in (("v1", 9, ("amd64", "386")), ("v2", 2, ("amd64", "arm64"))):
        parts = {f"linux/{name}": at(days, _image, client, REPOSITORY, tag, name) for name in platforms}
        found[tag] = at(days, push_index, client, REPOSITORY, parts, tag, annotations={"release": tag})
        at(days, _sbom, client, tag, parts["linux/amd64"])
        scanned = {"imageDigest": parts["linux/amd64"].digest}
        at(days, client.start_image_scan, repositoryName=REPOSITORY, imageId=scanned)
    at(9, put, client, REPOSITORY, found["v1"].manifest, "nightly")
    at(5, _image, client, "team/copy", "v1", "amd64", "copy")
    return found


def _image(client: Any, repository: str, version: str, architecture: str, tag: str = "") -> PushedImage:
    config = {
        "os": "linux",
        "architecture": architecture,
        "created": "2026-11-17T09:01:00Z" if version == "v1" else "2026-11-26T19:13:00Z",
        "config": {
            "User": "1001",
            "Env": ENVIRONMENT[version],
            "Labels": {"org.opencontainers.image.revision": REVISIONS[version], "team": "checkout"},
            "Entrypoint": ["java", "-jar", "/srv/checkout.jar"],
        },
        "history": [{"created_by": "base"}, {"created_by": f"COPY {version}"}],
    }
    layers = [b"base" * 20_000, f"{version} {architecture}".encode() * 3_000]
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, **upload_blob(client, repository, json.dumps(config).encode())},
        "layers": [{"mediaType": OCI_LAYER, **upload_blob(client, repository, layer)} for layer in layers],
    }
    return put(client, repository, json.dumps(document), tag)


def _sbom(client: Any, version: str, subject: PushedImage) -> PushedImage:
    packages = [
        {"SPDXID": f"SPDXRef-{name}", "name": name, "versionInfo": number} for name, number in PACKAGES[version].items()
    ]
    content = json.dumps({"spdxVersion": "SPDX-2.3", "name": "checkout", "packages": packages}).encode()
    empty = upload_blob(client, REPOSITORY, b"{}")
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": "application/spdx+json",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", **empty},
        "layers": [{"mediaType": "application/spdx+json", **upload_blob(client, REPOSITORY, content)}],
        "subject": {"mediaType": OCI_MANIFEST, "digest": subject.digest, "size": len(subject.manifest)},
    }
    return put(client, REPOSITORY, json.dumps(document))
