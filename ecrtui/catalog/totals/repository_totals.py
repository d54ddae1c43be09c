"""The totals of a repository: how many images it has, how large they are, and when it was used."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from ecrtui.ecr.repository import Repository
from ecrtui.ecr.units import format_iso_time

if TYPE_CHECKING:
    from ecrtui.catalog.cache.store import Cache
    from ecrtui.catalog.totals.image_totals import ImageCounts
    from ecrtui.ecr.findings import ImageScan


class LifecycleRules(NamedTuple):
    """The rules of the lifecycle policy of a repository."""

    number: int | None
    """How many there are; None if the policy may not be read, or if ECR would refuse it."""
    read_at: float
    """When the policy was asked for, in seconds since the epoch."""


class RepositoryTotals(NamedTuple):
    """The totals of a repository. Times are seconds since the epoch."""

    counts: ImageCounts
    """The numbers of images, as their folded list has them."""
    size: int
    """Bytes of all images, as their list has them: a layer counts once for each image that has it."""
    newest_push: float | None
    last_pull: float | None
    scan: ImageScan | None
    """The scan with the worst findings; None if none is known."""
    unknown_scans: int
    """Images whose findings are not known: their scan was not read, has not finished, or failed."""
    counted_at: float
    lifecycle: LifecycleRules | None = None
    """None if the lifecycle policy was not asked for."""

    @property
    def rules(self) -> int | None:
        """The number of rules of the lifecycle policy; None if that is not known."""
        return None if self.lifecycle is None else self.lifecycle.number

    @property
    def complete_at(self) -> float:
        """When the oldest part of the totals was read; 0 if a part was not asked for."""
        return 0.0 if self.lifecycle is None else min(self.counted_at, self.lifecycle.read_at)


@dataclass(frozen=True, slots=True)
class CountedRepository(Repository):
    """A repository with its totals, or with the reason why they could not be counted."""

    totals: RepositoryTotals | None = None
    problem: str = ""


def with_totals(repository: Repository, totals: RepositoryTotals | None, problem: str = "") -> Repository:
    """Return a repository with its totals, if they are known, or with the reason why they are not."""
    is_counted = totals is not None or bool(problem)
    if not is_counted and not isinstance(repository, CountedRepository):
        return repository
    values = {entry.name: getattr(repository, entry.name) for entry in fields(Repository)}
    if not is_counted:
        return Repository(**values)
    return CountedRepository(**values, totals=totals, problem=problem)


def totals_of(repository: Repository) -> RepositoryTotals | None:
    """Return the totals of a repository, if they are known."""
    return repository.totals if isinstance(repository, CountedRepository) else None


def totals_document(totals: RepositoryTotals) -> dict[str, Any]:
    """Return totals for JSON. A member that is not known is null; ``lastRecordedPullTime`` is null without a pull.

    Without ``partCount``, ``imageCount`` may include parts.
    """
    scan, counts = totals.scan, totals.counts
    return {
        "imageCount": counts.images,
        "taggedImageCount": counts.tagged,
        "partCount": counts.known_parts,
        "orphanCount": counts.orphans,
        "listedImageCount": counts.listed,
        "imageSizeInBytes": totals.size,
        "newestImagePushedAt": format_iso_time(totals.newest_push) or None,
        "lastRecordedPullTime": format_iso_time(totals.last_pull) or None,
        "worstFindingSeverityCounts": None if scan is None or scan.counts is None else dict(scan.counts),
        "unknownScanCount": totals.unknown_scans,
        "lifecycleRuleCount": totals.rules,
        "countedAt": format_iso_time(totals.counted_at, "seconds"),
        "lifecycleReadAt": format_iso_time(totals.lifecycle and totals.lifecycle.read_at, "seconds") or None,
    }


class KnownTotals:
    """The totals of one registry that were counted before, in memory and on disk. Thread-safe.

    Args:
        cache: the cache on disk; None to keep nothing on disk.
        clock: returns seconds since the epoch.
    """

    def __init__(self, cache: Cache | None, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._cache = cache
        self._lock = Lock()
        self._known: dict[str, RepositoryTotals] | None = None

    def all(self) -> Mapping[str, RepositoryTotals]:
        """Return the totals by the name of the repository. The first call reads the cache on disk."""
        with self._lock:
            return dict(self._loaded())

    def keep(self, repository: str, totals: RepositoryTotals) -> None:
        """Keep the totals of a repository."""
        with self._lock:
            self._loaded()[repository] = totals
        if self._cache is not None:
            self._cache.keep_totals(repository, totals)

    def keep_counts(self, repository: str, counts: ImageCounts) -> None:
        """Keep what a list has found out about the images of a repository that was counted."""
        with self._lock:
            known = self._loaded().get(repository)
        if known is not None and known.counts != counts:
            self.keep(repository, known._replace(counts=counts))

    def forget(self, repository: str) -> None:
        """Forget a repository that no longer exists."""
        with self._lock:
            self._loaded().pop(repository, None)
        if self._cache is not None:
            self._cache.forget_totals(repository)

    def _loaded(self) -> dict[str, RepositoryTotals]:
        if self._known is None:
            self._known = {} if self._cache is None else self._cache.totals()
        return self._known
