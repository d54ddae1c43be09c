"""Which scans stand for the images that a search found: of an index those of its platforms, as in a list of images."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ecrtui.catalog.find.result import Hit
from ecrtui.catalog.image_groups import scan_rank
from ecrtui.catalog.index_parts import parts_of
from ecrtui.ecr.findings import ImageScan
from ecrtui.ecr.image import Image, ImageKind
from ecrtui.errors import EcrTuiError, ErrorKind

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog

_log = logging.getLogger(__name__)


def scanned_digests(
    catalog: Catalog, repository: str, images: Iterable[Image], may_read: Callable[[], bool]
) -> Mapping[str, Sequence[str]]:
    """Return the digests whose scans stand for each image, by its digest. Blocks.

    An index whose manifest is not known has none.

    Args:
        catalog: the catalog of the registry.
        repository: the repository of the images.
        images: the images.
        may_read: returns True if the manifests of these indexes may be read. ECR records a pull of each.
    """
    images = list(images)
    indexes = [image.digest for image in images if image.kind is ImageKind.INDEX]
    parts = catalog.kept_parts(repository, indexes)
    missing = [index for index in indexes if index not in parts]
    if missing and may_read():
        try:
            parts |= {each.digest: parts_of(each.text) for each in catalog.prefetch(repository, missing)}
        except EcrTuiError as error:
            _log.info("the indexes of %s were not read: %s", repository, error)  # their findings stay not known
    platforms = {index: [part.digest for part in parts.get(index) or () if part.is_scanned] for index in indexes}
    return {image.digest: platforms.get(image.digest, [image.digest]) for image in images}


def hits_with_scans(
    catalog: Catalog, repository: str, hits: Sequence[Hit], may_read: Callable[[], bool]
) -> tuple[Hit, ...]:
    """Return hits of one repository with their scans, as far as they can be known. Blocks.

    Args:
        catalog: the catalog of the registry.
        repository: the repository.
        hits: what was found in it.
        may_read: see :func:`scanned_digests`.

    Raises:
        EcrTuiError: a scan could not be read.
    """
    images = [hit.image for hit in hits if hit.image is not None and not hit.image.scan_known]
    scanned = scanned_digests(catalog, repository, images, may_read)
    scans: dict[str, ImageScan] = {}
    for batch in catalog.scans(repository, [digest for digests in scanned.values() for digest in digests]):
        scans |= batch.scans
        for error in batch.failures.values():
            if error.kind is not ErrorKind.IMAGE_NOT_FOUND:  # an index can name a platform that was deleted
                raise error
    return tuple(_with_scans(hit, scanned, scans) for hit in hits)


def _with_scans(hit: Hit, scanned: Mapping[str, Sequence[str]], scans: Mapping[str, ImageScan]) -> Hit:
    image = hit.image
    known = [scans[digest] for digest in scanned.get(hit.digest, ()) if digest in scans]
    return hit._replace(image=image.with_scan(worst_scan(known))) if image is not None and known else hit


def worst_scan(scans: Iterable[ImageScan]) -> ImageScan:
    """Return the scan with the worst findings."""
    return max(scans, key=lambda scan: scan_rank(Image("").with_scan(scan)))
