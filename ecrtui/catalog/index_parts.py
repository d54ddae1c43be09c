"""Which images of a repository are parts of its indexes: platforms, attestations, nested indexes.

A part has no tag as a rule, and is in use all the same. Only the manifest of an index names its parts, and ECR records
a pull for each manifest that it returns. An index and its parts are always in one repository, so a repository without
indexes has no parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ecrtui.ecr.image import Image, is_index
from ecrtui.ecr.manifest import DescriptorRole, Manifest, parse_manifest

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog

INDEXES_PER_REQUEST = 100
"""Manifests that one BatchGetImage returns."""


class KnownParts(NamedTuple):
    """What is known about the parts of the indexes of a repository."""

    indexes: Mapping[str, str] = MappingProxyType({})
    """By the digest of a part: the digest of an index that names it."""
    unread: int = 0
    """The number of indexes whose manifests were not read. They may name any image."""
    read: frozenset[str] = frozenset()
    """The digests of the images whose manifests were read."""
    listed: bool = False
    """False as long as the repository may have indexes that were not listed."""

    @property
    def complete(self) -> bool:
        """True if the parts of all indexes are known."""
        return self.listed and not self.unread


class IndexParts:
    """The parts of the indexes of one repository, as far as they are known now. Safe between threads."""

    def __init__(self) -> None:
        self.known = KnownParts()

    def index_of(self, digest: str) -> str | None:
        """Return an index that names this image; empty if no index does; None if that is not known."""
        known = self.known
        return known.indexes.get(digest) or ("" if known.complete else None)


def find_parts(
    catalog: Catalog, repository: str, images: Iterable[Image], *, read: bool, known: KnownParts | None = None
) -> Iterator[KnownParts]:
    """Yield what is known about the parts, after each request. Blocks.

    Args:
        catalog: the catalog of the registry.
        repository: the repository.
        images: all its images.
        read: read the manifests of the indexes that were not read before. ECR records a pull of each.
        known: what is known of these images, to look only at the other indexes; None to look at all.

    Raises:
        EcrTuiError: a manifest could not be read. What was yielded before it stays true.
    """
    # The listing does not always have a media type. Such an image can be an index, too.
    known = (known or KnownParts())._replace(listed=True)
    candidates = [
        image
        for image in images
        if (is_index(image.media_type) or not image.media_type) and image.digest not in known.read
    ]
    known = known._replace(unread=len(candidates))
    for start in range(0, len(candidates), INDEXES_PER_REQUEST):
        group = candidates[start : start + INDEXES_PER_REQUEST]
        manifests: Sequence[Manifest] = catalog.kept_manifests(repository, [image.digest for image in group])
        kept = {manifest.digest for manifest in manifests}
        # ECR does not return the manifest of an archived image.
        missing = [image.digest for image in group if not image.archived and image.digest not in kept]
        if read and missing:
            manifests = (*manifests, *catalog.prefetch(repository, missing))
        if found := _parts_by_index(manifests):
            known = _with_indexes(known, found)
        yield known
    if not candidates:
        yield known


def _parts_by_index(manifests: Iterable[Manifest]) -> Mapping[str, Sequence[str]]:
    """Return the digests that each manifest names as its parts, by its own digest, without unreadable manifests."""
    named = {manifest.digest: _digests_of_parts(manifest) for manifest in manifests}
    return {digest: parts for digest, parts in named.items() if parts is not None}


def _with_indexes(known: KnownParts, found: Mapping[str, Sequence[str]]) -> KnownParts:
    indexes = dict(known.indexes)
    for digest, parts in found.items():
        indexes |= dict.fromkeys(parts, digest)
    return known._replace(indexes=indexes, unread=known.unread - len(found), read=known.read.union(found))


def _digests_of_parts(manifest: Manifest) -> Sequence[str] | None:
    """Return the digests that an index names; None if the text is not a manifest."""
    parsed = parse_manifest(manifest.text)
    if parsed.problem:
        return None
    return [part.digest for part in parsed.with_role(DescriptorRole.MANIFEST)]
