"""Listings in the cache file: the rows of the last complete listing, as compressed chunks."""

from __future__ import annotations

import logging
import sqlite3
import zlib
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Generic, TypeVar

from ecrtui.catalog.cache.chunks import MEAN_CHUNK_ROWS, ChunkCodec, chunk_digest
from ecrtui.catalog.cache.file import UNREADABLE, CacheFile
from ecrtui.gc_tuning import FREEZE_THRESHOLD_ROWS, freeze_heap

Item = TypeVar("Item")

LISTINGS_SIZE = 256 * 1024 * 1024
"""Bytes of listings, compressed. A repository of 100,000 images takes seven million."""

_DIGEST_LENGTH = 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[Item]):
    """The rows of the last complete listing, and their age in seconds."""

    items: tuple[Item, ...]
    age: float


class ListingStore:
    """The listings of one registry. When they exceed their size, the oldest ones of any registry are deleted.

    Args:
        file: the cache file.
        registry: the key of the registry whose listings these are.
        clock: returns seconds since the epoch.
        size: bytes of all listings in the file, compressed.
    """

    def __init__(self, file: CacheFile, registry: str, clock: Callable[[], float], size: int) -> None:
        self._file = file
        self._registry = registry
        self._clock = clock
        self._size = size

    def load(self, repository: str, codec: ChunkCodec[Item]) -> Snapshot[Item] | None:
        """Return the last listing of this name; None if there is none, or it cannot be read."""
        found = self._file.read(lambda connection: self._read_chunks(connection, repository), None)
        if found is None:
            return None
        listed_at, contents = found
        items: list[Item] = []
        try:
            for number, content in enumerate(contents, 1):
                items.extend(codec.items(zlib.decompress(content)))
                if number % (FREEZE_THRESHOLD_ROWS // MEAN_CHUNK_ROWS) == 0:
                    freeze_heap()
            return Snapshot(tuple(items), max(0.0, self._clock() - listed_at))
        except UNREADABLE as problem:
            _log.info("the cached listing of %r cannot be read: %s", repository, problem)
            self.forget(repository)  # keep() does not write a chunk again whose digest is stored
            return None

    def keep(self, repository: str, codec: ChunkCodec[Item], items: Sequence[Item]) -> None:
        """Replace the listing of this name: write its new chunks and delete those that it no longer has."""
        stored = self._file.read(lambda connection: self._stored_digests(connection, repository), frozenset[bytes]())
        if not self._replace(repository, codec, items, stored):
            self._replace(repository, codec, items, frozenset())

    def _replace(self, repository: str, codec: ChunkCodec[Item], items: Sequence[Item], known: Set[bytes]) -> bool:
        """Write the listing without the content of known chunks.

        Returns:
            False if another process has deleted a known chunk meanwhile. Nothing is written then.
        """
        listed_at = self._clock()
        digests: dict[bytes, None] = {}
        # Compress before the transaction, so that other processes wait for the writing only. Encode one chunk at a
        # time: all rows as text would take more memory than the rows do.
        compressed: dict[bytes, bytes] = {}
        for content in codec.chunks(items):
            digests[digest := chunk_digest(content)] = None
            if digest not in known:
                compressed[digest] = zlib.compress(content, 1)

        def write(connection: sqlite3.Connection) -> bool:
            stored = self._stored_digests(connection, repository)
            if not digests.keys() <= stored | compressed.keys():
                return False
            listing = connection.execute(
                "INSERT INTO listing (registry, repository, listed_at, chunks) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (registry, repository) DO UPDATE SET listed_at = excluded.listed_at, "
                "chunks = excluded.chunks RETURNING id",
                (self._registry, repository, listed_at, b"".join(digests)),
            ).fetchone()[0]
            connection.executemany(
                "DELETE FROM chunk WHERE listing = ? AND digest = ?",
                [(listing, digest) for digest in stored - digests.keys()],
            )
            connection.executemany(
                "INSERT OR IGNORE INTO chunk (listing, digest, content) VALUES (?, ?, ?)",
                [(listing, digest, content) for digest, content in compressed.items()],
            )
            self._delete_oldest(connection, listing)
            return True

        return self._file.write(write, True)

    def forget(self, repository: str) -> None:
        """Delete the listing of this name."""
        self._file.write(
            lambda connection: connection.execute(
                "DELETE FROM listing WHERE registry = ? AND repository = ?", (self._registry, repository)
            ),
            None,
        )

    def _read_chunks(self, connection: sqlite3.Connection, repository: str) -> tuple[float, list[bytes]] | None:
        """Return the time of the listing and its chunks in order; None if any is missing."""
        row = connection.execute(
            "SELECT id, listed_at, chunks FROM listing WHERE registry = ? AND repository = ?",
            (self._registry, repository),
        ).fetchone()
        if row is None:
            return None
        stored = dict(connection.execute("SELECT digest, content FROM chunk WHERE listing = ?", (row[0],)))
        digests = split_digests(row[2])
        if not all(digest in stored for digest in digests):
            return None
        return (row[1], [stored[digest] for digest in digests])

    def _stored_digests(self, connection: sqlite3.Connection, repository: str) -> frozenset[bytes]:
        rows = connection.execute(
            "SELECT digest FROM chunk JOIN listing ON listing.id = listing WHERE registry = ? AND repository = ?",
            (self._registry, repository),
        )
        return frozenset(row[0] for row in rows)

    def _delete_oldest(self, connection: sqlite3.Connection, newest: int) -> None:
        used = connection.execute("SELECT coalesce(sum(length(content)), 0) FROM chunk").fetchone()[0]
        if used <= self._size:
            return
        oldest = connection.execute(
            "SELECT id, (SELECT coalesce(sum(length(content)), 0) FROM chunk WHERE listing = listing.id) "
            "FROM listing WHERE id <> ? ORDER BY listed_at",
            (newest,),
        ).fetchall()
        for listing, size in oldest:
            if used <= self._size:
                return
            connection.execute("DELETE FROM listing WHERE id = ?", (listing,))
            used -= size


def split_digests(joined: bytes) -> list[bytes]:
    """Return the digests of the chunks of a listing, in order."""
    return [joined[start : start + _DIGEST_LENGTH] for start in range(0, len(joined), _DIGEST_LENGTH)]
