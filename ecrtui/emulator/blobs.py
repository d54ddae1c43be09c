"""The content of layers and configs: stored once for all repositories, in chunks.

A blob gets its digest when its content is complete. A blob without a digest belongs to an upload, or nothing refers to
it: :func:`remove_unreferenced` deletes it in short transactions, so that no other writer waits for a large deletion.

Functions with a connection run in the caller's transaction. Functions with a database have transactions of their own:
do not call them in a transaction.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import uuid4

from ecrtui.emulator.database import Database

CHUNK_SIZE = 1024 * 1024
"""Bytes; the largest chunk of content. Each download has one in memory while its client reads."""

_CHUNKS_PER_DELETION = 16
"""Chunks that one transaction of :func:`remove_unreferenced` deletes."""

_UNREFERENCED = "digest IS NULL AND NOT EXISTS (SELECT 1 FROM uploads WHERE id = key)"

_log = logging.getLogger(__name__)


def digest_of(content: bytes) -> str:
    """Return the sha256 digest of these bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """The content of a blob or a part of it; iterate to read it.

    Each piece is read in a transaction of its own, so a slow client holds none. The content ends early where the
    database has no more of it: the blob was deleted meanwhile, or the file is damaged.

    Args:
        size: bytes of the blob.
        first: the position of the first byte of the part.
        end: the position after its last byte; None for the end of the blob.
    """

    database: Database
    digest: str
    size: int
    first: int = 0
    end: int | None = None

    @property
    def length(self) -> int:
        """The number of bytes of the part."""
        return (self.size if self.end is None else self.end) - self.first

    def __iter__(self) -> Iterator[bytes]:
        with self.database.read() as connection:
            row = connection.execute("SELECT key FROM blobs WHERE digest = ?", (self.digest,)).fetchone()
        if row is not None:
            yield from stored_pieces(self.database, row["key"], self.first, self.first + self.length)


def stored_pieces(database: Database, key: str, position: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of the blob with this key, complete or not, from a position to another."""
    while position < end:
        with database.read() as connection:
            row = connection.execute(
                "SELECT first_byte, content FROM blob_chunks WHERE blob_key = ? AND first_byte <= ?"
                " ORDER BY first_byte DESC LIMIT 1",
                (key, position),
            ).fetchone()
        # A file of somebody else can have anything here; an empty chunk would be read again for ever.
        if row is None or not isinstance(row["content"], bytes):
            return
        piece = row["content"][position - row["first_byte"] : end - row["first_byte"]]
        if not piece:
            return
        yield piece
        position += len(piece)


def read_blob(connection: sqlite3.Connection, digest: str) -> bytes:
    """Return the whole content of a config or another small blob; empty if it is not stored."""
    rows = connection.execute(
        "SELECT content FROM blobs b JOIN blob_chunks c ON c.blob_key = b.key WHERE b.digest = ? ORDER BY first_byte",
        (digest,),
    )
    return b"".join(row["content"] for row in rows)


def has_content(connection: sqlite3.Connection, digest: str) -> bool:
    """Return True if the content of this digest is stored, for any repository."""
    return connection.execute("SELECT 1 FROM blobs WHERE digest = ?", (digest,)).fetchone() is not None


def store_blob(connection: sqlite3.Connection, digest: str, content: bytes) -> None:
    """Store the content of this digest, unless it is stored. For content in pieces see :mod:`ecrtui.emulator.uploads`.

    A repository has the blob only after :func:`ecrtui.emulator.storage.declare_layer`.
    """
    key = uuid4().hex
    inserted = connection.execute(
        "INSERT OR IGNORE INTO blobs (key, digest, size) VALUES (?, ?, ?)", (key, digest, len(content))
    )
    if inserted.rowcount:
        insert_chunks(connection, key, 0, content)


def store_blobs(connection: sqlite3.Connection, contents: Sequence[tuple[str, bytes]]) -> None:
    """Store many contents of at most one chunk with their digests, unless they are stored."""
    connection.executemany(
        "INSERT OR IGNORE INTO blobs (key, digest, size) VALUES (?, ?, ?)",
        [(uuid4().hex, digest, len(content)) for digest, content in contents],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO blob_chunks (blob_key, first_byte, content)"
        " SELECT key, 0, ? FROM blobs WHERE digest = ?",
        [(content, digest) for digest, content in contents],
    )


def insert_chunks(connection: sqlite3.Connection, key: str, first_byte: int, content: bytes) -> None:
    """Store the bytes of a blob from a position on."""
    view = memoryview(content)
    connection.executemany(
        "INSERT INTO blob_chunks (blob_key, first_byte, content) VALUES (?, ?, ?)",
        ((key, first_byte + start, view[start : start + CHUNK_SIZE]) for start in range(0, len(content), CHUNK_SIZE)),
    )


def remove_unreferenced(database: Database) -> None:
    """Delete the content that no layer and no upload refers to.

    Call it after a transaction that deletes layers or uploads. That transaction is complete, so a full disk or a locked
    file is no failure of it: the next call continues.
    """
    try:
        with database.read() as connection:
            keys = [row["key"] for row in connection.execute(f"SELECT key FROM blobs WHERE {_UNREFERENCED}")]  # noqa: S608
        for key in keys:
            _remove(database, key)
    except sqlite3.OperationalError:
        _log.debug("content without references was not deleted", exc_info=True)


def _remove(database: Database, key: str) -> None:
    """Delete the blob with this key, a few chunks at a time."""
    deleted = _CHUNKS_PER_DELETION
    while deleted == _CHUNKS_PER_DELETION:
        with database.write(large=True) as connection:
            deleted = connection.execute(
                "DELETE FROM blob_chunks WHERE rowid IN (SELECT rowid FROM blob_chunks WHERE blob_key = ? LIMIT ?)",
                (key, _CHUNKS_PER_DELETION),
            ).rowcount
            if deleted < _CHUNKS_PER_DELETION:
                connection.execute("DELETE FROM blobs WHERE key = ?", (key,))
