"""The tables of the journal file."""

from __future__ import annotations

import sqlite3
from typing import Final


class OtherVersion(ValueError):  # noqa: N818 - reads as what happened
    """Another version of ecrtui wrote the file."""


VERSION: Final = 3
"""The format version of the file (``PRAGMA user_version``)."""

_TRANSFERS = (
    """
    CREATE TABLE transfers (
        plan TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        repository TEXT NOT NULL,
        tag TEXT NOT NULL,
        digest TEXT NOT NULL,
        referrers INTEGER NOT NULL,
        begun_at REAL NOT NULL,
        finished_at REAL,
        outcome TEXT,
        bytes INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE uploads (
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        upload_id TEXT NOT NULL,
        part_size INTEGER NOT NULL,
        received INTEGER NOT NULL,
        owner TEXT NOT NULL,
        PRIMARY KEY (account, region, endpoint, repository, digest)
    )
    """,
)
"""The tables of version 3: the sources of promotions, and the uploads of layers that are not complete."""

_TO_VERSION_3 = (
    *_TRANSFERS,
    # "promote" had another meaning until version 2.
    "UPDATE entries SET kind = 'tag in all' WHERE kind = 'promote'",
    """
    UPDATE plans SET document = json_set(document, '$.kind', 'tag in all')
    WHERE CASE WHEN json_valid(document) THEN json_extract(document, '$.kind') = 'promote' ELSE 0 END
    """,
)

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
    *_TRANSFERS,
)

_STEPS = {0: _SCHEMA, 2: _TO_VERSION_3}
"""The statements that turn a file of a version into one of today's. A new file has version 0."""


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the tables in an empty file, and add those that a file of an earlier version lacks.

    Raises:
        OtherVersion: another version of ecrtui wrote the file.
    """
    if _version(connection) == VERSION:
        return
    connection.execute("BEGIN EXCLUSIVE")
    try:
        for statement in _STEPS.get(_version(connection), ()):  # another process may have been here first
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found != VERSION and found not in _STEPS:
        raise OtherVersion(f"it has format version {found}; this version of ecrtui uses version {VERSION}")
    return found
