"""What was seen last time: repositories, images and manifests in one disposable SQLite file."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from ecrtui.catalog.cache.chunks import IMAGES, MEAN_CHUNK_ROWS, REPOSITORIES, ChunkCodec, identity
from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.repository import Repository
from ecrtui.gc_tuning import FREEZE_THRESHOLD_ROWS, freeze_heap

Item = TypeVar("Item")
Answer = TypeVar("Answer")

VERSION = 2
"""Of the schema and of what is in the pieces. A file of another version is thrown away."""

LISTINGS_SIZE = 256 * 1024 * 1024
"""Bytes of listings, compressed; a repository of 100,000 images has seven million."""
MANIFESTS_SIZE = 64 * 1024 * 1024
"""Bytes of manifests, compressed."""

_SCHEMA = """
CREATE TABLE listing (
    id INTEGER PRIMARY KEY,
    registry TEXT NOT NULL,
    repository TEXT NOT NULL,
    listed_at REAL NOT NULL,
    pieces BLOB NOT NULL,
    UNIQUE (registry, repository)
);
CREATE TABLE piece (
    listing INTEGER NOT NULL REFERENCES listing ON DELETE CASCADE,
    identity BLOB NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (listing, identity)
) WITHOUT ROWID;
CREATE TABLE manifest (
    digest TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    content BLOB NOT NULL,
    used_at REAL NOT NULL
);
CREATE INDEX manifest_used ON manifest (used_at);
CREATE TABLE way (
    mark TEXT PRIMARY KEY,
    registry_id TEXT NOT NULL,
    region TEXT NOT NULL,
    endpoint TEXT NOT NULL
) WITHOUT ROWID;
"""
_IDENTITY_LENGTH = 32
_ALL_REPOSITORIES = ""
"""The name of the listing of repositories among those of images."""
BUSY_TIMEOUT = 1.0
"""Seconds to wait for another process that writes."""
_USED_STEP = 86_400.0
"""Seconds; the time of use is not written more exactly, so that reading seldom writes."""
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""Of the file itself, or tables that are not ours: nothing but a new one helps."""
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[Item]):
    """What a complete listing gave the last time. The age is in seconds."""

    items: tuple[Item, ...]
    age: float


