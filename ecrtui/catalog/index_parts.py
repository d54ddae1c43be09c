"""The parts of the indexes of a repository: platforms, attestations, nested indexes.

A part usually has no tag, but it is in use. Only the manifest of an index names its parts, and ECR records
a pull for each manifest that it returns. An index and its parts are always in one repository, so a repository without
indexes has no parts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ecrtui.ecr.image import Image, ImageKind, is_index
from ecrtui.ecr.manifest import DescriptorRole, Manifest, parse_manifest
from ecrtui.gc_tuning import freeze_heap

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog

INDEXES_PER_REQUEST = 100
"""Manifests that one BatchGetImage returns."""

KEPT_AT_ONCE = 1_000
"""Indexes whose parts are looked up at once in memory and in the cache. Their parts are fewer objects than those that
start a garbage collection. The thread that draws would have to wait for it."""


class Part(NamedTuple):
    """An image that an index names."""

    digest: str
    kind: ImageKind
    platform: str = ""
    """Such as ``linux/arm64``; empty for an attestation, and for an entry that states no platform."""
    is_platform: bool = False
    """True if a client chooses from it and other platforms, whether it states a platform or not."""

    @property
    def is_scanned(self) -> bool:
        """True if its scan is one of those of the index: ECR scans no artifacts."""
        return self.is_platform and self.kind in (ImageKind.IMAGE, ImageKind.INDEX)

    @property
    def name(self) -> str:
        """What the part is in the index: its platform, or else its kind."""
        return self.platform or self.kind.value


class KnownParts(NamedTuple):
    """What is known about the parts of the indexes of a repository."""

    parts: Mapping[str, Sequence[Part]] = MappingProxyType({})
    """By the digest of an image whose manifest was read: its parts, platforms first. An image that is not an index has
    none."""
    indexes: Mapping[str, Sequence[str]] = MappingProxyType({})
    """By the digest of a part: the digests of the indexes that name it."""
    names: Mapping[str, Set[str]] = MappingProxyType({})
    """By the name of a kind or a platform, such as ``linux/arm64``: the digests of its parts, and of the indexes that
    have it as a platform."""
    unread: Set[str] = frozenset()
    """The digests of the indexes whose manifests were not read. They may name any image."""
    listed: bool = False
    """False as long as the repository may have indexes that were not listed."""

    @property
    def complete(self) -> bool:
        """True if the parts of all indexes are known."""
        return self.listed and not self.unread

    def part(self, digest: str, index: str) -> Part:
        """Return the entry of an image in an index that is known to name it."""
        return next(part for part in self.parts[index] if part.digest == digest)


def find_parts(
    catalog: Catalog, repository: str, images: Iterable[Image], *, read: bool, known: KnownParts | None = None
) -> Iterator[KnownParts]:
    """Yield what is known about the parts, after each request. The mappings of one call grow. Blocks.

    Args:
        catalog: the catalog of the registry.
        repository: the repository.
        images: all its images.
        read: read the manifests of the indexes that were not read before. ECR records a pull of each.
        known: what is known of these images, to look only at the other indexes; None to look at all.

    Raises:
        EcrTuiError: a manifest could not be read. What was yielded before it stays true.
    """
    found = _Found(known or KnownParts())
    candidates = [image for image in _possible_indexes(images) if image.digest not in found.parts]
    kept = found.look_up(catalog, repository, [image.digest for image in candidates])
    if len(found.parts) >= KEPT_AT_ONCE:
        freeze_heap()  # these mappings, and the list of all images
    # ECR does not return the manifest of an archived image.
    missing = [image.digest for image in candidates if not image.archived and image.digest not in kept] if read else []
    for start in range(0, len(missing), INDEXES_PER_REQUEST):
        for manifest in catalog.prefetch(repository, missing[start : start + INDEXES_PER_REQUEST]):
            found.add(manifest.digest, parts_of(manifest.text))
        yield found.known()
    if not missing:
        yield found.known()


def _possible_indexes(images: Iterable[Image]) -> list[Image]:
    """Return the images that may be indexes. The listing does not always have a media type."""
    return [image for image in images if is_index(image.media_type) or not image.media_type]


class EarlyParts:
    """The parts of the indexes that were read before, looked up while the images are listed. Thread-safe.

    Args:
        catalog: the catalog of the registry.
        repository: the repository.
    """

    def __init__(self, catalog: Catalog, repository: str) -> None:
        self._catalog = catalog
        self._repository = repository
        self._found = _Found(KnownParts())
        self._lock = Lock()

    def add(self, images: Iterable[Image]) -> None:
        """Look up the parts of those of these images that are indexes. Blocks."""
        with self._lock:
            digests = [image.digest for image in _possible_indexes(images) if image.digest not in self._found.parts]
            self._found.look_up(self._catalog, self._repository, digests)

    @property
    def known(self) -> KnownParts:
        """What is known of the images so far."""
        return self._found.known()


def parts_of_indexes(manifests: Iterable[Manifest]) -> KnownParts:
    """Return the parts that these manifests name; others of the repository may name more."""
    found = _Found(KnownParts())
    for manifest in manifests:
        found.add(manifest.digest, parts_of(manifest.text))
    return found.known()._replace(listed=False)


class _Found:
    """What was found so far: mappings that grow. A copy for each request would take time for many indexes."""

    def __init__(self, known: KnownParts) -> None:
        self.unread: set[str] = set()
        self.parts = dict(known.parts)
        self._indexes = dict(known.indexes)
        self._names = defaultdict[str, set[str]](set, {name: set(digests) for name, digests in known.names.items()})

    def look_up(self, catalog: Catalog, repository: str, digests: Sequence[str]) -> set[str]:
        """Add the parts of these indexes that are in memory or in the cache; return the digests of those indexes."""
        self.unread.update(digests)
        kept: set[str] = set()
        for start in range(0, len(digests), KEPT_AT_ONCE):
            group = digests[start : start + KEPT_AT_ONCE]
            parts = catalog.kept_parts(repository, group)
            for digest in group:
                self.add(digest, parts.get(digest))
            kept.update(parts)
            if len(parts) == KEPT_AT_ONCE:
                freeze_heap()
        return kept

    def add(self, digest: str, parts: Sequence[Part] | None) -> None:
        """Add the parts that an index names; None if they are not known."""
        if parts is None:
            return
        self.unread.discard(digest)
        self.parts[digest] = parts
        for part in parts:
            self._indexes[part.digest] = (*self._indexes.get(part.digest, ()), digest)
            self._names[part.name].add(part.digest)
            if part.platform:
                self._names[part.platform].add(digest)

    def known(self) -> KnownParts:
        return KnownParts(self.parts, self._indexes, self._names, self.unread, listed=True)


def parts_of(text: str) -> Sequence[Part] | None:
    """Return the parts that an index names, platforms first, each once; None if the text is not a manifest."""
    parsed = parse_manifest(text)
    if parsed.problem:
        return None
    names = parsed.platform_names
    platforms = {entry.digest for entry in parsed.platform_entries}
    parts: dict[str, Part] = {}
    for entry in parsed.with_role(DescriptorRole.MANIFEST):
        part = Part(entry.digest, entry.kind, names.get(entry.digest, ""), entry.digest in platforms)
        parts.setdefault(entry.digest, part)
    return tuple(sorted(parts.values(), key=lambda part: not part.is_platform))
