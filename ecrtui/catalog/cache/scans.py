"""Image scans in the cache file, by digest, with the time of the scan and the time at which they were read."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence

from ecrtui.catalog.cache.file import CacheFile
from ecrtui.catalog.cache.finding_counts import decode_counts, encode_counts
from ecrtui.ecr.findings import ImageScan
from ecrtui.ecr.units import DAY

KEPT_SECONDS = 7 * DAY
"""Seconds after which a scan is deleted."""

_DIGESTS_PER_QUERY = 500

_log = logging.getLogger(__name__)


class ScanStore:
    """The scans of one registry.

    Args:
        file: the cache file.
        registry: the key of the registry whose scans these are.
        clock: returns seconds since the epoch.
    """

    def __init__(self, file: CacheFile, registry: str, clock: Callable[[], float]) -> None:
        self._file = file
        self._registry = registry
        self._clock = clock

    def load(self, repository: str, digests: Sequence[str]) -> dict[str, tuple[ImageScan, float]]:
        """Return those of these scans that are stored, by digest, each with the time at which it was read."""

        def read(connection: sqlite3.Connection) -> dict[str, tuple[ImageScan, float]]:
            found: dict[str, tuple[ImageScan, float]] = {}
            for start in range(0, len(digests), _DIGESTS_PER_QUERY):
                found |= self._read(connection, repository, digests[start : start + _DIGESTS_PER_QUERY])
            return found

        return self._file.read(read, {})

    def keep(self, repository: str, scans: Mapping[str, tuple[ImageScan, float]]) -> None:
        """Store scans, each with the time at which it was read; delete old ones of any registry."""
        rows = [
            (
                self._registry,
                repository,
                digest,
                scan.status,
                encode_counts(scan.counts),
                scan.description,
                scan.completed_at,
                read_at,
            )
            for digest, (scan, read_at) in scans.items()
        ]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO scan VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            connection.execute("DELETE FROM scan WHERE read_at < ?", (self._clock() - KEPT_SECONDS,))

        self._file.write(write, None)

    def forget(self, repository: str) -> None:
        """Delete the scans of a repository."""
        self._file.write(
            lambda connection: connection.execute(
                "DELETE FROM scan WHERE registry = ? AND repository = ?", (self._registry, repository)
            ),
            None,
        )

    def _read(
        self, connection: sqlite3.Connection, repository: str, digests: Sequence[str]
    ) -> dict[str, tuple[ImageScan, float]]:
        rows = connection.execute(
            "SELECT digest, status, counts, description, completed_at, read_at FROM scan"  # noqa: S608 - placeholders
            f" WHERE registry = ? AND repository = ? AND digest IN ({', '.join('?' * len(digests))})",
            (self._registry, repository, *digests),
        )
        return {digest: scan for digest, *columns in rows if (scan := _decode(*columns)) is not None}


def _decode(
    status: object, counts: object, description: object, completed_at: object, read_at: object
) -> tuple[ImageScan, float] | None:
    """Return a scan and the time at which it was read; None if the row cannot be read."""
    try:
        completed = None if completed_at is None else float(str(completed_at))
        return ImageScan(str(status), decode_counts(counts), str(description), completed), float(str(read_at))
    except (TypeError, ValueError) as problem:
        _log.info("a cached scan cannot be read: %s", problem)
        return None
