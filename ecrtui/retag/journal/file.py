"""The SQLite file of the journal: transactions, the lock of this process, and what to do when the file fails."""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecrtui.errors import EcrTuiError
from ecrtui.private_files import describe, is_disk_full, prepare_database
from ecrtui.retag.journal.process_lock import ProcessLock, is_owner_alive
from ecrtui.retag.journal.schema import OtherVersion, create_tables
from ecrtui.sqlite_connections import close_with_owner

NOTHING_SENT = "Could not write the journal; nothing was sent"

_BUSY_PAUSE = 0.01
"""Seconds between two attempts where SQLite itself does not wait."""


class JournalError(EcrTuiError):
    """The journal cannot be read or written. Nothing is sent to the registry without it."""


class JournalFile:
    """The file of a journal. Safe between threads and processes. It is opened on first use.

    Args:
        path: the file. It and its folder are created with access for the user only. None keeps the journal in memory.
        busy_timeout: seconds to wait while another process writes.

    Reading and writing raise :class:`JournalError` if the file cannot be read or written.
    """

    def __init__(self, path: Path | None, busy_timeout: float) -> None:
        self.path = path
        self.lock = threading.RLock()
        """Held during each query and each transaction."""
        self._busy_timeout = busy_timeout
        self._connection: sqlite3.Connection | None = None
        self._owner: ProcessLock | None = None

    @property
    def exists(self) -> bool:
        """True if there may be entries. Reading does not create the file, but says why it cannot be read."""
        if self.path is None:
            return True
        try:
            self.path.lstat()
        except FileNotFoundError:
            return False
        except OSError:
            return True  # the first query fails, and names the cause
        return True

    def close(self) -> None:
        """Close the file, and release the lock of this process."""
        with self.lock:
            if self._connection is not None:
                self._connection.close()
            if self._owner is not None:
                self._owner.close()
            self._connection = self._owner = None

    def is_own(self, owner: str) -> bool:
        """Return True if this token names this process."""
        return self._owner is not None and owner == self._owner.token

    def is_running(self, owner: str) -> bool:
        """Return True if the process that this token names still runs; within :meth:`reading` or :meth:`writing`."""
        return self.path is not None and is_owner_alive(self.path, owner)

    def owner_token(self) -> str:
        """Return what names this process in the rows that it writes; empty in memory."""
        if self.path is None:
            return ""
        if self._owner is None:
            self._owner = ProcessLock(self.path)
        return self._owner.token

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Enclose queries."""
        with self.lock, self._as_journal_error("Could not read the journal"):
            yield self._open()

    @contextmanager
    def writing(self, failure: str = "Could not write the journal") -> Iterator[sqlite3.Connection]:
        """Run one transaction: durable after the block, rolled back if the block fails."""
        with self.lock, self._as_journal_error(failure):
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _as_journal_error(self, title: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as problem:
            raise JournalError(
                title,
                describe(problem, self.path) if self.path else str(problem),
                f"Every write is recorded there before it is sent. {next_step(problem)}",
            ) from problem

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = self._connect()
            try:
                self._use_wal(connection)
                connection.execute("PRAGMA synchronous = FULL")
                create_tables(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            close_with_owner(self, connection, self.lock)
        return self._connection

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        """Switch the file to a write-ahead log. SQLite does not always wait for a process that does it, too."""
        end = time.monotonic() + self._busy_timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as problem:
                if problem.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                    raise
                time.sleep(_BUSY_PAUSE)
            else:
                return

    def _connect(self) -> sqlite3.Connection:
        if self.path is not None:
            prepare_database(self.path)
        connection = sqlite3.connect(
            self.path or ":memory:", timeout=self._busy_timeout, isolation_level=None, check_same_thread=False
        )
        # Bytes that are not UTF-8 damage their row, not the query: see rows.py.
        connection.text_factory = lambda content: content.decode(errors="surrogateescape")
        return connection


_OTHER_FOLDER = "or set XDG_STATE_HOME to another folder."


def next_step(problem: Exception) -> str:
    """Return the next step after a failure of the journal, which depends on its cause."""
    code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
    number = getattr(problem, "errno", 0)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "Another process uses the file. Wait until that process ends, or end it."
    if isinstance(problem, OtherVersion):
        return "Use that version of ecrtui. Or move the file aside: ecrtui then begins a new one, without the history."
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or isinstance(problem, ValueError):
        return "The file is damaged. Move it aside. ecrtui then begins a new one, without the history."
    if is_disk_full(problem):
        return f"The disk is full. Free disk space, {_OTHER_FOLDER}"
    if code == sqlite3.SQLITE_READONLY or number in (errno.EROFS, errno.EACCES):
        return f"Make the file and its folder writable, {_OTHER_FOLDER}"
    return f"Check the file and its folder, {_OTHER_FOLDER}"
