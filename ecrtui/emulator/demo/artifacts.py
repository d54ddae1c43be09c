"""Manifests as real tools write them, with true digests and plausible sizes.

Configs, charts, signatures, attestations and small layers have content. Other layers have only a digest and a size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ecrtui.emulator.blobs import digest_of
from ecrtui.emulator.demo.builds import Build, iso_time
from ecrtui.emulator.demo.charts import chart_files
from ecrtui.emulator.demo.layers import Layer, archive_layer, declared_layer, layer_of
from ecrtui.emulator.demo.runtimes import RUNTIMES, Application
from ecrtui.emulator.manifests import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_LIST,
    DOCKER_V2,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
)

EMPTY = "application/vnd.oci.empty.v1+json"

Json = dict[str, Any]


@dataclass(frozen=True)
class DemoArtifact:
    """A manifest with its exact text, and the parts that the repository needs before it.

    Args:
        contents: the content of blobs, by digest.
        declared: sizes in bytes of blobs without content, by digest.
        parts: the manifests that an index names.
        platform: the platform that the index gives it.
        build: what made it; None if it is not an image.
    """

    manifest: str
    media_type: str
    contents: Mapping[str, bytes] = field(default_factory=dict)
    declared: Mapping[str, int] = field(default_factory=dict)
    parts: Sequence[DemoArtifact] = ()
    platform: Mapping[str, str] = field(default_factory=dict)
    build: Build | None = None

    def origin(self) -> tuple[Build, str]:
        """Return the build of an image, and its platform such as ``linux/amd64``."""
        if self.build is None:
            raise ValueError("only images have a build")
        return self.build, "/".join(
            self.platform[name] for name in ("os", "architecture", "variant") if name in self.platform
        )

    @cached_property
    def digest(self) -> str:
        """The SHA-256 digest of the manifest's bytes."""
        return digest_of(self.manifest.encode())

    @property
    def descriptor(self) -> Json:
        """The descriptor that another manifest uses for it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.manifest.encode())}


def image(build: Build, platform: str = "linux/amd64", *, annotations: Mapping[str, str] | None = None) -> DemoArtifact:
    """Return an image as BuildKit writes it."""
    content, layers = _parts_of_image(build, platform, OCI_LAYER)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_CONFIG, content),
        "layers": [layer.descriptor for layer in layers],
        **({"annotations": dict(annotations)} if annotations else {}),
    }
    return _image(json.dumps(document, indent=2, ensure_ascii=False), OCI_MANIFEST, content, layers, platform, build)


def image_without_media_type(build: Build) -> DemoArtifact:
    """Return an image as umoci writes it, without a media type in the manifest."""
    platform = "linux/amd64"
    content, layers = _parts_of_image(build, platform, OCI_LAYER)
    document = {
        "schemaVersion": 2,
        "config": descriptor(OCI_CONFIG, content),
        "layers": [layer.descriptor for layer in layers],
    }
    return _image(json.dumps(document, separators=(",", ":")), OCI_MANIFEST, content, layers, platform, build)


def docker_image(build: Build, platform: str = "linux/amd64") -> DemoArtifact:
    """Return an image as ``docker push`` writes it."""
    content, layers = _parts_of_image(build, platform, DOCKER_LAYER)
    document = {
        "schemaVersion": 2,
        "mediaType": DOCKER_V2,
        "config": descriptor(DOCKER_CONFIG, content),
        "layers": [layer.descriptor for layer in layers],
    }
    return _image(json.dumps(document, indent=3), DOCKER_V2, content, layers, platform, build)


def build_cache(application: Application, key: str) -> DemoArtifact:
    """Return a build cache of BuildKit (``--cache-to type=registry,image-manifest=true``)."""
    layers = [declared_layer(OCI_LAYER, f"{application.name} cache {key} {number}", 60e6) for number in range(6)]
    records = [{"digest": digest_of(f"{key} {number}".encode()), "layers": [{"layer": number}]} for number in range(6)]
    entries = [{"blob": layer.descriptor["digest"], "parent": number - 1} for number, layer in enumerate(layers)]
    content = json.dumps({"layers": entries, "records": records}, separators=(",", ":")).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor("application/vnd.buildkit.cacheconfig.v0", content),
        "layers": [layer.descriptor for layer in layers],
    }
    return _image(json.dumps(document, indent=2), OCI_MANIFEST, content, layers, "")


def index(images: Sequence[DemoArtifact], attestations: Sequence[DemoArtifact]) -> DemoArtifact:
    """Return an index as BuildKit writes it, with an attestation for each image, or without any."""
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
    return DemoArtifact(json.dumps(document, indent=2), OCI_INDEX, parts=[*images, *attestations])


def docker_list(images: Sequence[DemoArtifact]) -> DemoArtifact:
    """Return a manifest list as ``docker manifest push`` writes it."""
    entries = [{**one.descriptor, "platform": dict(one.platform)} for one in images]
    document = {"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": entries}
    return DemoArtifact(json.dumps(document, indent=3), DOCKER_LIST, parts=list(images))


def helm_chart(name: str, version: str, app_version: str, description: str, created: float) -> DemoArtifact:
    """Return a chart as ``helm push`` writes it, without ``mediaType``."""
    chart = {
        "name": name,
        "version": version,
        "description": description,
        "apiVersion": "v2",
        "appVersion": app_version,
    }
    content = json.dumps({**chart, "type": "application"}, separators=(",", ":")).encode()
    layer = archive_layer("application/vnd.cncf.helm.chart.content.v1.tar+gzip", chart_files(chart))
    document = {
        "schemaVersion": 2,
        "config": descriptor("application/vnd.cncf.helm.config.v1+json", content),
        "layers": [layer.descriptor],
        "annotations": {
            "org.opencontainers.image.created": iso_time(created),
            "org.opencontainers.image.description": description,
            "org.opencontainers.image.title": name,
            "org.opencontainers.image.version": version,
        },
    }
    return _image(json.dumps(document, separators=(",", ":")), OCI_MANIFEST, content, [layer], "")


def _image(
    text: str, media_type: str, config: bytes, layers: Sequence[Layer], platform: str, build: Build | None = None
) -> DemoArtifact:
    contents = {layer.descriptor["digest"]: layer.content for layer in layers if layer.content is not None}
    return DemoArtifact(
        text,
        media_type,
        {digest_of(config): config, **contents},
        {layer.descriptor["digest"]: layer.descriptor["size"] for layer in layers if layer.content is None},
        platform=_platform(platform),
        build=build,
    )


def _parts_of_image(build: Build, platform: str, layer_type: str) -> tuple[bytes, list[Layer]]:
    """Return the config and the layers of an image."""
    layers = _layers_of_image(build, platform, layer_type)
    config = _config_of_image(build, platform, layers)
    return json.dumps(config, separators=(",", ":"), ensure_ascii=False).encode(), layers


def _layers_of_image(build: Build, platform: str, layer_type: str) -> list[Layer]:
    """Return the layers of an image: runtime, dependencies, application."""
    application, runtime = build.application, RUNTIMES[build.application.runtime]
    base = [
        layer_of(layer_type, f"{application.runtime} {platform} {number}", size)
        for number, size in enumerate(runtime.base_sizes)
    ]
    more = [
        layer_of(layer_type, f"{application.runtime} {platform} {step}", size)
        for step, size in runtime.platform_steps.get(platform, ())
    ]
    dependencies = layer_of(
        layer_type, f"{application.name} {platform} {build.version[:-1]}", application.dependencies_size
    )
    own = layer_of(layer_type, f"{application.name} {platform} {build.version}", application.size)
    return [*base, *more, dependencies, own]


def _config_of_image(build: Build, platform: str, layers: Sequence[Layer]) -> Json:
    """Return the config of an image. Each step of its history that is not empty has one layer."""
    application, runtime = build.application, RUNTIMES[build.application.runtime]
    created, split = iso_time(build.created), _platform(platform)
    return {
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
                "org.opencontainers.image.source": build.source,
                **({"org.opencontainers.image.base.name": runtime.base} if runtime.base else {}),
                **build.labels,
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [
            *({"created": runtime.created, "created_by": step} for step in runtime.history(platform)),
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


_BUILDKIT = " # buildkit"
_COMMENT = "buildkit.dockerfile.v0"


def descriptor(media_type: str, content: bytes) -> Json:
    """Return the descriptor of a blob."""
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def _platform(text: str) -> dict[str, str]:
    system, _, rest = text.partition("/")
    architecture, _, variant = rest.partition("/")
    named = {"architecture": architecture, "os": system, "variant": variant}
    return {key: value for key, value in named.items() if value}
