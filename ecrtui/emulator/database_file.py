"""Open the database of the embedded registry: check the file, create or change its tables, and say why that failed."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

from ecrtui.emulator import schema
from ecrtui.emulator.database import BUSY_TIMEOUT, Database
from ecrtui.emulator.errors import DatabaseRefusedError

_FAILURES = {
    sqlite3.SQLITE_BUSY: "another process writes to the file, and did not finish in time. Try again",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened. Check who may read and write it and its folder",
    sqlite3.SQLITE_CORRUPT: "the file is damaged. Use a copy of it, or another file",
    sqlite3.SQLITE_FULL: "the disk is full. Make room on it, and try again",
    sqlite3.SQLITE_IOERR: "the disk reports an error. Check its space and its state",
    sqlite3.SQLITE_NOTADB: "the file is not a database",
    sqlite3.SQLITE_PERM: "the file may not be read. Check who may read and write it",
    sqlite3.SQLITE_READONLY: "the file or its folder is read-only. Copy it to a folder that you may write to",
}
"""What the primary result codes of SQLite mean, and what to do."""


def open_database(
    path: str | os.PathLike[str] | None, *, create: bool = True, busy_timeout: float = BUSY_TIMEOUT
) -> Database:
    """Open the database in a file. None opens a new database in memory.

    Args:
        create: whether to create a file that does not exist.
        busy_timeout: seconds; a write waits this long for a write of another process.

    Raises:
        DatabaseRefusedError: the file does not exist, belongs to another program or version, or cannot be opened or
            written.
    """
    name = None if path is None else os.fspath(path)
    if name == ":memory:":
        name = None
    if name is not None:
        _check_file(name, create=create)
    try:
        database = Database(name, busy_timeout)
    except sqlite3.Error as error:
        raise DatabaseRefusedError(f"{name or 'memory'}: {failure_text(error)}") from error
    try:
        _create_or_check(database)
    except sqlite3.Error as error:
        database.close()
        raise DatabaseRefusedError(f"{name or 'memory'}: {failure_text(error)}") from error
    except DatabaseRefusedError:
        database.close()
        raise
    return database


def failure_text(error: sqlite3.Error) -> str:
    """Return what happened and what to do, with SQLite's own words."""
    # The low byte is the primary result code (https://www.sqlite.org/rescode.html).
    known = _FAILURES.get(getattr(error, "sqlite_errorcode", -1) & 0xFF)
    return f"{known} ({error})" if known else str(error)


def _check_file(name: str, *, create: bool) -> None:
    """Check that a path names a regular file, or one that can be created.

    SQLite would wait for a FIFO, and it does not say why a path is wrong.

    Raises:
        DatabaseRefusedError: it does not.
    """
    if not name or "\0" in name:
        raise DatabaseRefusedError(f"{name!r} is not the name of a file")
    folder = Path(name).absolute().parent
    try:
        mode = Path(name).stat().st_mode
    except FileNotFoundError:
        if not create:
            raise DatabaseRefusedError(f"{name} does not exist") from None
        if not folder.is_dir():
            raise DatabaseRefusedError(f"{name}: the folder {folder} does not exist") from None
        return
    except OSError as error:
        raise DatabaseRefusedError(f"{name}: {error.strerror or error}") from error
    if not stat.S_ISREG(mode):
        raise DatabaseRefusedError(f"{name} is {'a folder' if stat.S_ISDIR(mode) else 'not a regular file'}")


def _create_or_check(database: Database) -> None:
    """Create the tables in an empty database, change those of the version before, reject all others."""
    with database.read() as connection:
        found = schema.identity(connection)
        empty = found == (0, 0) and schema.is_empty(connection)
    if found == (schema.APPLICATION_ID, schema.CHANGEABLE):
        with database.write() as connection:
            if schema.identity(connection) == found:  # another process may have changed them meanwhile
                schema.change(connection)
            found = schema.identity(connection)
    if not empty:
        _check_identity(database.path, *found)
        return
    if database.path is not None:
        database.use_write_ahead_log()
    with database.write() as connection:
        if schema.identity(connection) == (0, 0):  # another process may have created them meanwhile
            schema.create(connection)


def _check_identity(path: str | None, application_id: int, version: int) -> None:
    if application_id != schema.APPLICATION_ID:
        raise DatabaseRefusedError(f"{path}: not a database of the embedded registry")
    if version != schema.VERSION:
        age = "a newer" if version > schema.VERSION else "an older"
        raise DatabaseRefusedError(
            f"{path}: {age} version of ecrtui made this database (schema {version}; this version has"
            f" {schema.VERSION}). Use that version, or another file."
        )