class Cache:
    """The cache file, for one account in one region at one endpoint.

    Nothing in it is needed: whatever goes wrong with the file is logged and answered with "not known"; a damaged file,
    or one of another version, is thrown away. It holds no secrets, and only its owner can read it. Threads and
    processes may share it.

    Args:
        file: the SQLite file (``paths.cache_file()``); it and its folder are made when it is first used.
        location: the registry whose data this is.
        clock: seconds since the epoch.
        listings_size: bytes of listings, compressed.
        manifests_size: bytes of manifests, compressed.
        patience: seconds to wait for another process that writes.
    """

    def __init__(
        self,
        file: Path,
        location: RegistryLocation,
        *,
        clock: Callable[[], float] = time.time,
        listings_size: int = LISTINGS_SIZE,
        manifests_size: int = MANIFESTS_SIZE,
        patience: float = BUSY_TIMEOUT,
    ) -> None:
        self.location = location
        self._file = file
        self._registry = f"{location.registry_id} {location.region} {location.endpoint}"
        self._clock = clock
        self._listings_size = listings_size
        self._manifests_size = manifests_size
        self._patience = patience
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._unusable = False

    @classmethod
    def for_fingerprint(cls, file: Path, mark: str) -> Cache | None:
        """The cache of the registry that a connection led to the last time, before anything is connected.

        Args:
            file: the SQLite file; if it does not exist, it is not made.
            mark: of the connection; see :func:`ecrtui.catalog.cache.fingerprint.mark_of`.
        """
        if not file.exists():
            return None
        cache = cls(file, RegistryLocation("", ""))
        row = cache._use(
            lambda connection: connection.execute(
                "SELECT registry_id, region, endpoint FROM way WHERE mark = ?", (mark,)
            ).fetchone(),
            None,
            begin="BEGIN",
        )
        cache.close()
        return None if row is None else cls(file, RegistryLocation(*row))

    def remember_connection(self, mark: str) -> None:
        """The connection with this mark has led to this registry."""
        row = (mark, self.location.registry_id, self.location.region, self.location.endpoint)
        self._use(lambda connection: connection.execute("INSERT OR REPLACE INTO way VALUES (?, ?, ?, ?)", row), None)

    def repositories(self) -> Snapshot[Repository] | None:
        """All repositories as they were last listed; by name."""
        return self._snapshot(_ALL_REPOSITORIES, REPOSITORIES)

    def keep_repositories(self, repositories: Sequence[Repository]) -> None:
        """Remember a complete listing."""
        self._keep(_ALL_REPOSITORIES, REPOSITORIES, repositories)

    def images(self, repository: str) -> Snapshot[Image] | None:
        """All images of the repository as they were last listed; newest first."""
        return self._snapshot(repository, IMAGES)

    def keep_images(self, repository: str, images: Sequence[Image]) -> None:
        """Remember a complete listing."""
        self._keep(repository, IMAGES, images)

    def forget_images(self, repository: str) -> None:
        """The repository is gone."""
        self._use(
            lambda connection: connection.execute(
                "DELETE FROM listing WHERE registry = ? AND repository = ?", (self._registry, repository)
            ),
            None,
        )

    def manifests(self, digests: Sequence[str]) -> tuple[Manifest, ...]:
        """Those of these manifests that are kept and still have their digest."""
        return self._use(lambda connection: tuple(self._manifests(connection, digests)), ())

    def keep_manifests(self, manifests: Sequence[Manifest]) -> None:
        """Remember manifests for good, within the bounded size; those used longest ago give way."""
        rows = [
            (manifest.digest, manifest.media_type, zlib.compress(manifest.text.encode(), 1), self._clock())
            for manifest in manifests
        ]
        self._use(lambda connection: self._keep_manifests(connection, rows), None)

    def close(self) -> None:
        """Close the file; it is not used again."""
        with self._lock:
            self._unusable = True
            self._drop_connection()

    def _snapshot(self, repository: str, packing: ChunkCodec[Item]) -> Snapshot[Item] | None:
        found = self._use(lambda connection: self._chunks(connection, repository), None, begin="BEGIN")
        if found is None:
            return None
        listed_at, contents = found
        items: list[Item] = []
        try:
            for number, content in enumerate(contents, 1):
                items.extend(packing.items(zlib.decompress(content)))
                if number % (FREEZE_THRESHOLD_ROWS // MEAN_CHUNK_ROWS) == 0:
                    freeze_heap()
        except (ValueError, zlib.error) as problem:
            _log.info("what is kept of %r cannot be read: %s", repository, problem)
            return None
        return Snapshot(tuple(items), max(0.0, self._clock() - listed_at))

    def _chunks(self, connection: sqlite3.Connection, repository: str) -> tuple[float, list[bytes]] | None:
        """When the listing was made, and its pieces in order; None if any is missing."""
        row = connection.execute(
            "SELECT id, listed_at, pieces FROM listing WHERE registry = ? AND repository = ?",
            (self._registry, repository),
        ).fetchone()
        if row is None:
            return None
        kept = dict(connection.execute("SELECT identity, content FROM piece WHERE listing = ?", (row[0],)))
        names = _names(row[2])
        return (row[1], [kept[name] for name in names]) if all(name in kept for name in names) else None

    def _keep(self, repository: str, packing: ChunkCodec[Item], items: Iterable[Item]) -> None:
        """Write the pieces that are not there yet, and let those go that no longer are."""
        listed_at = self._clock()
        known = self._use(
            lambda connection: self._known_pieces(connection, repository), frozenset[bytes](), begin="BEGIN"
        )
        names: dict[bytes, None] = {}
        # Compressed before the transaction: other processes wait for the writing only. And one by one: all the rows
        # as text would take more memory than the rows do.
        compressed: dict[bytes, bytes] = {}
        for content in packing.chunks(items):
            names[name := identity(content)] = None
            if name not in known:
                compressed[name] = zlib.compress(content, 1)

        def write(connection: sqlite3.Connection) -> None:
            number = connection.execute(
                "INSERT INTO listing (registry, repository, listed_at, pieces) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (registry, repository) DO UPDATE SET listed_at = excluded.listed_at, "
                "pieces = excluded.pieces RETURNING id",
                (self._registry, repository, listed_at, b"".join(names)),
            ).fetchone()[0]
            kept = self._known_pieces(connection, repository)
            connection.executemany(
                "DELETE FROM piece WHERE listing = ? AND identity = ?",
                [(number, name) for name in kept - names.keys()],
            )
            connection.executemany(
                "INSERT OR IGNORE INTO piece (listing, identity, content) VALUES (?, ?, ?)",
                [(number, name, content) for name, content in compressed.items()],
            )
            self._bound_listings(connection, number)

        self._use(write, None)

    def _known_pieces(self, connection: sqlite3.Connection, repository: str) -> frozenset[bytes]:
        rows = connection.execute(
            "SELECT identity FROM piece JOIN listing ON listing.id = listing WHERE registry = ? AND repository = ?",
            (self._registry, repository),
        )
        return frozenset(row[0] for row in rows)

    def _bound_listings(self, connection: sqlite3.Connection, newest: int) -> None:
        used = connection.execute("SELECT coalesce(sum(length(content)), 0) FROM piece").fetchone()[0]
        if used <= self._listings_size:
            return
        oldest = connection.execute(
            "SELECT id, (SELECT coalesce(sum(length(content)), 0) FROM piece WHERE listing = listing.id) "
            "FROM listing WHERE id <> ? ORDER BY listed_at",
            (newest,),
        ).fetchall()
        for number, size in oldest:
            if used <= self._listings_size:
                return
            connection.execute("DELETE FROM listing WHERE id = ?", (number,))
            used -= size

    def _manifests(self, connection: sqlite3.Connection, digests: Sequence[str]) -> Iterator[Manifest]:
        now = self._clock()
        for digest in digests:
            row = connection.execute(
                "SELECT media_type, content, used_at FROM manifest WHERE digest = ?", (digest,)
            ).fetchone()
            if row is None:
                continue
            manifest = _manifest(digest, row[0], row[1])
            if manifest is None:
                _log.info("the kept manifest %s does not have its digest any more", digest)
                connection.execute("DELETE FROM manifest WHERE digest = ?", (digest,))
                continue
            if now - row[2] > _USED_STEP:
                connection.execute("UPDATE manifest SET used_at = ? WHERE digest = ?", (now, digest))
            yield manifest

    def _keep_manifests(self, connection: sqlite3.Connection, rows: Sequence[tuple[str, str, bytes, float]]) -> None:
        connection.executemany("INSERT OR REPLACE INTO manifest VALUES (?, ?, ?, ?)", rows)
        used = connection.execute("SELECT coalesce(sum(length(content)), 0) FROM manifest").fetchone()[0]
        if used <= self._manifests_size:
            return
        for digest, size in connection.execute(
            "SELECT digest, length(content) FROM manifest ORDER BY used_at, rowid"
        ).fetchall():
            connection.execute("DELETE FROM manifest WHERE digest = ?", (digest,))
            used -= size
            if used <= self._manifests_size * 9 // 10:
                return

    def _use(
        self, work: Callable[[sqlite3.Connection], Answer], otherwise: Answer, *, begin: str = "BEGIN IMMEDIATE"
    ) -> Answer:
        """Do the work in a transaction that may write, unless it begins otherwise; if it fails, the other answer."""
        with self._lock:
            for _ in range(2):
                if self._unusable:
                    return otherwise
                try:
                    connection = self._connection = self._connection or self._open()
                    with _transaction(connection, begin):
                        return work(connection)
                except (sqlite3.Error, OSError) as problem:
                    if not self._recover(problem):
                        return otherwise
            return otherwise

    def _open(self) -> sqlite3.Connection:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
        connection = sqlite3.connect(self._file, timeout=self._patience, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _recover(self, problem: Exception) -> bool:
        """Whether to try again: with a new file, if this one is damaged or of another version."""
        code = getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_NOTADB) & 0xFF
        if isinstance(problem, sqlite3.Error) and code in _BUSY:
            _log.info("the cache is in use by another process: %s", problem)
            return False
        self._drop_connection()
        if isinstance(problem, OSError) or code not in _DAMAGED:
            _log.info("the cache %s cannot be used: %s", self._file, problem)
            self._unusable = True
            return False
        _log.info("the cache %s is thrown away: %s", self._file, problem)
        try:
            for end in ("", "-wal", "-shm"):
                self._file.with_name(self._file.name + end).unlink(missing_ok=True)
        except OSError as refused:
            _log.info("the cache %s cannot be thrown away: %s", self._file, refused)
            self._unusable = True
        return not self._unusable

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables if the file is new.

    Raises:
        sqlite3.DatabaseError: it is of another version, or no database.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    with _transaction(connection):
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        elif version != VERSION:
            raise sqlite3.DatabaseError(f"the cache is of version {version}")


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _names(joined: bytes) -> list[bytes]:
    return [joined[start : start + _IDENTITY_LENGTH] for start in range(0, len(joined), _IDENTITY_LENGTH)]


def _manifest(digest: str, media_type: str, content: bytes) -> Manifest | None:
    try:
        manifest = Manifest(zlib.decompress(content).decode(), digest, media_type)
    except (zlib.error, ValueError):
        return None
    return manifest if manifest.intact else None
