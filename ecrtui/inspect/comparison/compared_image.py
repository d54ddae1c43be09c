"""What is known of one of two images that are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.image_config import ImageConfig
from ecrtui.ecr.json_values import to_mapping
from ecrtui.ecr.manifest import Descriptor, Manifest, ParsedManifest, Platform, parse_manifest
from ecrtui.inspect.artifacts import ArtifactTree
from ecrtui.inspect.comparison.attachments import NamedContent
from ecrtui.inspect.comparison.rows import READING, Known, NotKnown
from ecrtui.inspect.findings import FindingRow
from ecrtui.inspect.packages import PackageList

_NO_PLATFORM = "unknown"
"""What BuildKit writes for system and architecture of an attestation (buildkit, attestation-storage.md)."""


@dataclass(frozen=True, slots=True)
class ConfigBlob:
    """A config with its exact bytes.

    Args:
        descriptor: the descriptor in the manifest; None for Docker schema 1, whose config is in the manifest itself.
        config: the config.
        content: its bytes; empty for Docker schema 1.
    """

    descriptor: Descriptor | None
    config: ImageConfig
    content: bytes = b""

    @property
    def document(self) -> Mapping[str, Any]:
        """Its members; none if it is not a JSON object."""
        return self.config.document if isinstance(self.config.document, dict) else {}

    @property
    def platform(self) -> Platform | None:
        """The platform that the config names; None without one, as of a chart, or of an attestation of BuildKit."""
        texts = [self.document.get(name) for name in ("os", "architecture", "variant", "os.version")]
        parts = [text if isinstance(text, str) else "" for text in texts]
        is_named = parts[0] and parts[1] and parts[:2] != [_NO_PLATFORM, _NO_PLATFORM]
        return Platform(parts[0], parts[1], parts[2], parts[3]) if is_named else None

    @property
    def settings(self) -> Mapping[str, Any]:
        """How a container starts (the member ``config``)."""
        return to_mapping(self.document.get("config"))


@dataclass(frozen=True, slots=True)
class ComparedImage:
    """An image, and what was read of it so far.

    Args:
        repository: the name of its repository.
        image: the image as DescribeImages describes it.
        manifest: its manifest.
        part: the manifest of the platform that is compared; that of the image if it is not an index; None for an index
            without a platform to compare.
        config: the config of the part; None if it has none.
        findings: the findings of the part, one row for each vulnerability in a package.
        artifacts: the artifacts of the image: signatures, SBOMs, attestations.
        packages: the packages of the part; None if it has no SBOM.
        sources: what it was built from, as its provenance states it.
        contents: the contents of an artifact that is not an image.
        tag: the tag by which the user named it; empty for none.
    """

    repository: str
    image: Image
    manifest: Known[Manifest] = READING
    part: Known[Manifest | None] = READING
    config: Known[ConfigBlob | None] = READING
    findings: Known[tuple[FindingRow, ...]] = READING
    artifacts: Known[ArtifactTree] = READING
    packages: Known[PackageList | None] = READING
    sources: Known[tuple[str, ...]] = READING
    contents: Known[tuple[NamedContent, ...]] = READING
    tag: str = ""

    @property
    def parsed(self) -> Known[ParsedManifest]:
        """The content of its manifest."""
        return self.manifest if isinstance(self.manifest, NotKnown) else parse_manifest(self.manifest.text)

    def without_part(self) -> ComparedImage:
        """Return the image before anything of the platform was read. An image that is no index has one config."""
        config = READING if self.is_index else self.config
        return replace(self, part=READING, config=config, findings=READING, packages=READING, sources=READING)

    @property
    def title(self) -> str:
        """The image in a few words: the tag that the user named, its first tag, or else its digest."""
        return self.tag or next(iter(self.image.tags), short_digest(self.image.digest))

    @property
    def is_index(self) -> bool:
        """True if its manifest is known to be an index."""
        return not isinstance(self.manifest, NotKnown) and self.manifest.is_index

    @property
    def part_digest(self) -> str:
        """The digest of the part that is compared; empty if it is not known, or there is none."""
        return self.part.digest if isinstance(self.part, Manifest) else ""
