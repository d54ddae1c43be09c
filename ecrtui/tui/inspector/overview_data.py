"""What the overview of an image shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ecrtui.ecr.findings import ScanReport
from ecrtui.ecr.manifest import ParsedManifest
from ecrtui.ecr.replication import Replica
from ecrtui.ecr.signing import ImageSigning
from ecrtui.errors import EcrTuiError
from ecrtui.inspect.overview import ArtifactLine, LifecycleVerdict, TagOrigin
from ecrtui.inspect.platform_facts import ConfigFacts, base_image
from ecrtui.inspect.release_sharing import ReleaseSharing
from ecrtui.tui.inspector.inspected import Inspected, Known, PlatformImage


@dataclass(frozen=True)
class OverviewData:
    """What the overview shows.

    Args:
        inspected: what is known of the image.
        protected: the tags of the image that are protected.
        structures: the parsed manifests of its platforms that are kept, by digest; None before they are looked for.
        content_hint: says how to read the content of an artifact.
        artifacts: the lines about its artifacts.
        configs: what the configs of its platforms say that are read, by digest of the platform.
        config_error: why a config could not be read; None if none failed.
        config_hint: says how to read a config.
        sharing: what it shares with the release before; None if that is not known.
        signings: the statuses of its managed signing, by profile.
        replicas: the statuses of its replication, by destination.
        lifecycle: what the lifecycle policy does to it.
        lifecycle_hint: says how to see what the policy does to all images.
        findings: the last scan of a platform, with the worst findings.
        findings_of: the digest of that platform.
        failed: a platform whose scan ended without findings.
        scan_failure: why.
        origins: since when it has its tags.
        tags_by_digest: the tags of images that are known, to name the images that tags were at before.
        undo_hint: says how to undo the newest write.
        pull_times: True if the registry records when an image was last pulled.
    """

    inspected: Inspected
    protected: frozenset[str] = frozenset()
    structures: Mapping[str, ParsedManifest] | None = None
    content_hint: str = ""
    artifacts: Known[Sequence[ArtifactLine]] = None
    configs: Mapping[str, ConfigFacts] = field(default_factory=dict)
    config_error: EcrTuiError | None = None
    config_hint: str = ""
    sharing: ReleaseSharing | None = None
    signings: Known[Sequence[ImageSigning]] = None
    replicas: Known[Sequence[Replica]] = None
    lifecycle: Known[LifecycleVerdict] = None
    lifecycle_hint: str = ""
    findings: Known[ScanReport] = None
    findings_of: str = ""
    failed: PlatformImage | None = None
    scan_failure: EcrTuiError | None = None
    origins: Known[Sequence[TagOrigin]] = None
    tags_by_digest: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    undo_hint: str = ""
    pull_times: bool = True

    def structure_of(self, digest: str) -> ParsedManifest | None:
        """Return the manifest of a platform; None if it is not known."""
        return None if self.structures is None else self.structures.get(digest)

    def read_config(self, digest: str) -> ConfigFacts | None:
        """Return what the config of a platform says; None if that is not known."""
        config = self.configs.get(digest)
        return None if config is None or config.problem else config

    def base_image_of(self, entry: PlatformImage) -> str:
        """Return the base image of a platform; empty if nothing that was read names it."""
        structure, config = self.structure_of(entry.digest), self.configs.get(entry.digest)
        index = self.inspected.known_manifest
        return base_image(
            *((structure.annotations,) if structure is not None else ()),
            *((entry.descriptor.annotations,) if entry.descriptor is not None else ()),
            *((config.labels,) if config is not None else ()),
            *((index.annotations,) if isinstance(index, ParsedManifest) else ()),
        )

    @property
    def worst(self) -> Known[ScanReport]:
        """The worst findings of the selected platform; None if they are not read, or if it has none."""
        platform = self.inspected.platform
        if platform is None or platform.digest != self.findings_of or platform.image is None:
            return None
        return self.findings if platform.image.findings else None
