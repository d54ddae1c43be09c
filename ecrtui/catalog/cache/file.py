"""The SQLite file of the cache: opening, transactions, and recovery from damage."""

from __future__ import annotations

import logging
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TypeVar

from ecrtui.private_files import describe, is_disk_full, prepare_database
from ecrtui.sqlite_connections import close_with_owner

Result = TypeVar("Result")

VERSION = 9
"""Version of the schema and of the content of chunks. A file of another version is deleted."""

BUSY_TIMEOUT = 1.0
"""Seconds to wait while another process writes."""

_SCHEMA = """
CREATE TABLE listing (
    id INTEGER PRIMARY KEY,
    registry TEXT NOT NULL,
    repository TEXT NOT NULL,
    listed_at REAL NOT NULL,
    chunks BLOB NOT NULL,
    UNIQUE (registry, repository)
);
CREATE TABLE chunk (
    listing INTEGER NOT NULL REFERENCES listing ON DELETE CASCADE,
    digest BLOB NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (listing, digest)
) WITHOUT ROWID;
CREATE TABLE manifest (
    registry TEXT NOT NULL,
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content BLOB NOT NULL,
    used_at REAL NOT NULL,
    parts TEXT,
    PRIMARY KEY (registry, repository, digest)
);
CREATE INDEX manifest_used ON manifest (used_at);
CREATE TABLE scan (
    registry TEXT NOT NULL,
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    status TEXT NOT NULL,
    counts TEXT,
    description TEXT NOT NULL,
    completed_at REAL,
    read_at REAL NOT NULL,
    PRIMARY KEY (registry, repository, digest)
) WITHOUT ROWID;
CREATE INDEX scan_read ON scan (read_at);
CREATE TABLE totals (
    registry TEXT NOT NULL,
    repository TEXT NOT NULL,
    images INTEGER NOT NULL,
    tagged INTEGER NOT NULL,
    size INTEGER NOT NULL,
    newest_push REAL,
    last_pull REAL,
    parts INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    unknown_scans INTEGER NOT NULL,
    counted_at REAL NOT NULL,
    scan_status TEXT,
    findings TEXT,
    rules INTEGER,
    rules_read_at REAL,
    PRIMARY KEY (registry, repository)
) WITHOUT ROWID;
CREATE TABLE connection (
    fingerprint TEXT PRIMARY KEY,
    registry_id TEXT NOT NULL,
    region TEXT NOT NULL,
    endpoint TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE alias (
    registry_id TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    alias TEXT NOT NULL,
    PRIMARY KEY (registry_id, endpoint)
) WITHOUT ROWID;
"""
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""The file is damaged, or its tables are not ours. Only a new file helps."""
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

UNREADABLE = (ValueError, TypeError, LookupError, RecursionError, zlib.error)
"""The exceptions of a value in the file that is not as ecrtui writes it: the file is damaged."""

_log = logging.getLogger(__name__)


class CacheFile:
    """A disposable SQLite file that threads and processes share.

    No caller depends on it: a failure is logged and answered with a default. A damaged file, or one of another
    version, is deleted and created again. Only the owner can read the file.

    Args:
        path: the file; it and its folder are created on first use.
        busy_timeout: seconds to wait while another process writes.
        on_problem: gets the reason, once, when the file cannot be used any more. Any thread can call it.
    """

    def __init__(
        self,
        path: Path,
        busy_timeout: float = BUSY_TIMEOUT,
        on_problem: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.path = path
        self._busy_timeout = busy_timeout
        self._on_problem = on_problem
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._unusable = False
        self._untold = ""
        """Why ecrtui cannot use the file; empty once ``on_problem`` has the reason, or if there is none."""

    def read(self, work: Callable[[sqlite3.Connection], Result], default: Result) -> Result:
        """Run the work in a transaction that only reads; return the default if it fails."""
        return self._run(work, default, "BEGIN")

    def write(self, work: Callable[[sqlite3.Connection], Result], default: Result) -> Result:
        """Run the work in a transaction that may write; return the default if it fails."""
        return self._run(work, default, "BEGIN IMMEDIATE")

    def close(self) -> None:
        """Close the file for good: later reads and writes return their default."""
        with self._lock:
            self._unusable = True
            self._drop_connection()

    def _run(self, work: Callable[[sqlite3.Connection], Result], default: Result, begin: str) -> Result:
        with self._lock:
            result = self._try_twice(work, default, begin)
            untold, self._untold = self._untold, ""
        if untold:
            self._on_problem(untold)
        return result

    def _try_twice(self, work: Callable[[sqlite3.Connection], Result], default: Result, begin: str) -> Result:
        for _ in range(2):
            if self._unusable:
                return default
            try:
                connection = self._connection = self._connection or self._open()
                with _transaction(connection, begin):
                    return work(connection)
            except (sqlite3.Error, OSError, *UNREADABLE) as problem:
                if not self._recover(problem):
                    return default
        return default

    def _open(self) -> sqlite3.Connection:
        prepare_database(self.path)
        connection = sqlite3.connect(
            self.path, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
        close_with_owner(self, connection, self._lock)
        return connection

    def _recover(self, problem: Exception) -> bool:
        """Return True to try again: the file was damaged or of another version, and is deleted now."""
        code = getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_NOTADB) & 0xFF
        if isinstance(problem, sqlite3.Error) and code in _BUSY:
            _log.info("the cache is in use by another process: %s", problem)
            return False
        self._drop_connection()
        if isinstance(problem, OSError) or code not in _DAMAGED:
            self._give_up(problem)
            return False
        _log.info("deleting the cache %s: %s", self.path, problem)
        try:
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        except OSError as refused:
            self._give_up(refused)
        return not self._unusable

    def _give_up(self, problem: Exception) -> None:
        reason = describe(problem, self.path)
        _log.info("the cache cannot be used: %s", reason)
        self._unusable = True
        self._untold = f"{reason}. Make room, then start ecrtui again." if is_disk_full(problem) else reason

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _prepare(connection: sqlite3.Connection) -> None:
    """Create the tables if the file is new.

    Raises:
        sqlite3.DatabaseError: the file is of another version, or no database.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    with _transaction(connection, "BEGIN IMMEDIATE"):
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        elif version != VERSION:
            raise sqlite3.DatabaseError(f"the cache is of version {version}")


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
