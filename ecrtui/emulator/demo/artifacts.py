"""Manifests as real tools write them, with true digests and plausible sizes.

Configs, charts, signatures, attestations and small layers have content. Other layers have only a digest and a size.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from ecrtui.emulator.blobs import digest_of
from ecrtui.emulator.demo.layers import Layer, archive_layer, declared_layer, layer_of
from ecrtui.emulator.demo.runtimes import RUNTIMES, Application
from ecrtui.emulator.manifests import DOCKER_LIST, DOCKER_V2, OCI_INDEX, OCI_MANIFEST

OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"

_DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
_DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

Json = dict[str, Any]


@dataclass(frozen=True)
class Artifact:
    """A manifest with its exact text, and the parts that the repository needs before it.

    Args:
        contents: the content of blobs, by digest.
        declared: sizes in bytes of blobs without content, by digest.
        parts: the manifests that an index names.
        platform: the platform that the index gives it.
    """

    manifest: str
    media_type: str
    contents: Mapping[str, bytes] = field(default_factory=dict)
    declared: Mapping[str, int] = field(default_factory=dict)
    parts: Sequence[Artifact] = ()
    platform: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 digest of the manifest's bytes."""
        return digest_of(self.manifest.encode())

    @property
    def descriptor(self) -> Json:
        """Return the descriptor that another manifest uses for it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.manifest.encode())}


@dataclass(frozen=True, slots=True)
class Build:
    """One build of an application.

    Args:
        created: seconds since the epoch.
        labels: more labels, besides those of every build.
    """

    application: Application
    version: str
    created: float
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def revision(self) -> str:
        """Return the commit of the build."""
        return sha256(f"{self.application.name} {self.version}".encode()).hexdigest()[:40]


def image(build: Build, platform: str = "linux/amd64", *, annotations: Mapping[str, str] | None = None) -> Artifact:
    """Return an image as BuildKit writes it."""
    content, layers = _parts_of_image(build, platform, OCI_LAYER)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(OCI_CONFIG, content),
        "layers": [layer.descriptor for layer in layers],
        **({"annotations": dict(annotations)} if annotations else {}),
    }
    return _image(json.dumps(document, indent=2, ensure_ascii=False), OCI_MANIFEST, content, layers, platform)


def image_without_media_type(build: Build, platform: str = "linux/amd64") -> Artifact:
    """Return an image as umoci writes it, without a media type in the manifest."""
    content, layers = _parts_of_image(build, platform, OCI_LAYER)
    document = {
        "schemaVersion": 2,
        "config": _descriptor(OCI_CONFIG, content),
        "layers": [layer.descriptor for layer in layers],
    }
    return _image(json.dumps(document, separators=(",", ":")), OCI_MANIFEST, content, layers, platform)


def docker_image(build: Build, platform: str = "linux/amd64") -> Artifact:
    """Return an image as ``docker push`` writes it."""
    content, layers = _parts_of_image(build, platform, _DOCKER_LAYER)
    document = {
        "schemaVersion": 2,
        "mediaType": DOCKER_V2,
        "config": _descriptor(_DOCKER_CONFIG, content),
        "layers": [layer.descriptor for layer in layers],
    }
    return _image(json.dumps(document, indent=3), DOCKER_V2, content, layers, platform)


def build_cache(application: Application, key: str) -> Artifact:
    """Return a build cache of BuildKit (``--cache-to type=registry,image-manifest=true``)."""
    layers = [declared_layer(OCI_LAYER, f"{application.name} cache {key} {number}", 60e6) for number in range(6)]
    records = [{"digest": digest_of(f"{key} {number}".encode()), "layers": [{"layer": number}]} for number in range(6)]
    entries = [{"blob": layer.descriptor["digest"], "parent": number - 1} for number, layer in enumerate(layers)]
    content = json.dumps({"layers": entries, "records": records}, separators=(",", ":")).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor("application/vnd.buildkit.cacheconfig.v0", content),
        "layers": [layer.descriptor for layer in layers],
    }
    return _image(json.dumps(document, indent=2), OCI_MANIFEST, content, layers, "")


def index(images: Sequence[Artifact], *, attested: bool = True) -> Artifact:
    """Return an index as BuildKit writes it, by default with an attestation for each image."""
    attestations = [_attestation(one) for one in images] if attested else []
    entries = [{**one.descriptor, "platform": dict(one.platform)} for one in images] + [
        {
            **attestation.descriptor,
            "annotations": {
                "vnd.docker.reference.digest": one.digest,
                "vnd.docker.reference.type": "attestation-manifest",
            },
            "platform": {"architecture": "unknown", "os": "unknown"},
        }
        for attestation, one in zip(attestations, images, strict=False)
    ]
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return Artifact(json.dumps(document, indent=2), OCI_INDEX, parts=[*images, *attestations])


def docker_list(images: Sequence[Artifact]) -> Artifact:
    """Return a manifest list as ``docker manifest push`` writes it."""
    entries = [{**one.descriptor, "platform": dict(one.platform)} for one in images]
    document = {"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": entries}
    return Artifact(json.dumps(document, indent=3), DOCKER_LIST, parts=list(images))


def helm_chart(name: str, version: str, app_version: str, description: str, created: float) -> Artifact:
    """Return a chart as ``helm push`` writes it, without ``mediaType``."""
    chart = {
        "name": name,
        "version": version,
        "description": description,
        "apiVersion": "v2",
        "appVersion": app_version,
    }
    content = json.dumps({**chart, "type": "application"}, separators=(",", ":")).encode()
    layer = archive_layer("application/vnd.cncf.helm.chart.content.v1.tar+gzip", _chart_files(chart))
    document = {
        "schemaVersion": 2,
        "config": _descriptor("application/vnd.cncf.helm.config.v1+json", content),
        "layers": [layer.descriptor],
        "annotations": {
            "org.opencontainers.image.created": _iso(created),
            "org.opencontainers.image.description": description,
            "org.opencontainers.image.title": name,
            "org.opencontainers.image.version": version,
        },
    }
    return _image(json.dumps(document, separators=(",", ":")), OCI_MANIFEST, content, [layer], "")


def _chart_files(chart: Mapping[str, str]) -> Mapping[str, str]:
    """Return the files of a chart by path."""
    name = chart["name"]
    values = f"""\
