"""The catalogue: everything that screens and commands read of a registry.

All methods block but :meth:`Catalogue.known_manifest`; callers bring the thread. Every failure is an EcrTuiError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecrtui.model import config as configs
from ecrtui.model.config import ImageConfig
from ecrtui.model.image import Finding, Image, Referrer, Repository, Where
from ecrtui.model.manifest import Descriptor, Manifest
from ecrtui.registry.protocol import Registry
from ecrtui.services.cache import Cache, Snapshot
from ecrtui.services.streams import Batch, Listing

__all__ = ["Batch", "Catalogue", "Listing", "Snapshot"]


class Catalogue:
    """Reads of one registry, with what is known from the last time.

    Args:
        registry: where the truth is.
        cache: what was seen last time; None to keep nothing on disk.
    """

    def __init__(self, registry: Registry, cache: Cache | None = None) -> None:
        self._registry = registry
        self._cache = cache
        self._manifests: dict[str, Manifest] = {}

    def repositories(self) -> Listing[Repository]:
        """All repositories, as they are now. A complete listing is kept in the cache."""
        return Listing(self._registry.repositories, lambda repository: repository.name)

    def images(self, repository: str) -> Listing[Image]:
        """All images of the repository, archived ones too, as they are now, in no order; kept in the cache.

        Images are keyed by digest: each comes once, however the repository changes while it is listed.
        """
        return Listing(lambda start: self._registry.images(repository, start=start), lambda image: image.digest)

    def last_known_repositories(self) -> Snapshot[Repository] | None:
        """The repositories of the last complete listing, by name; None if nothing is known."""
        return self._cache.repositories() if self._cache else None

    def last_known_images(self, repository: str) -> Snapshot[Image] | None:
        """The images of the last complete listing, newest first; None if nothing is known."""
        return self._cache.images(repository) if self._cache else None

    def known_manifest(self, digest: str) -> Manifest | None:
        """The manifest if it is in memory; answers at once."""
        return self._manifests.get(digest)

    def manifest(self, repository: str, digest: str) -> Manifest:
        """The exact manifest: from memory, the cache, or the registry, checked against its digest each time.

        Raises:
            NotFound: there is no such image in the repository.
            IntegrityError: what the registry gave has another digest.
        """
        known = self._manifests.get(digest)
        if known is None:
            known = self._manifests[digest] = self._registry.manifest(repository, digest)
        return known

    def prefetch(self, repository: str, digests: Sequence[str]) -> tuple[Manifest, ...]:
        """Get manifests before they are asked for, 100 a request; the ones that are in memory now, in this order.

        Cheap when all are known. Manifests that do not exist any more are left out.
        """
        missing = [digest for digest in digests if digest not in self._manifests]
        if missing:
            self._manifests.update((entry.digest, entry) for entry in self._registry.manifests(repository, missing))
        return tuple(self._manifests[digest] for digest in digests if digest in self._manifests)

    def config(self, repository: str, descriptor: Descriptor) -> ImageConfig:
        """The config that a manifest names, at most :data:`ecrtui.model.config.MAX_SIZE` bytes of it.

        Raises:
            NotFound: the repository has no such blob.
            IntegrityError: the bytes have another digest.
            EcrTuiError: it is larger than the limit.
        """
        return configs.parse(self._registry.blob(repository, descriptor.digest, configs.MAX_SIZE))

    def where(self) -> Where:
        """Account, region and endpoint."""
        return self._registry.where()

    def identity(self) -> str:
        """The caller's ARN; empty if it cannot be known."""
        return self._registry.identity()

    def repository(self, name: str) -> Repository:
        """One repository as it is now."""
        return self._registry.repository(name)

    def describe(self, repository: str, digests: Sequence[str]) -> tuple[Image, ...]:
        """These images as they are now; those that do not exist are left out."""
        return self._registry.describe(repository, digests)

    def tagged(self, repository: str, tags: Sequence[str]) -> Mapping[str, Image]:
        """The images that hold these tags now, by tag; tags that do not exist are left out."""
        return self._registry.tagged(repository, tags)

    def lifecycle_policy(self, repository: str) -> str:
        """The text of the lifecycle policy; empty if there is none."""
        return self._registry.lifecycle_policy(repository)

    def resource_tags(self, repository: Repository) -> tuple[tuple[str, str], ...]:
        """The tags of the repository as an AWS resource."""
        return self._registry.resource_tags(repository)

    def findings(self, repository: str, digest: str) -> tuple[Finding, ...]:
        """All findings of the image's scan."""
        return self._registry.findings(repository, digest)

    def referrers(self, repository: str, digest: str) -> tuple[Referrer, ...]:
        """What refers to this image."""
        return self._registry.referrers(repository, digest)
