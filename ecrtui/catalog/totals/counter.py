"""Count the images of a repository for its totals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ecrtui.catalog.image_groups import count_images
from ecrtui.catalog.index_parts import KnownParts, find_parts
from ecrtui.catalog.totals.image_totals import ImageCounts, ImageTotals
from ecrtui.catalog.totals.repository_totals import RepositoryTotals
from ecrtui.ecr.findings import NOT_SCANNED, ImageScan, severity_numbers
from ecrtui.ecr.image import Image, ImageKind, is_index

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog

MAX_KEPT = 20_000
"""Images of a repository up to which its parts and its scans are looked up. More would take much memory and time."""

MAX_INDEXES = 1_000
"""Indexes of a repository up to which their parts are looked up."""


class TotalsCounter:
    """Counts the images of one repository, page by page.

    Args:
        max_kept: the number of images up to which their parts and scans are looked up.
    """

    def __init__(self, max_kept: int = MAX_KEPT) -> None:
        self._max_kept = max_kept
        self._listed = self._tagged = 0
        self._bytes = ImageTotals()
        self._newest_push = self._last_pull = 0.0
        self._kept: list[Image] | None = []
        """All images, to look up what they belong to; None if there are too many."""

    def add(self, images: Iterable[Image]) -> None:
        """Count images that were not counted before."""
        images = list(images)
        self._listed += len(images)
        self._bytes.add(images)
        for image in images:
            self._tagged += bool(image.tags)
            self._newest_push = max(self._newest_push, image.pushed_at or 0.0)
            self._last_pull = max(self._last_pull, image.last_pulled_at or 0.0)
        if self._listed > self._max_kept:
            self._kept = None
        elif self._kept is not None:
            self._kept += images

    def totals(self, catalog: Catalog, repository: str, counted_at: float) -> RepositoryTotals:
        """Return the totals, with what is known of parts and scans. This sends no request."""
        counts, scan, unknown = ImageCounts(self._listed, self._tagged, 0, complete=False), None, self._listed
        if self._kept is not None:
            known = _known_parts(catalog, repository, self._kept)
            counts = count_images(self._kept, known)
            scanned = [image for image in self._kept if _is_scanned(image, known)]
            scan, unknown = _worst_scan(catalog, repository, scanned)
        times = (self._newest_push or None, self._last_pull or None)
        return RepositoryTotals(counts, self._bytes.size, *times, scan, unknown, counted_at)


def _known_parts(catalog: Catalog, repository: str, images: list[Image]) -> KnownParts:
    """Return the parts of the indexes whose manifests were read before."""
    known = KnownParts()
    if sum(is_index(image.media_type) for image in images) <= MAX_INDEXES:
        *_, known = find_parts(catalog, repository, images, read=False)
    return known


def _is_scanned(image: Image, known: KnownParts) -> bool:
    """Return False for an image without findings of its own: an artifact, and an index, whose platforms have them.

    The platforms of an index that was not read are not known, so it counts as one image whose findings are not known.
    """
    if image.kind is ImageKind.INDEX:
        return image.digest not in known.parts
    indexes = known.indexes.get(image.digest, ())
    is_part_with_findings = any(known.part(image.digest, index).is_scanned for index in indexes)
    return not image.kind.is_artifact and (is_part_with_findings or not indexes)


def _worst_scan(catalog: Catalog, repository: str, images: list[Image]) -> tuple[ImageScan | None, int]:
    """Return the worst known scan, and the number of images whose findings are not known."""
    missing = [image.digest for image in images if not image.scan_known]
    found = catalog.known_scans.find(repository, missing) if missing else {}
    listed = [ImageScan(image.scan_status, image.findings) for image in images if image.scan_known]
    scans = [*listed, *(ImageScan(scan.status, scan.counts) for scan in found.values())]
    without = sum(map(_lacks_findings, scans))
    return max(scans, key=_rank, default=None), len(images) - len(scans) + without


def _lacks_findings(scan: ImageScan) -> bool:
    """Return True for a scan that has not finished, or failed."""
    return scan.counts is None and scan.status != NOT_SCANNED


def _rank(scan: ImageScan) -> tuple[int, ...]:
    """Return a rank by severity; a scan without findings is worse than none."""
    return (0, int(_lacks_findings(scan))) if scan.counts is None else (1, *severity_numbers(scan.counts))
