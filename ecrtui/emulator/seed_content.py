"""The content of seeded images: the pushes of a busy build pipeline, as manifests with true digests.

Layers and configs have digests and sizes, and usually no content. The bytes of a manifest depend only on the seed and
the repository name. With configs they also depend on the time, because a config contains its creation time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from ecrtui.emulator.blobs import digest_of
from ecrtui.emulator.manifests import IN_TOTO, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST

_SPAN = 730 * 86_400.0
"""Time span of the pushes, in seconds."""

NEWEST_BUILD = 1_793_955_600.0
"""2026-11-06 09:00 UTC, in seconds since the epoch: the time of the newest build. Digests depend on the times of
builds, so these are fixed. The times of pushes, pulls and scans count from the moment at which images are put."""

_KINDS = ("image",) * 82 + ("index",) * 12 + ("index with attestations",) * 6
"""Relative frequency of each kind of push."""

_ROWS = {"image": 1, "index": 3, "index with attestations": 5}
_TAG_COUNTS = (0,) * 8 + (1,) * 53 + (2,) * 24 + (3,) * 10 + (5,) * 3 + (8, 20)
_PLATFORMS = (("amd64", ""), ("arm64", "v8"))


class SeededLayer(NamedTuple):
    """A layer or a config: its digest, its size in bytes and the media type that manifests give it."""

    digest: str
    size: int
    media_type: str


@dataclass(slots=True)
class SeededImage:
    """One image. Times are seconds since the epoch, sizes are bytes.

    Args:
        layers: its layers and its config.
        config: the content of its config, with its digest; None without content.
    """

    digest: str
    manifest: str
    media_type: str
    artifact_media_type: str | None
    size: int
    pushed_at: float
    pulled_at: float | None = None
    tags: Sequence[str] = ()
    children: Sequence[str] = ()
    layers: Sequence[SeededLayer] = ()
    config: tuple[str, bytes] | None = None


@dataclass(frozen=True, slots=True)
class SeedStyle:
    """What to seed.

    Args:
        images: number of images, the manifests of indexes included.
        untagged: True for images without tags.
        tags_per_push: number of tags of every push; None for a realistic mix.
        configs: True to store the content of configs and every finding of a scan.
        scanned: share of the pulled images that were scanned, 0 to 1.
    """

    images: int
    untagged: bool = False
    tags_per_push: int | None = None
    configs: bool = False
    scanned: float = 0.5


class BuildPipeline:
    """Yield the pushes to one repository, oldest first. The same seed, name and style give the same pushes."""

    def __init__(self, name: str, style: SeedStyle, *, seed: int, now: float) -> None:
        self._style = style
        self._name = name
        self._now = now
        self._random = random.Random(f"{seed}:{name}")  # noqa: S311 - no secret
        self._bases = [self._stack(3) for _ in range(6)]
        self._base = self._bases[0]
        self._dependencies = self._layer(20_000_000)
        self._done = 0
        self._pushes = 0

    def images(self) -> Iterator[SeededImage]:
        """Yield every image; the manifests of an index come before the index."""
        while self._done < self._style.images:
            left = self._style.images - self._done
            kind = self._random.choice(_KINDS)
            if _ROWS[kind] > left:
                kind = "image"
            self._next_sources()
            pushed = [self._image(tagged=True)] if kind == "image" else self._index(attested=kind != "index")
            self._done += len(pushed)
            self._pushes += 1
            yield from pushed

    def _next_sources(self) -> None:
        """Change the dependencies now and then, and the base image rarely."""
        chance = self._random.random()
        if chance < 0.05:
            self._dependencies = self._layer(20_000_000)
            if chance < 0.01:
                self._base = self._random.choice(self._bases)

    def _image(self, *, tagged: bool, platform: tuple[str, str] = _PLATFORMS[0]) -> SeededImage:
        pushed_at = self._moment()
        layers = [*self._base, self._dependencies, self._layer(4_000_000)]
        content = self._config(layers, platform, pushed_at) if self._style.configs else None
        config = digest_of(content) if content is not None else self._invented()
        config_size = len(content) if content is not None else 2_000 + self._random.getrandbits(11)
        text = (
            f'{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{{"mediaType":"{OCI_CONFIG}",'
            f'"digest":"{config}","size":{config_size}}},"layers":['
            + ",".join([_DESCRIPTOR % (layer.media_type, layer.digest, layer.size) for layer in layers])
            + "]}"
        )
        digest = digest_of(text.encode())
        return SeededImage(
            digest=digest,
            manifest=text,
            media_type=OCI_MANIFEST,
            artifact_media_type=OCI_CONFIG,
            size=config_size + sum([layer.size for layer in layers]),
            pushed_at=pushed_at,
            pulled_at=self._pulled_at(pushed_at),
            tags=self._tags(digest) if tagged else (),
            layers=[SeededLayer(config, config_size, OCI_CONFIG), *layers],
            config=None if content is None else (config, content),
        )

    def _index(self, *, attested: bool) -> list[SeededImage]:
        children = [self._image(tagged=False, platform=platform) for platform in _PLATFORMS]
        attestations = [self._attestation(child) for child in children] if attested else []
        entries = [
            *(_platform_entry(child, *platform) for child, platform in zip(children, _PLATFORMS, strict=True)),
            *(_attestation_entry(*pair) for pair in zip(attestations, children, strict=False)),
        ]
        text = _INDEX % ",\n".join(entries)
        digest = digest_of(text.encode())
        pushed_at = children[-1].pushed_at + 1.5
        index = SeededImage(
            digest=digest,
            manifest=text,
            media_type=OCI_INDEX,
            artifact_media_type=None,
            size=max(child.size for child in children),
            pushed_at=pushed_at,
            pulled_at=self._pulled_at(pushed_at),
            tags=self._tags(digest),
            children=[image.digest for image in (*children, *attestations)],
        )
        return [*children, *attestations, index]

    def _attestation(self, image: SeededImage) -> SeededImage:
        statement = self._layer(8_000, IN_TOTO)
        content = (_ATTESTATION_CONFIG % statement.digest[:6:-1]).encode()
        config = SeededLayer(digest_of(content), len(content), OCI_CONFIG)
        text = _ATTESTATION % (config.digest, config.size, statement.digest, statement.size)
        return SeededImage(
            digest=digest_of(text.encode()),
            manifest=text,
            media_type=OCI_MANIFEST,
            artifact_media_type=OCI_CONFIG,
            size=config.size + statement.size,
            pushed_at=image.pushed_at + 0.5,
            layers=[config, statement],
            config=(config.digest, content) if self._style.configs else None,
        )

    def _config(self, layers: Sequence[SeededLayer], platform: tuple[str, str], pushed_at: float) -> bytes:
        built = NEWEST_BUILD - 60 * round((self._now - pushed_at) / 60)  # digests do not depend on the time of the seed
        created = datetime.fromtimestamp(built, UTC).isoformat()
        service = self._name.rpartition("/")[2]
        revision = f"{self._random.getrandbits(160):040x}"
        # The digest of an unpacked layer differs from that of the compressed one.
        unpacked = ",".join([f'"sha256:{layer.digest[:6:-1]}"' for layer in layers])
        steps = ",".join([_STEP % (created, number) for number in range(len(layers))])
        return (_CONFIG % (platform[0], service, service, revision, created, steps, unpacked)).encode()

    def _moment(self) -> float:
        """Return the time of the next push. Pushes get more frequent towards the present."""
        before: float = (1 - self._done / self._style.images) ** 1.4
        after: float = (1 - (self._done + 1) / self._style.images) ** 1.4
        return self._now - 60 - _SPAN * (after + (before - after) * 0.5 * self._random.random())

    def _pulled_at(self, pushed_at: float) -> float | None:
        """Return the time of the last pull. Six of ten images were pulled, most of them soon after the push."""
        chance = self._random.random()
        return None if chance > 0.6 else pushed_at + (self._now - pushed_at) * (chance / 0.6) ** 4

    def _tags(self, digest: str) -> list[str]:
        """Return tags that contain the number of the push, so that no tag repeats."""
        style, push = self._style, self._pushes
        if style.untagged:
            return []
        count = self._random.choice(_TAG_COUNTS) if style.tags_per_push is None else style.tags_per_push
        names = [f"1.{push // 50}.{push % 50}", f"main-{push}-{digest[7:14]}", f"build-{push}"]
        if style.tags_per_push is None and push % 10 == 7:
            names[0] = f"pr-{push}-{digest[7:14]}"
        return [*names[:count], *(f"deploy-{push}-{number}" for number in range(count - len(names)))]

    def _stack(self, count: int) -> list[SeededLayer]:
        return [self._layer(30_000_000) for _ in range(count)]

    def _layer(self, size: int, media_type: str = OCI_LAYER) -> SeededLayer:
        return SeededLayer(self._invented(), int(size * (0.2 + 1.6 * self._random.random())), media_type)

    def _invented(self) -> str:
        return f"sha256:{self._random.getrandbits(256):064x}"


def _platform_entry(image: SeededImage, architecture: str, variant: str) -> str:
    more = f',\n        "variant": "{variant}"' if variant else ""
    return _PLATFORM_ENTRY % (image.digest, len(image.manifest), architecture, more)


def _attestation_entry(attestation: SeededImage, image: SeededImage) -> str:
    return _ATTESTATION_ENTRY % (attestation.digest, len(attestation.manifest), image.digest)


_DESCRIPTOR = '{"mediaType":"%s","digest":"%s","size":%d}'
# As BuildKit writes them.
_INDEX = """{
  "schemaVersion": 2,
  "mediaType": "application/vnd.oci.image.index.v1+json",
  "manifests": [
%s
  ]
}"""
_PLATFORM_ENTRY = """    {
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "%s",
      "size": %d,
      "platform": {
        "architecture": "%s",
        "os": "linux"%s
      }
    }"""
_ATTESTATION_ENTRY = """    {
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "%s",
      "size": %d,
      "annotations": {
        "vnd.docker.reference.digest": "%s",
        "vnd.docker.reference.type": "attestation-manifest"
      },
      "platform": {
        "architecture": "unknown",
        "os": "unknown"
      }
    }"""
_ATTESTATION = """{
  "schemaVersion": 2,
  "mediaType": "application/vnd.oci.image.manifest.v1+json",
  "config": {
    "mediaType": "application/vnd.oci.image.config.v1+json",
    "digest": "%s",
    "size": %d
  },
  "layers": [
    {
      "mediaType": "application/vnd.in-toto+json",
      "digest": "%s",
      "size": %d,
      "annotations": {
        "in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"
      }
    }
  ]
}"""
_ATTESTATION_CONFIG = (
    '{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}'
)
_CONFIG = (
    '{"architecture":"%s","config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],'
    '"Entrypoint":["/usr/local/bin/%s"],"Labels":{"org.opencontainers.image.title":"%s",'
    '"org.opencontainers.image.revision":"%s"}},"created":"%s","history":[%s],"os":"linux",'
    '"rootfs":{"type":"layers","diff_ids":[%s]}}'
)
_STEP = '{"created":"%s","created_by":"COPY /build/%d / # buildkit","comment":"buildkit.dockerfile.v0"}'