replicaCount: 2
image:
  repository: {name}
  tag: "{chart["appVersion"]}"
resources:
  limits: {{cpu: 500m, memory: 256Mi}}
"""
    template = f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  replicas: {{{{ .Values.replicaCount }}}}
"""
    return {
        f"{name}/Chart.yaml": "".join(f"{key}: {json.dumps(value)}\n" for key, value in chart.items()),
        f"{name}/values.yaml": values,
        f"{name}/templates/deployment.yaml": template,
    }


def cosign_signature(signed: Artifact, uri: str) -> Artifact:
    """Return a signature as cosign stores it under the tag ``sha256-….sig``."""
    payload = json.dumps(
        {
            "critical": {
                "identity": {"docker-reference": uri},
                "image": {"docker-manifest-digest": signed.digest},
                "type": "cosign container image signature",
            },
            "optional": None,
        },
        separators=(",", ":"),
    ).encode()
    config = {
        "architecture": "",
        "created": "0001-01-01T00:00:00Z",
        "history": [{"created": "0001-01-01T00:00:00Z"}],
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": [digest_of(payload)]},
        "config": {},
    }
    content = json.dumps(config, separators=(",", ":")).encode()
    signature = base64.b64encode(sha256(payload).digest() * 2).decode()
    layer = {
        **_descriptor("application/vnd.dev.cosign.simplesigning.v1+json", payload),
        "annotations": {"dev.cosignproject.cosign/signature": signature},
    }
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(OCI_CONFIG, content),
        "layers": [layer],
    }
    text = json.dumps(document, separators=(",", ":"))
    return Artifact(text, OCI_MANIFEST, {digest_of(content): content, digest_of(payload): payload})


def cosign_tag(signed: Artifact) -> str:
    """Return the tag under which cosign stores the signature of an image."""
    return signed.digest.replace(":", "-") + ".sig"


def referrer(
    subject: Artifact, artifact_type: str, media_type: str, content: bytes, annotations: Mapping[str, str]
) -> Artifact:
    """Return an OCI 1.1 artifact that refers to an image, as ``oras attach`` writes it."""
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": {**_descriptor(EMPTY, b"{}"), "data": "e30="},
        "layers": [_descriptor(media_type, content)],
        "subject": subject.descriptor,
        "annotations": dict(annotations),
    }
    text = json.dumps(document, separators=(",", ":"))
    return Artifact(text, OCI_MANIFEST, {digest_of(b"{}"): b"{}", digest_of(content): content})


def sbom(subject: Artifact, build: Build) -> Artifact:
    """Return an SPDX SBOM that refers to an image."""
    name = build.application.name
    packages = [
        {"SPDXID": f"SPDXRef-Package-{package}", "name": package, "versionInfo": version}
        for package, version in (("openssl", "3.0.15-1~deb12u1"), ("zlib1g", "1:1.2.13.dfsg-1"), (name, build.version))
    ]
    document = {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "creationInfo": {"created": _iso(build.created), "creators": ["Tool: syft-1.16.0"]},
        "packages": packages,
    }
    annotations = {"org.opencontainers.image.created": _iso(build.created)}
    spdx = "application/spdx+json"
    return referrer(subject, spdx, spdx, json.dumps(document).encode(), annotations)


