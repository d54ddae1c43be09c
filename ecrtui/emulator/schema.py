"""The tables of the embedded registry: create them, check their version, change them to the current one.

Every function runs in the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib import resources

APPLICATION_ID = 0x65637274
"""Identifies the embedded registry's SQLite files ("ecrt"; ``PRAGMA application_id``)."""

VERSION = 4
"""The version of schema.sql (``PRAGMA user_version``)."""

CHANGEABLE = 3
"""The earlier version that :func:`change` changes to the current one."""

_BEFORE = (
    "DROP TRIGGER layer_removed",
    "DROP TABLE upload_parts",
    "DROP TABLE uploads",
    "ALTER TABLE blob_chunks RENAME COLUMN digest TO blob_key",
)
_AFTER = (
    "INSERT INTO blobs (key, digest, size)"
    " SELECT blob_key, blob_key, sum(length(content)) FROM blob_chunks GROUP BY blob_key"
)


def identity(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the application id and the version of a database; zeros if it has none."""
    return (
        connection.execute("PRAGMA application_id").fetchone()[0],
        connection.execute("PRAGMA user_version").fetchone()[0],
    )


def is_empty(connection: sqlite3.Connection) -> bool:
    """Return True if a database has no tables."""
    return not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]


def create(connection: sqlite3.Connection) -> None:
    """Create the tables that a database lacks."""
    for statement in _statements():
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def change(connection: sqlite3.Connection) -> None:
    """Change a database of schema 3.

    Its chunks had a digest instead of a key, and its uploads had their own content. The chunks stay where they are.
    Unfinished uploads end.
    """
    for statement in _BEFORE:
        connection.execute(statement)
    create(connection)
    connection.execute(_AFTER)


def _statements() -> Iterator[str]:
    # executescript() would commit the current transaction, so statements run one by one.
    text = ""
    for line in resources.files("ecrtui.emulator").joinpath("schema.sql").read_text(encoding="utf-8").splitlines():
        text += line.partition("--")[0] + "\n"
        if sqlite3.complete_statement(text):
            yield text
            text = ""
