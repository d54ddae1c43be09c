"""The tables of the journal file."""

from __future__ import annotations

import sqlite3
from typing import Final

VERSION: Final = 2
"""The format version of the file (``PRAGMA user_version``)."""

_SCHEMA = (
    """
    CREATE TABLE manifests (
        digest TEXT PRIMARY KEY,
        media_type TEXT NOT NULL,
        bytes BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE plans (
        id TEXT PRIMARY KEY,
        begun_at REAL NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        document TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE entries (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        plan TEXT NOT NULL,
        kind TEXT NOT NULL,
        owner TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        principal TEXT NOT NULL,
        repository TEXT NOT NULL,
        tag TEXT NOT NULL,
        action TEXT NOT NULL,
        before TEXT NOT NULL,
        after TEXT NOT NULL,
        media_type TEXT NOT NULL,
        begun_at REAL NOT NULL,
        finished_at REAL,
        outcome TEXT,
        request_id TEXT NOT NULL DEFAULT '',
        detail TEXT NOT NULL DEFAULT '',
        undoes INTEGER NOT NULL DEFAULT 0,
        undone_by INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX entries_of_tag ON entries (account, region, endpoint, repository, tag, number)",
    "CREATE INDEX entries_of_plan ON entries (plan, number)",
    "CREATE INDEX entries_unfinished ON entries (number) WHERE outcome IS NULL",
)


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the tables in an empty file; do nothing if they exist.

    Raises:
        ValueError: another version of ecrtui wrote the file.
    """
    if _has_tables(connection):
        return
    connection.execute("BEGIN EXCLUSIVE")
    try:
        if not _has_tables(connection):  # another process may have created them
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _has_tables(connection: sqlite3.Connection) -> bool:
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found not in (0, VERSION):
        raise ValueError(f"it has format version {found}; this version of ecrtui uses version {VERSION}")
    return found == VERSION
