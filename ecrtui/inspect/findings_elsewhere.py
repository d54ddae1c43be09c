"""Where else a vulnerability is: the scans of the newest tagged images of a repository."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrtui.ecr.image import Image, ImageKind, is_index
from ecrtui.ecr.manifest import parse_manifest
from ecrtui.inspect.findings import PlatformScan, ScanTarget, read_scan, scan_targets
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
        unknown: why the findings are not known, or not those of all its platforms; empty if they are known.
    """

    name: str
    ids: frozenset[str]
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Presence:
    """In which of the newest tagged images a vulnerability is; names of images, the newest first."""

    found: tuple[str, ...]
    gone: tuple[str, ...]
    unknown: tuple[str, ...]
    """Each with the reason."""


def newest_tagged(images: Iterable[Image], without: Collection[str], count: int = NEWEST) -> tuple[Image, ...]:
    """Return the newest tagged images and indexes, the newest first.

    Args:
        images: the images of the repository.
        without: digests to leave out.
        count: the most to return.
    """
    kinds = (ImageKind.IMAGE, ImageKind.INDEX)
    tagged = (image for image in images if image.tags and not image.archived and image.digest not in without)
    known = [image for image in tagged if image.kind in kinds]
    return tuple(heapq.nlargest(count, known, key=lambda image: image.pushed_at or 0.0))


def read_tagged_scans(
    registry: Registry, catalog: Catalog, repository: str, images: Sequence[Image], platforms: Collection[str]
) -> Iterator[tuple[int, TaggedScan]]:
    """Yield the place and the scans of each image when they arrive. Blocks.

    No manifest is read, because ECR would record a pull. Indexes whose manifest is not at hand are not known.

    Args:
        registry: the registry.
        catalog: has the manifests that are at hand.
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
        return _joined(name, [read_scan(registry, repository, target) for target in _same(targets, platforms)])

    return map_concurrently(read, images, CONCURRENT_IMAGES)


def _same(targets: Sequence[ScanTarget], platforms: Collection[str]) -> Sequence[ScanTarget]:
    """Return the targets with one of the platforms; all targets if there is none."""
    return [target for target in targets if target.platform in platforms] or targets


def _joined(name: str, scans: Sequence[PlatformScan]) -> TaggedScan:
    ids = frozenset(finding.name for scan in scans if scan.report for finding in scan.report.findings)
    unknown = next((scan.state for scan in scans if scan.report is None), "" if scans else "it names no image")
    return TaggedScan(name, ids, unknown)


def presence_of(vulnerability: str, scans: Iterable[TaggedScan]) -> Presence:
    """Return in which images a vulnerability is, is not, and may be."""
    known = tuple(scans)
    return Presence(
        tuple(scan.name for scan in known if vulnerability in scan.ids),
        tuple(scan.name for scan in known if vulnerability not in scan.ids and not scan.unknown),
        tuple(f"{scan.name} ({scan.unknown})" for scan in known if vulnerability not in scan.ids and scan.unknown),
    )
