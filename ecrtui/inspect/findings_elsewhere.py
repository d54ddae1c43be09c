"""Where else a vulnerability is: the scans of the newest tagged images of a repository."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrtui.ecr.findings import CLOSED
from ecrtui.ecr.image import Image, is_index
from ecrtui.ecr.manifest import parse_manifest
from ecrtui.ecr.units import format_names
from ecrtui.inspect.findings import FindingRow, PlatformScan, read_scan, scan_targets
from ecrtui.registry.protocol import Registry
from ecrtui.retag.parallel import map_concurrently

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog

NEWEST = 10
"""Tagged images that are asked for their findings."""

CONCURRENT_IMAGES = 4
"""Images whose scans are read at the same time."""


@dataclass(frozen=True, slots=True)
class TaggedScan:
    """The scans of one tagged image.

    Args:
        name: its first tag.
        ids: the vulnerabilities that were found in one of its platforms.
        unknown: why the findings are not known, or not all of them; empty if they are known.
        missing: the platforms that were asked for and that the image does not have.
    """

    name: str
    ids: frozenset[str]
    unknown: str = ""
    missing: frozenset[str] = frozenset()

    def why_unknown(self, row: FindingRow) -> str:
        """Return why it is not known whether the image has a vulnerability that was not found in it."""
        platforms = [found.target.platform for found in row.occurrences if found.target.platform]
        if not self.unknown and platforms and self.missing.issuperset(platforms):
            return f"it has no {format_names(dict.fromkeys(platforms))}"
        return self.unknown


@dataclass(frozen=True, slots=True)
class Presence:
    """In which of the newest tagged images a vulnerability is; names of images, the newest first."""

    found: tuple[str, ...]
    absent: tuple[str, ...]
    unknown: tuple[str, ...]
    """Each with the reason."""


def newest_tagged(images: Iterable[Image], without: Collection[str]) -> tuple[Image, ...]:
    """Return the :data:`NEWEST` newest tagged images and indexes, the newest first.

    Args:
        images: the images of the repository.
        without: digests to leave out.
    """
    tagged = (image for image in images if image.tags and not image.archived and image.digest not in without)
    known = [image for image in tagged if not image.kind.is_artifact]
    return tuple(heapq.nlargest(NEWEST, known, key=lambda image: image.pushed_at or 0.0))


def read_tagged_scans(
    registry: Registry, catalog: Catalog, repository: str, images: Sequence[Image], platforms: Collection[str]
) -> Iterator[tuple[int, TaggedScan]]:
    """Yield the index and the scans of each image when they arrive. Blocks.

    This reads no manifest, because ECR would record a pull. So the platforms of an index are known only if its manifest
    is kept.

    Args:
        registry: the registry.
        catalog: has the kept manifests.
        repository: the repository.
        images: the images.
        platforms: the platforms to ask for; empty for all.
    """
    indexes = [image.digest for image in images if is_index(image.media_type)]
    known = {manifest.digest: manifest for manifest in catalog.kept_manifests(repository, indexes)}

    def read(image: Image) -> TaggedScan:
        name, manifest = image.tags[0], known.get(image.digest)
        if manifest is None and is_index(image.media_type):
            return TaggedScan(name, frozenset(), "its index was not read")
        targets = scan_targets(image.digest, None if manifest is None else parse_manifest(manifest.text))
        of_platforms = [target for target in targets if target.platform in platforms] or targets
        scans = [read_scan(registry, repository, target) for target in of_platforms]
        return tagged_scan(name, scans, platforms)

    return map_concurrently(read, images, CONCURRENT_IMAGES)


def tagged_scan(name: str, scans: Sequence[PlatformScan], platforms: Collection[str]) -> TaggedScan:
    """Return what the scans of an image say together.

    Args:
        name: the name of the image.
        scans: its scans.
        platforms: the platforms that were asked for. An image that is not an index does not name its platform.
    """
    findings = [
        finding
        for scan in scans
        if scan.report
        for finding in scan.report.findings
        if finding.status != CLOSED  # a suppressed one is still there
    ]
    unknown = next((scan.state for scan in scans if scan.report is None), "" if scans else "it names no image")
    if not unknown and any(finding.unreadable for finding in findings):
        unknown = "a finding cannot be read"
    own = {scan.target.platform for scan in scans}
    missing = frozenset() if "" in own else frozenset(platforms) - own
    return TaggedScan(name, frozenset(finding.name for finding in findings), unknown, missing)


def presence_of(row: FindingRow, scans: Iterable[TaggedScan]) -> Presence:
    """Return in which images the vulnerability of a row is, is not, and may be."""
    found: list[str] = []
    absent: list[str] = []
    unknown: list[str] = []
    for scan in scans:
        if row.id in scan.ids:
            found.append(scan.name)
        elif reason := scan.why_unknown(row):
            unknown.append(f"{scan.name} ({reason})")
        else:
            absent.append(scan.name)
    return Presence(tuple(found), tuple(absent), tuple(unknown))
