"""The cache: the last listings, manifests, scans and totals of one registry, in a disposable SQLite file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ecrtui.catalog.cache.chunks import IMAGE_CHUNKS, REPOSITORY_CHUNKS
from ecrtui.catalog.cache.file import BUSY_TIMEOUT, CacheFile
from ecrtui.catalog.cache.listings import LISTINGS_SIZE, ListingStore, Snapshot
from ecrtui.catalog.cache.manifests import MANIFESTS_SIZE, ManifestStore
from ecrtui.catalog.cache.scans import ScanStore
from ecrtui.catalog.cache.totals import TotalsStore
from ecrtui.catalog.totals.repository_totals import RepositoryTotals
from ecrtui.ecr.findings import ImageScan
from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.repository import Repository

if TYPE_CHECKING:
    from ecrtui.catalog.index_parts import Part
    from ecrtui.ecr.manifest import Manifest

__all__ = ["Cache", "Snapshot"]

_ALL_REPOSITORIES = ""
"""The listing of repositories is stored under this name, beside those of images."""


class Cache:
    """The cache of one account in one region at one endpoint.

    A failure of the file never raises: it is logged, and the method returns as if nothing were stored. The file holds
    no secrets, and only its owner can read it. Threads and processes may share it.

    Args:
        file: the SQLite file (``paths.cache_file()``); it and its folder are created on first use.
        location: the registry whose data this is.
        clock: returns seconds since the epoch.
        listings_size: bytes of listings, compressed.
        manifests_size: bytes of manifests, compressed.
        busy_timeout: seconds to wait while another process writes.
        on_problem: gets the reason, once, when nothing can be stored any more. Any thread can call it.
    """

    def __init__(
        self,
        file: Path,
        location: RegistryLocation,
        *,
        clock: Callable[[], float] = time.time,
        listings_size: int = LISTINGS_SIZE,
        manifests_size: int = MANIFESTS_SIZE,
        busy_timeout: float = BUSY_TIMEOUT,
        on_problem: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.location = location
        self._file = CacheFile(file, busy_timeout, on_problem)
        registry = f"{location.registry_id} {location.region} {location.endpoint}"
        self._listings = ListingStore(self._file, registry, clock, listings_size)
        self._manifests = ManifestStore(self._file, registry, clock, manifests_size)
        self._scans = ScanStore(self._file, registry, clock)
        self._totals = TotalsStore(self._file, registry)

    @classmethod
    def for_fingerprint(cls, file: Path, fingerprint: str) -> Cache | None:
        """Return the cache of the registry that a connection led to the last time, without connecting.

        Args:
            file: the SQLite file, which exists.
            fingerprint: see :func:`ecrtui.catalog.cache.fingerprint.connection_fingerprint`.
        """
        cache_file = CacheFile(file)
        row = cache_file.read(
            lambda connection: connection.execute(
                "SELECT registry_id, region, endpoint FROM connection WHERE fingerprint = ?", (fingerprint,)
            ).fetchone(),
            None,
        )
        cache_file.close()
        return None if row is None else cls(file, RegistryLocation(*row))

    def remember_connection(self, fingerprint: str) -> None:
        """Remember that the connection with this fingerprint leads to this registry."""
        row = (fingerprint, self.location.registry_id, self.location.region, self.location.endpoint)
        self._file.write(
            lambda connection: connection.execute("INSERT OR REPLACE INTO connection VALUES (?, ?, ?, ?)", row), None
        )

    def alias(self) -> str:
        """Return the last known alias of the account, in any region; empty if it had none, or is not known."""
        account = (self.location.registry_id, self.location.endpoint)
        row = self._file.read(
            lambda connection: connection.execute(
                "SELECT alias FROM alias WHERE registry_id = ? AND endpoint = ?", account
            ).fetchone(),
            None,
        )
        return "" if row is None else str(row[0])

    def keep_alias(self, alias: str) -> None:
        """Store the alias of the account; empty if it has none."""
        row = (self.location.registry_id, self.location.endpoint, alias)
        self._file.write(
            lambda connection: connection.execute("INSERT OR REPLACE INTO alias VALUES (?, ?, ?)", row), None
        )

    def repositories(self) -> Snapshot[Repository] | None:
        """Return the last listing of repositories, by name."""
        return self._listings.load(_ALL_REPOSITORIES, REPOSITORY_CHUNKS)

    def keep_repositories(self, repositories: Sequence[Repository]) -> None:
        """Store a complete listing of repositories."""
        self._listings.keep(_ALL_REPOSITORIES, REPOSITORY_CHUNKS, repositories)

    def images(self, repository: str) -> Snapshot[Image] | None:
        """Return the last listing of the repository's images, newest first."""
        return self._listings.load(repository, IMAGE_CHUNKS)

    def keep_images(self, repository: str, images: Sequence[Image]) -> None:
        """Store a complete listing of the repository's images."""
        self._listings.keep(repository, IMAGE_CHUNKS, images)

    def forget_images(self, repository: str) -> None:
        """Delete the listing of a repository that no longer exists."""
        self._listings.forget(repository)

    def manifests(self, repository: str, digests: Sequence[str]) -> tuple[Manifest, ...]:
        """Return those of these manifests that are stored and still match their digest."""
        return self._manifests.load(repository, digests)

    def parts(self, repository: str, digests: Iterable[str]) -> dict[str, Sequence[Part] | None]:
        """Return the parts named by the stored ones of these manifests; None for a text that is not a manifest."""
        return self._manifests.parts(repository, digests)

    def indexes(self, repository: str) -> tuple[Manifest, ...]:
        """Return the indexes of a repository that are stored and still match their digest."""
        return self._manifests.indexes(repository)

    def recent_manifests(self, repository: str, limit: int) -> tuple[Manifest, ...]:
        """Return the manifests of a repository that were used last, at most ``limit``."""
        return self._manifests.recent(repository, limit)

    def keep_manifests(self, repository: str, manifests: Sequence[Manifest]) -> None:
        """Store manifests of a repository; the least recently used ones are deleted when they exceed their size."""
        self._manifests.keep(repository, manifests)

    def scans(self, repository: str, digests: Sequence[str]) -> dict[str, tuple[ImageScan, float]]:
        """Return those of these scans that are stored, by digest, each with the time at which it was read."""
        return self._scans.load(repository, digests)

    def keep_scans(self, repository: str, scans: Mapping[str, tuple[ImageScan, float]]) -> None:
        """Store scans, each with the time at which it was read, in seconds since the epoch."""
        self._scans.keep(repository, scans)

    def forget_scans(self, repository: str) -> None:
        """Delete the scans of a repository."""
        self._scans.forget(repository)

    def totals(self) -> dict[str, RepositoryTotals]:
        """Return the totals that were counted before, by the name of the repository."""
        return self._totals.load()

    def keep_totals(self, repository: str, totals: RepositoryTotals) -> None:
        """Store the totals of a repository."""
        self._totals.keep(repository, totals)

    def forget_totals(self, repository: str) -> None:
        """Delete the totals of a repository that no longer exists."""
        self._totals.forget(repository)

    def close(self) -> None:
        """Close the file for good."""
        self._file.close()
