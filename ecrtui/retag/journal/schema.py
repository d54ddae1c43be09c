"""The layout of the journal's file, and how one of an earlier version becomes one of today's."""

from __future__ import annotations

import sqlite3
from typing import Final

from ecrtui.ecr.digest import digest_of

VERSION: Final = 2
"""The version that this module writes (``PRAGMA user_version``)."""

_TODAY = (
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

VERSION_1 = (
    """
    CREATE TABLE writes (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        plan TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        principal TEXT NOT NULL,
        repository TEXT NOT NULL,
        tag TEXT NOT NULL,
        before TEXT NOT NULL,
        after TEXT NOT NULL,
        media_type TEXT NOT NULL,
        manifest_before BLOB,
        manifest_after BLOB,
        begun_at REAL NOT NULL,
        finished_at REAL,
        outcome TEXT,
        request_id TEXT NOT NULL DEFAULT ''
    )
    """,
)
"""Version 1: one table, with the manifests in every row, and nothing that told an undo or a plan's steps."""


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Create the tables of an empty file, or turn those of an earlier version into today's; all or nothing.

    Raises:
        ValueError: the file was written by a later version.
    """
    found = _version(connection)
    if found > VERSION:
        raise ValueError(f"its layout is version {found}, this program knows up to {VERSION}")
    if found == VERSION:
        return
    connection.execute("BEGIN EXCLUSIVE")
    try:
        _upgrade(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _upgrade(connection: sqlite3.Connection) -> None:
    found = _version(connection)
    if found >= VERSION:  # another process was quicker
        return
    for statement in _TODAY:
        connection.execute(statement)
    if found == 1:
        _move_from_version_1(connection)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _move_from_version_1(connection: sqlite3.Connection) -> None:
    """Carry the rows over by their numbers; manifests are stored once, under the digest of their own bytes."""
    for media_type, *manifests in connection.execute(
        "SELECT media_type, manifest_before, manifest_after FROM writes ORDER BY number"
    ).fetchall():
        for content in manifests:
            if content is not None:
                connection.execute(
                    "INSERT OR IGNORE INTO manifests VALUES (?, ?, ?)",
                    (digest_of(bytes(content)), media_type, content),
                )
    connection.execute(
        """
        INSERT INTO entries (number, plan, kind, owner, account, region, endpoint, principal, repository, tag, action,
                             before, after, media_type, begun_at, finished_at, outcome, request_id)
        SELECT number, plan, 'retag', '', account, region, endpoint, principal, repository, tag,
               CASE WHEN after = '' THEN 'remove' WHEN before = '' THEN 'create' ELSE 'move' END,
               before, after, media_type, begun_at, finished_at, outcome, request_id
        FROM writes ORDER BY number
        """
    )
    connection.execute("DROP TABLE writes")
