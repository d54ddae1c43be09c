"""Find the indexes that hold an image among the manifests that are kept. This sends no request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ecrtui.ecr.image import Image, is_index
from ecrtui.ecr.manifest import parse_manifest

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog

MAX_CANDIDATES = 500
"""Indexes whose manifests are looked at: those that were pushed closest to the image."""

_GROUP = 50
"""Manifests that are read from the cache at once."""


def kept_indexes_of(
    catalog: Catalog, repository: str, digest: str, images: Iterable[Image], known: Sequence[str] = ()
) -> Mapping[str, str]:
    """Return the platform of an image in each index that holds it, by the digest of the index. Blocks.

    Args:
        catalog: the catalog of the registry.
        repository: the repository.
        digest: the digest of the image.
        images: the images of the repository, as far as they are known; without any, every kept index is looked at.
        known: digests of indexes that are known to hold the image. They come first.
    """
    images = list(images)
    pushed_at = next((image.pushed_at for image in images if image.digest == digest), None) or 0.0
    candidates = [image for image in images if is_index(image.media_type) and image.digest != digest]
    candidates.sort(key=lambda image: abs((image.pushed_at or 0.0) - pushed_at))
    found = dict.fromkeys(known, "")
    indexes = [image.digest for image in candidates[:MAX_CANDIDATES]]
    if not images:
        kept = catalog.recent_manifests(repository, MAX_CANDIDATES)
        indexes = [manifest.digest for manifest in kept if is_index(manifest.media_type)]
    digests = list(dict.fromkeys([*known, *indexes]))
    for start in range(0, len(digests), _GROUP):
        for manifest in catalog.kept_manifests(repository, digests[start : start + _GROUP]):
            if digest in manifest.text:  # parsing all of them would take long
                parsed = parse_manifest(manifest.text)
                if any(entry.digest == digest for entry in parsed.descriptors):
                    found[manifest.digest] = parsed.platform_names.get(digest, "")
    return found
