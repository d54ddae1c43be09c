"""The SQLite database of the embedded registry: a file that processes share, or memory that threads share."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ecrtui.emulator.running_digests import RunningDigests
from ecrtui.emulator.write_turns import WriteTurns

BUSY_TIMEOUT = 10.0
"""Seconds; a write waits this long for the other writes, of this process and of others.

Clients give up after 15 seconds or later. A write that waited longer could be applied after its client has gone.
"""

LOG_SIZE = 16 * 1024 * 1024
"""Bytes; SQLite shortens the write-ahead log to this size after a larger write, when it begins the log again."""

_log = logging.getLogger(__name__)

_BUSY_PAUSE = 0.01
"""Seconds between two attempts where SQLite itself does not wait."""


class Database:
    """A pool of connections to one database.

    A file has as many connections as are in use at once. Memory has exactly one, and threads take turns.
    Do not use a connection after its block, and do not nest blocks in one thread.

    Args:
        path: the file; None for memory.
        busy_timeout: seconds; a write waits this long for the other writes. In memory it waits for ever.
    """

    def __init__(self, path: str | None, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self.path = path
        self.running_digests = RunningDigests()
        """The digests of the uploads in progress; see :mod:`ecrtui.emulator.uploads`."""
        self._turns = WriteTurns()
        self._busy_timeout = busy_timeout
        self._idle: list[sqlite3.Connection] = []
        self._available = threading.Condition()
        self._closed = False
        self._idle.append(self._connect())
        weakref.finalize(self, _close_all, self._idle)  # also at the end of the process: SQLite then merges its log

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection with one consistent view of the database; rows are :class:`sqlite3.Row`."""
        with self.connection() as connection, _transaction(connection, "BEGIN"):
            yield connection

    @contextmanager
    def write(self, *, large: bool = False, timeout: float | None = None) -> Iterator[sqlite3.Connection]:
        """Yield a connection in an exclusive write transaction; commit at the end, roll back if the block raises.

        Args:
            large: whether it writes many bytes; the small writes of this process go first.
            timeout: seconds; it waits this long for the other writes. None is the busy timeout of the database.

        Raises:
            sqlite3.OperationalError: SQLITE_BUSY; it waited too long.
        """
        longest = self._busy_timeout if timeout is None else timeout
        end = time.monotonic() + longest
        with (
            self._turns.turn(-1 if self.path is None else longest, large=large),
            self.connection() as connection,
            self._waiting(connection, end - time.monotonic()),
            _transaction(connection, "BEGIN IMMEDIATE"),
        ):
            yield connection

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection without a transaction, for statements that SQLite does not allow in one."""
        connection = self._acquire()
        try:
            yield connection
        finally:
            self._release(connection)

    def use_write_ahead_log(self) -> None:
        """Switch the file to a write-ahead log, which lets others read while one writes.

        Raises:
            sqlite3.OperationalError: SQLITE_BUSY; it waited too long for another process.
        """
        end = time.monotonic() + self._busy_timeout
        with self.connection() as connection:
            while True:
                try:
                    connection.execute("PRAGMA journal_mode = WAL")
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                        raise
                    time.sleep(_BUSY_PAUSE)
                else:
                    return

    def close(self) -> None:
        """Close all connections; those in use close when their block ends.

        The last one that closes puts the write-ahead log into the file. A process that ends at once closes none that is
        in use, so all that is committed goes into the file now.
        """
        with self._available:
            if self.path is not None and not self._closed:
                self._merge_log(self.path)
            self._closed = True
            _close_all(self._idle)
            self._available.notify_all()

    def _merge_log(self, path: str) -> None:
        """Copy the write-ahead log into the file, without waiting.

        What is newer than the state that a reader uses stays in the log.
        """
        try:
            with self.connection() as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            _log.warning("%s: its write-ahead log stays, and SQLite reads it the next time: %s", path, error)

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _waiting(self, connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
        """Let the statements of the block wait so many seconds for another process; 0 if the time is over."""
        _set_busy_timeout(connection, max(seconds, 0.0))
        try:
            yield
        finally:
            _set_busy_timeout(connection, self._busy_timeout)

    def _acquire(self) -> sqlite3.Connection:
        with self._available:
            while not self._idle and self.path is None and not self._closed:
                self._available.wait()
            if self._closed:
                raise sqlite3.ProgrammingError("the embedded registry's database is closed")
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _release(self, connection: sqlite3.Connection) -> None:
        with self._available:
            # A transaction that could not be rolled back would be in the way of the next one.
            if self._closed or (connection.in_transaction and self.path is not None):
                connection.close()
            else:
                self._idle.append(connection)
            self._available.notify()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path or ":memory:", timeout=self._busy_timeout, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        # The file may come from somebody else: its triggers and views may not call functions that have side effects.
        connection.execute("PRAGMA trusted_schema = OFF")
        # In WAL mode NORMAL keeps committed data when the process dies. Only a power failure can lose the last writes.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {LOG_SIZE}")
        return connection


def _set_busy_timeout(connection: sqlite3.Connection, seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")


def _close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite ends a transaction itself after some errors, such as a full disk. A ROLLBACK then fails, and its error
        # would hide the cause.
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise
