"""The catalog: lists of repositories and images, image scans, and cached manifests.

Every read blocks, and so does every iteration of a listing; callers provide the thread. Only
:meth:`Catalog.known_manifest` does not block. Every failure is an EcrTuiError.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from ecrtui.catalog.cache.store import Cache, Snapshot
from ecrtui.catalog.index_parts import Part, parts_of
from ecrtui.catalog.known_scans import KnownScans
from ecrtui.catalog.listing.listing import SLOW_PAGE, Batch, Listing, ListingParts, SeenKeys, SeenRows
from ecrtui.catalog.listing.page_source import FIRST_PAUSE, PageIterator
from ecrtui.catalog.manifest_lru import ManifestLru
from ecrtui.catalog.scan_reader import REQUESTS_PER_SECOND as SCANS_PER_SECOND
from ecrtui.catalog.scan_reader import ScanReading
from ecrtui.catalog.totals.counter import TotalsCounter
from ecrtui.catalog.totals.repository_totals import KnownTotals, LifecycleRules, RepositoryTotals
from ecrtui.ecr import image_config as configs
from ecrtui.ecr.image import Image, is_index
from ecrtui.ecr.image_config import ImageConfig
from ecrtui.ecr.manifest import Descriptor, Manifest
from ecrtui.ecr.repository import Repository
from ecrtui.errors import EcrTuiError, NotFound
from ecrtui.registry.protocol import Page, Registry
from ecrtui.registry.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from ecrtui.catalog.find.query import Query
    from ecrtui.catalog.find.reading import FindReading
    from ecrtui.catalog.totals.reading import TotalsReading

__all__ = ["Batch", "Catalog", "Listing", "Snapshot"]

Item = TypeVar("Item")

_log = logging.getLogger(__name__)

BATCH_INTERVAL = 0.2
"""Seconds between two batches of rows for a screen. Each batch redraws a screen full of text. Thirty batches a second
would fill a slow line and delay the keys."""


class Catalog:
    """Lists and manifests of one registry, with a cache.

    Args:
        registry: the registry to read.
        cache: the cache on disk; None to keep nothing on disk.
        slow_page: if the first page of images takes at least this many seconds, read the others in two streams.
        pause: seconds of the first pause after a throttled request.
        interval: seconds between two batches of a listing that is not a stream. It gives a screen time to do more
            than draw rows.
        scans_per_second: the highest rate of requests for scans.
    """

    def __init__(
        self,
        registry: Registry,
        cache: Cache | None = None,
        *,
        slow_page: float = SLOW_PAGE,
        pause: float = FIRST_PAUSE,
        interval: float = BATCH_INTERVAL,
        scans_per_second: float = SCANS_PER_SECOND,
    ) -> None:
        self.known_scans = KnownScans(cache)
        """The scans that were read before."""
        self.known_totals = KnownTotals(cache)
        """The totals of the repositories that were counted before."""
        self._registry = registry
        self._cache = cache
        self._slow_page = slow_page
        self._pause = pause
        self._interval = interval
        self._manifests = ManifestLru()
        self._unstored: deque[tuple[str, Manifest]] = deque()
        """Repositories and manifests for :meth:`store_manifests`."""
        self._scan_limiter = RateLimiter(scans_per_second)

    def remember_connection(self, fingerprint: str) -> None:
        """Let the next start find this cache by the fingerprint of the connection."""
        if self._cache is not None:
            self._cache.remember_connection(fingerprint)

    def account_alias(self) -> str:
        """Return the alias of the account; the one of the cache if the caller may not ask. Empty if there is none."""
        known = self._registry.account_alias()
        if self._cache is None:
            return known or ""
        if known is None:
            return self._cache.alias()
        self._cache.keep_alias(known)
        return known

    def repositories(self, *, stream: bool = False) -> Listing[Repository]:
        """List all repositories. See :meth:`images` for the parameter."""
        return self._listing(
            self._registry.repositories,
            lambda repository: repository.name,
            stream,
            self._keep_all,
            "DescribeRepositories",
        )

    def images(self, repository: str, *, stream: bool = False) -> Listing[Image]:
        """List all images of the repository in no order, archived ones included.

        Images are identified by their digest. Each comes once, even if the repository changes meanwhile.

        Args:
            repository: the name of the repository.
            stream: remember no rows, so that memory does not grow with them. The listing then reports no changed rows
                and is not cached. Otherwise a complete listing goes into the cache.
        """

        def pages(tag_status: str) -> PageIterator[Image]:
            return lambda start: self._image_pages(repository, tag_status, start)

        return self._listing(
            pages("ANY"),
            lambda image: image.digest,
            stream,
            lambda images: self._keep_images(repository, images),
            "DescribeImages",
            ListingParts((pages("TAGGED"), pages("UNTAGGED")), self._slow_page),
        )

    def scans(self, repository: str, digests: Iterable[str]) -> ScanReading:
        """Read the last scans of these images, in this order, unless they are known.

        Raises:
            Refused: the registry has no image scans; the kind is UNSUPPORTED.
        """
        self._registry.capabilities.require("findings")
        return ScanReading(self._registry, repository, digests, self.known_scans, self._scan_limiter)

    def totals(self, repositories: Sequence[str], *, counted_since: float = math.inf) -> TotalsReading:
        """Count the images of these repositories, and the rules of their lifecycle policies.

        Args:
            repositories: their names.
            counted_since: images that were counted since then are not counted again, in seconds since the epoch.
        """
        from ecrtui.catalog.totals.reading import TotalsReading

        known = self.known_totals.all()
        counted = {name: known[name] for name in repositories if name in known}
        new = {name: totals for name, totals in counted.items() if totals.counted_at >= counted_since}
        return TotalsReading(self, repositories, new)

    def lifecycle_rules(self, repository: str) -> LifecycleRules:
        """Read the lifecycle policy of a repository, and return how many rules it has, if it can be read.

        Raises:
            NotFound: there is no such repository.
        """
        from ecrtui.ecr.lifecycle_document import parse_policy

        number = None
        try:
            self._registry.capabilities.require("lifecycle_policy")
            policy = parse_policy(self._registry.lifecycle_policy(repository))
            number = None if policy.problem else len(policy.rules)
        except NotFound:
            raise
        except EcrTuiError as error:  # the other totals are known without it
            _log.info("the lifecycle policy of %s is not known: %s", repository, error)
        return LifecycleRules(number, self.known_totals.clock())

    def keep_totals(
        self, repository: str, counter: TotalsCounter, lifecycle: LifecycleRules | None = None
    ) -> RepositoryTotals:
        """Keep the totals of all images of a repository, and return them.

        Args:
            repository: its name.
            counter: has counted the images.
            lifecycle: the rules of its lifecycle policy; None for those that are known.
        """
        if lifecycle is None and (known := self.known_totals.all().get(repository)) is not None:
            lifecycle = known.lifecycle
        totals = counter.totals(self, repository, self.known_totals.clock())._replace(lifecycle=lifecycle)
        self.known_totals.keep(repository, totals)
        return totals

    def find(self, query: Query, may_read: Callable[[str], bool] = lambda _: False) -> FindReading:
        """Find images in all repositories; see :mod:`ecrtui.catalog.find.references` for references.

        Args:
            query: what to find.
            may_read: returns True for a repository whose indexes may be read; see :class:`.FindReading`.
        """
        from ecrtui.catalog.find.reading import FindReading

        return FindReading(self, self._registry, query, self._find_limiter, may_read=may_read)

    @cached_property
    def _find_limiter(self) -> RateLimiter:
        from ecrtui.catalog.find.reading import REQUESTS_PER_SECOND

        return RateLimiter(REQUESTS_PER_SECOND)

    def listed_before(self, repository: str) -> Snapshot[Image] | None:
        """Return the last complete listing of the repository's images. This sends no request."""
        return None if self._cache is None else self._cache.images(repository)

    def repositories_listed_before(self) -> Snapshot[Repository] | None:
        """Return the last complete listing of repositories. This sends no request."""
        return None if self._cache is None else self._cache.repositories()

    def _listing(
        self,
        pages: PageIterator[Item],
        key: Callable[[Item], str],
        stream: bool,
        keep: Callable[[Sequence[Item]], None],
        operation: str,
        parts: ListingParts[Item] | None = None,
    ) -> Listing[Item]:
        if stream:
            return Listing(pages, SeenKeys(key), operation=operation, parts=parts, pause=self._pause)
        rows = SeenRows(key)
        return Listing(
            pages,
            rows,
            operation=operation,
            parts=parts,
            completed=lambda: keep(tuple(rows)),
            pause=self._pause,
            interval=self._interval,
        )

    def _image_pages(self, repository: str, tag_status: str, start: str) -> Iterator[Page[Image]]:
        try:
            yield from self._registry.images(repository, tag_status=tag_status, start=start)
        except NotFound:
            if self._cache is not None:
                self._cache.forget_images(repository)
            self.known_totals.forget(repository)
            raise

    def _keep_all(self, repositories: Sequence[Repository]) -> None:
        if self._cache is not None:
            self._cache.keep_repositories(repositories)

    def _keep_images(self, repository: str, images: Sequence[Image]) -> None:
        if self._cache is not None:
            self._cache.keep_images(repository, images)
        counter = TotalsCounter()
        counter.add(images)
        self.keep_totals(repository, counter)

    def known_manifest(self, repository: str, digest: str) -> Manifest | None:
        """Return the manifest of an image in a repository if it is in memory. This does not block."""
        return self._manifests.get(repository, digest)

    def manifest(self, repository: str, digest: str) -> Manifest:
        """Return the exact manifest from memory, the cache, or the registry, checked against its digest.

        Raises:
            NotFound: the repository has no such image.
            IntegrityError: the manifest of the registry has another digest.
        """
        found = self.read_manifest(repository, digest)
        self.store_manifests()
        return found

    def read_manifest(self, repository: str, digest: str) -> Manifest:
        """Do as :meth:`manifest`, but leave it to :meth:`store_manifests` to write to the cache, which takes long."""
        known = self._manifests.get(repository, digest) or self._from_cache(repository, (digest,)).get(digest)
        if known is None:
            known = self._registry.manifest(repository, digest)
            self._manifests.keep(repository, (known,))
            if self._cache is not None:
                self._unstored.append((repository, known))
        return known

    def store_manifests(self) -> None:
        """Write the manifests that :meth:`read_manifest` has read to the cache."""
        while self._cache is not None and self._unstored:
            try:
                repository, manifest = self._unstored.popleft()
            except IndexError:  # another thread stores the last one
                return
            self._cache.keep_manifests(repository, (manifest,))

    def kept_manifests(self, repository: str, digests: Sequence[str]) -> Sequence[Manifest]:
        """Return those of these manifests that are in memory or in the cache. This sends no request."""
        found = {digest: known for digest in digests if (known := self._manifests.get(repository, digest)) is not None}
        found |= self._from_cache(repository, [digest for digest in digests if digest not in found])
        return tuple(found.values())

    def kept_parts(self, repository: str, digests: Sequence[str]) -> dict[str, Sequence[Part] | None]:
        """Return the parts that those of these manifests name that are in memory or in the cache.

        None is for a text that is not a manifest. This sends no request, and keeps no manifest in memory.
        """
        found = {} if self._cache is None else self._cache.parts(repository, digests)
        for digest in digests:
            if digest not in found and (manifest := self._manifests.get(repository, digest)) is not None:
                found[digest] = parts_of(manifest.text)
        return found

    def kept_indexes(self, repository: str) -> Sequence[Manifest]:
        """Return the indexes of a repository that are in memory or in the cache. This sends no request."""
        found = {known.digest: known for known in self._manifests.of(repository) if is_index(known.media_type)}
        if self._cache is not None:
            found |= {known.digest: known for known in self._cache.indexes(repository)}
        return tuple(found.values())

    def recent_manifests(self, repository: str, limit: int) -> Sequence[Manifest]:
        """Return manifests of a repository that are in memory or in the cache. This sends no request."""
        found = {manifest.digest: manifest for manifest in self._manifests.of(repository)}
        if self._cache is not None and len(found) < limit:
            stored = self._cache.recent_manifests(repository, limit)  # those in memory are among them
            found |= {manifest.digest: manifest for manifest in stored}
        return tuple(found.values())[:limit]

    def prefetch(self, repository: str, digests: Sequence[str]) -> tuple[Manifest, ...]:
        """Read manifests in advance, 100 in a request; return those that exist, in this order.

        This sends no request if all are in memory or in the cache.
        """
        found = {manifest.digest: manifest for manifest in self.kept_manifests(repository, digests)}
        missing = [digest for digest in digests if digest not in found]
        if missing:
            fetched = self._registry.manifests(repository, missing)
            self._manifests.keep(repository, fetched)
            if self._cache is not None:
                self._cache.keep_manifests(repository, fetched)
            found |= {manifest.digest: manifest for manifest in fetched}
        return tuple(found[digest] for digest in digests if digest in found)

    def _from_cache(self, repository: str, digests: Sequence[str]) -> dict[str, Manifest]:
        if self._cache is None or not digests:
            return {}
        kept = self._cache.manifests(repository, digests)
        self._manifests.keep(repository, kept)
        return {manifest.digest: manifest for manifest in kept}

    def config(self, repository: str, descriptor: Descriptor) -> ImageConfig:
        """Return the config that a manifest names, of at most :data:`ecrtui.ecr.image_config.MAX_SIZE` bytes.

        Raises:
            NotFound: the repository has no such blob.
            IntegrityError: its bytes have another digest.
            EcrTuiError: it exceeds the limit.
        """
        return configs.parse_config(self._registry.blob(repository, descriptor.digest, configs.MAX_SIZE))
