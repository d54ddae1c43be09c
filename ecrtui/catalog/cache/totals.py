"""The totals of repositories in the cache file."""

from __future__ import annotations

import logging
from typing import Any

from ecrtui.catalog.cache.file import CacheFile
from ecrtui.catalog.cache.finding_counts import decode_counts, encode_counts
from ecrtui.catalog.totals.image_totals import ImageCounts
from ecrtui.catalog.totals.repository_totals import LifecycleRules, RepositoryTotals
from ecrtui.ecr.findings import ImageScan

_log = logging.getLogger(__name__)


class TotalsStore:
    """The totals of the repositories of one registry.

    Args:
        file: the cache file.
        registry: the key of the registry.
    """

    def __init__(self, file: CacheFile, registry: str) -> None:
        self._file = file
        self._registry = registry

    def load(self) -> dict[str, RepositoryTotals]:
        """Return all totals by the name of the repository."""
        nothing: list[tuple[Any, ...]] = []
        rows = self._file.read(
            lambda connection: connection.execute(
                "SELECT repository, images, tagged, parts, complete, size, newest_push, last_pull, unknown_scans, "
                "counted_at, scan_status, findings, rules, rules_read_at FROM totals WHERE registry = ?",
                (self._registry,),
            ).fetchall(),
            nothing,
        )
        return {str(row[0]): totals for row in rows if (totals := _decoded(row)) is not None}

    def keep(self, repository: str, totals: RepositoryTotals) -> None:
        """Store the totals of a repository."""
        scan = totals.scan
        row = (
            self._registry,
            repository,
            totals.counts.images,
            totals.counts.tagged,
            totals.size,
            totals.newest_push,
            totals.last_pull,
            totals.counts.parts,
            totals.counts.complete,
            totals.unknown_scans,
            totals.counted_at,
            None if scan is None else scan.status,
            None if scan is None else encode_counts(scan.counts),
            totals.rules,
            None if totals.lifecycle is None else totals.lifecycle.read_at,
        )
        self._file.write(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO totals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row
            ),
            None,
        )

    def forget(self, repository: str) -> None:
        """Delete the totals of a repository."""
        self._file.write(
            lambda connection: connection.execute(
                "DELETE FROM totals WHERE registry = ? AND repository = ?", (self._registry, repository)
            ),
            None,
        )


def _decoded(row: tuple[Any, ...]) -> RepositoryTotals | None:
    """Return the totals of a row; None if it cannot be read."""
    _, images, tagged, parts, complete, size, newest_push, last_pull, unknown, counted_at, *others = row
    status, findings, rules, rules_read_at = others
    try:
        scan = None if status is None else ImageScan(str(status), decode_counts(findings))
        return RepositoryTotals(
            ImageCounts(int(images), int(tagged), int(parts), bool(complete)),
            int(size),
            _time(newest_push),
            _time(last_pull),
            scan,
            int(unknown),
            float(counted_at),
            None if rules_read_at is None else LifecycleRules(_number(rules), float(rules_read_at)),
        )
    except (TypeError, ValueError) as problem:
        _log.info("cached totals cannot be read: %s", problem)
        return None


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _time(value: Any) -> float | None:
    return None if value is None else float(value)