def notation_signature(subject: Artifact, build: Build) -> Artifact:
    """Return a signature of Notary Project that refers to an image."""
    claim = {"targetArtifact": subject.descriptor}
    payload = base64.urlsafe_b64encode(json.dumps(claim).encode()).decode().rstrip("=")
    envelope = json.dumps({"payload": payload, "protected": "eyJhbGciOiJQUzI1NiJ9", "signature": "demo"}).encode()
    return referrer(
        subject,
        "application/vnd.cncf.notary.signature",
        "application/jose+json",
        envelope,
        {
            "io.cncf.notary.x509chain.thumbprint#S256": json.dumps([sha256(b"demo").hexdigest()]),
            "org.opencontainers.image.created": _iso(build.created),
        },
    )


def _image(text: str, media_type: str, config: bytes, layers: Sequence[Layer], platform: str) -> Artifact:
    contents = {layer.descriptor["digest"]: layer.content for layer in layers if layer.content is not None}
    return Artifact(
        text,
        media_type,
        {digest_of(config): config, **contents},
        {layer.descriptor["digest"]: layer.descriptor["size"] for layer in layers if layer.content is None},
        platform=_platform(platform),
    )


def _attestation(attested: Artifact) -> Artifact:
    """Return the unsigned provenance attestation that BuildKit adds to an image."""
    statement = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{"name": "image", "digest": {"sha256": attested.digest.removeprefix("sha256:")}}],
        "predicate": {"builder": {"id": ""}, "buildType": "https://mobyproject.org/buildkit@v1"},
    }
    content = json.dumps(statement).encode()
    config = {
        "architecture": "unknown",
        "os": "unknown",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(content)]},
    }
    config_content = json.dumps(config, separators=(",", ":")).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(OCI_CONFIG, config_content),
        "layers": [
            {
                **_descriptor("application/vnd.in-toto+json", content),
                "annotations": {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"},
            }
        ],
    }
    contents = {digest_of(config_content): config_content, digest_of(content): content}
    return Artifact(json.dumps(document, indent=2), OCI_MANIFEST, contents)


def _parts_of_image(build: Build, platform: str, layer_type: str) -> tuple[bytes, list[Layer]]:
    """Return the config and the layers of an image: runtime, dependencies, application."""
    application, runtime = build.application, RUNTIMES[build.application.runtime]
    created = _iso(build.created)
    base = [
        layer_of(layer_type, f"{application.runtime} {platform} {number}", size)
        for number, size in enumerate(runtime.base_sizes)
    ]
    dependencies = layer_of(
        layer_type, f"{application.name} {platform} {build.version[:-1]}", application.dependencies_size
    )
    own = layer_of(layer_type, f"{application.name} {platform} {build.version}", application.size)
    layers = [*base, dependencies, own]
    split = _platform(platform)
    config = {
        "architecture": split.get("architecture", ""),
        **({"variant": split["variant"]} if "variant" in split else {}),
        "os": split.get("os", ""),
        "created": created,
        "config": {
            **({"User": runtime.user} if runtime.user else {}),
            **({"ExposedPorts": {f"{application.port}/tcp": {}}} if application.port else {}),
            "Env": [*runtime.environment, *(f"{key}={value}" for key, value in application.environment.items())],
            "Entrypoint": [*runtime.entrypoint, application.command],
            **({"Cmd": list(application.arguments)} if application.arguments else {}),
            "WorkingDir": "/srv",
            "Labels": {
                "org.opencontainers.image.title": application.name,
                "org.opencontainers.image.version": build.version,
                "org.opencontainers.image.revision": build.revision,
                "org.opencontainers.image.created": created,
                "org.opencontainers.image.source": f"https://git.example.com/{application.repository}",
                **build.labels,
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [
            *({"created": runtime.created, "created_by": step} for step in runtime.steps),
            {"created": created, "created_by": f"WORKDIR /srv{_BUILDKIT}", "comment": _COMMENT, "empty_layer": True},
            {"created": created, "created_by": f"{runtime.install}{_BUILDKIT}", "comment": _COMMENT},
            {"created": created, "created_by": f"COPY /out /srv{_BUILDKIT}", "comment": _COMMENT},
            {
                "created": created,
                "created_by": f"ENTRYPOINT {json.dumps([*runtime.entrypoint, application.command])}",
                "comment": _COMMENT,
                "empty_layer": True,
            },
        ],
    }
    return json.dumps(config, separators=(",", ":"), ensure_ascii=False).encode(), layers


_BUILDKIT = " # buildkit"
_COMMENT = "buildkit.dockerfile.v0"


def _descriptor(media_type: str, content: bytes) -> Json:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def _platform(text: str) -> dict[str, str]:
    system, _, rest = text.partition("/")
    architecture, _, variant = rest.partition("/")
    named = {"architecture": architecture, "os": system, "variant": variant}
    return {key: value for key, value in named.items() if value}


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(int(moment), UTC).isoformat().replace("+00:00", "Z")
