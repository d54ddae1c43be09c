"""Find the images with a layer or a config among the manifests that are known.

BatchCheckLayerAvailability says whether a repository has a blob, but not which images name it: only their manifests
do, and ECR records a pull of each manifest that it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from ecrtui.catalog.find.indexes import IndexLookup
from ecrtui.catalog.find.query import FindTerm
from ecrtui.catalog.find.requests import FindRequests
from ecrtui.catalog.find.result import BlobCounts, BlobImage, FindAnswer, FoundBlob, Hit, add_counts
from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.layer import UNAVAILABLE, LayerState
from ecrtui.ecr.manifest import DescriptorRole, Manifest, parse_manifest
from ecrtui.errors import EcrTuiError, ErrorKind, NotFound

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog

MAX_KNOWN = 5_000
"""The greatest number of known manifests of a repository that are looked at: those that were used last."""

MAX_READ = 1_000
"""The greatest number of manifests of a repository that one search reads: those of the newest images, ten requests."""

_AT_ONCE = 100
"""Manifests that one BatchGetImage returns."""

_ROLES = (DescriptorRole.LAYER, DescriptorRole.CONFIG)


class BlobLookup:
    """Finds layers and configs, and the images that have them. Thread-safe.

    Args:
        catalog: has the manifests that were read before.
        requests: sends the requests.
        indexes: finds the indexes of platforms.
        may_read: returns True for a repository whose manifests may be read. It can block.
    """

    def __init__(
        self,
        catalog: Catalog,
        requests: FindRequests,
        indexes: IndexLookup,
        may_read: Callable[[str], bool],
    ) -> None:
        self._catalog = catalog
        self._requests = requests
        self._indexes = indexes
        self._may_read = may_read
        self._lock = Lock()
        self.counts = BlobCounts()
        """What the answers so far are based on."""

    def find(
        self, repository: str, terms: Sequence[FindTerm], listed: int, show: Callable[[FindAnswer], object]
    ) -> FindAnswer:
        """Return the layers and configs that terms name, with the images that are known to have them.

        Args:
            repository: the name of the repository.
            terms: whole digests and beginnings of digests.
            listed: the number of its images, apart from indexes, if they were listed; else 0.
            show: receives what the repository has before its images are looked up, which takes longer.
        """
        states, denied = self._states(repository, [term.digest for term in terms if term.digest])
        present = {digest: state for digest, state in states.items() if state.availability != UNAVAILABLE}
        sought = tuple(present) if states else tuple(term.digest or term.prefix for term in terms)
        sought += tuple(term.prefix for term in terms if term.prefix and states)
        if not sought:
            return FindAnswer(repository)
        if present:
            show(FindAnswer(repository, tuple(_hit(repository, state) for state in present.values()), final=False))
        known = {each.digest: each for each in self._catalog.recent_manifests(repository, MAX_KNOWN)}
        known = {digest: manifest for digest, manifest in known.items() if not manifest.is_index}
        if not present and not _uses(known.values(), sought):
            self._count(BlobCounts(len(known) if listed else 0, listed, int(denied)))
            return FindAnswer(repository)
        return self._with_images(repository, present, sought, known, denied=denied)

    def _states(self, repository: str, digests: Sequence[str]) -> tuple[Mapping[str, LayerState], bool]:
        """Return what the repository has of these blobs, and whether the caller may not ask."""
        if not digests:
            return {}, False
        try:
            return self._requests.send(partial(self._requests.registry.layers, repository, digests)), False
        except EcrTuiError as error:
            if error.kind not in (ErrorKind.DENIED, ErrorKind.UNSUPPORTED):
                raise
            return {}, True  # manifests that were read before may tell

    def _with_images(
        self,
        repository: str,
        present: Mapping[str, LayerState],
        sought: Sequence[str],
        known: dict[str, Manifest],
        *,
        denied: bool,
    ) -> FindAnswer:
        """List the images of a repository that has a blob; return its hits with them."""
        error: EcrTuiError | None = None
        images: dict[str, Image] = {}
        try:
            pages = self._requests.image_pages(repository, "ANY")
            listed = [image for page in pages for image in page if image.kind is not ImageKind.INDEX]
            if self._may_read(repository):
                known |= self._read(repository, [image for image in listed if image.digest not in known])
            images = {image.digest: image for image in listed}
        except NotFound:
            raise
        except EcrTuiError as problem:
            error = problem  # that the repository has the blob is known all the same
        known = {digest: manifest for digest, manifest in known.items() if digest in images}
        self._count(BlobCounts(len(known), len(images), int(denied)))
        uses = _uses(known.values(), sought)
        named = {digest for digests in uses.values() for digest in digests}
        found = self._indexes.find(repository, {digest for digest in named if _is_alone(images[digest])})
        hits = []
        for digest in dict.fromkeys((*present, *(blob for blob, _ in uses))):
            role = next((role for blob, role in uses if blob == digest), "")
            having = [BlobImage(images[name], found.parts.get(name)) for name in uses.get((digest, role), ())]
            having.sort(key=_prominence, reverse=True)
            hits.append(_hit(repository, present.get(digest), digest, role, having, len(known), len(images)))
        return FindAnswer(repository, tuple(hits), error or found.error)

    def _read(self, repository: str, images: Sequence[Image]) -> dict[str, Manifest]:
        """Read manifests of the newest of these images. ECR records a pull of each."""
        newest = sorted(images, key=lambda image: image.pushed_at or 0.0, reverse=True)
        digests = [image.digest for image in newest if not image.archived][:MAX_READ]
        read: dict[str, Manifest] = {}
        for start in range(0, len(digests), _AT_ONCE):
            if self._requests.search_ended:
                break
            group = digests[start : start + _AT_ONCE]
            manifests = self._requests.send(partial(self._catalog.prefetch, repository, group))
            read |= {manifest.digest: manifest for manifest in manifests}
        return read

    def _count(self, counts: BlobCounts) -> None:
        with self._lock:
            self.counts = add_counts((self.counts, counts))


def _uses(manifests: Iterable[Manifest], sought: Sequence[str]) -> dict[tuple[str, str], list[str]]:
    """Return the digests of the images with these blobs, by the digest of the blob and its role.

    Args:
        manifests: the manifests to look in.
        sought: digests, or their beginnings.
    """
    uses: dict[tuple[str, str], list[str]] = {}
    for manifest in manifests:
        if not any(digest in manifest.text for digest in sought):  # parsing all of them would take long
            continue
        for entry in parse_manifest(manifest.text).descriptors:
            if entry.role in _ROLES and entry.digest.startswith(tuple(sought)):
                images = uses.setdefault((entry.digest, entry.role.value), [])
                if manifest.digest not in images:
                    images.append(manifest.digest)
    return uses


def _hit(
    repository: str,
    state: LayerState | None,
    digest: str = "",
    role: str = "",
    images: Sequence[BlobImage] = (),
    known: int = 0,
    total: int = 0,
) -> Hit:
    size = None if state is None else state.size
    name = digest or (state.digest if state else "")
    return Hit(repository, None, blob=FoundBlob(name, role, size, tuple(images), known, total))


def _is_alone(image: Image) -> bool:
    """Return True if only an index can tell what the image is."""
    return not image.tags and not image.subject


def _prominence(found: BlobImage) -> tuple[bool, float]:
    return bool(found.tags), found.image.pushed_at or 0.0
