"""Uploads of layers and configs, without the rules of the API: bytes arrive in order, and a digest completes them.

The bytes are written once, where they stay. Their sha256 is calculated while they arrive, so completing an upload
takes no longer for a large layer. No transaction lasts longer than the writing of one piece.

Functions with a connection run in the caller's transaction. Functions with a database have transactions of their own:
do not call them in a transaction.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple
from uuid import uuid4

from ecrtui.emulator import blobs, storage
from ecrtui.emulator.database import Database
from ecrtui.emulator.errors import UploadDigestError, UploadNotFoundError, UploadPositionError

LIFETIME = 86_400.0
"""Seconds; an upload ends this long after its begin, complete or not. AWS documents no lifetime."""

TRANSACTION_SIZE = 4 * blobs.CHUNK_SIZE
"""Bytes; smaller pieces are collected to this size, and written in one transaction."""

REMOVAL_TIMEOUT = 0.5
"""Seconds; the deletion of expired uploads waits this long for other writes."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """An upload in progress.

    Args:
        size: bytes received.
        parts: number of parts received; each :func:`append` is one.
        first_part: bytes of the first part.
    """

    id: str
    repository_id: int
    size: int
    parts: int
    first_part: int


class CompletedUpload(NamedTuple):
    """A completed upload.

    Args:
        size: bytes of the layer.
        added: False if the repository had the layer with its content before.
    """

    digest: str
    size: int
    added: bool


def begin_upload(connection: sqlite3.Connection, repository_id: int, *, now: float) -> str:
    """Begin an upload to a repository; return its id, a UUID."""
    upload_id = str(uuid4())
    connection.execute(
        "INSERT INTO uploads (id, repository_id, created_at) VALUES (?, ?, ?)", (upload_id, repository_id, now)
    )
    connection.execute("INSERT INTO blobs (key, size) VALUES (?, 0)", (upload_id,))
    return upload_id


def find_upload(connection: sqlite3.Connection, repository_id: int, upload_id: str, *, now: float) -> OpenUpload:
    """Return an upload of a repository.

    Raises:
        UploadNotFoundError: the repository has no such upload, or it expired.
    """
    row = connection.execute(
        "SELECT size, (SELECT count(*) FROM upload_parts WHERE upload_id = uploads.id) AS parts,"
        " (SELECT size FROM upload_parts WHERE upload_id = uploads.id AND first_byte = 0) AS first_part"
        " FROM uploads JOIN blobs ON key = uploads.id WHERE uploads.id = ? AND repository_id = ? AND created_at > ?",
        (upload_id, repository_id, now - LIFETIME),
    ).fetchone()
    if row is None:
        raise UploadNotFoundError(upload_id)
    return OpenUpload(upload_id, repository_id, row["size"], row["parts"], row["first_part"] or 0)


def smallest_part_before_last(connection: sqlite3.Connection, upload_id: str) -> int | None:
    """Return the bytes of the smallest part of an upload, without the last part; None if there is no other."""
    row = connection.execute(
        "SELECT min(size) AS smallest FROM (SELECT size FROM upload_parts WHERE upload_id = ?"
        " ORDER BY first_byte DESC LIMIT -1 OFFSET 1)",
        (upload_id,),
    ).fetchone()
    smallest: int | None = row["smallest"]
    return smallest


def append(database: Database, upload_id: str, pieces: Iterable[bytes], first_byte: int) -> int:
    """Append a part to an upload; return the number of bytes that the upload has then.

    A piece is stored whole or not at all: one piece makes the whole part atomic. If the pieces end with an error,
    those that were stored stay.

    Args:
        pieces: the bytes of the part; they may come slowly, no transaction waits for them.
        first_byte: their position in the layer.

    Raises:
        UploadNotFoundError: there is no such upload.
        UploadPositionError: the upload has more or fewer bytes; nothing is stored at that position.
    """
    position = first_byte
    for piece in _collected(pieces):
        with database.write(large=True) as connection:
            _check_position(connection, upload_id, position)
            blobs.insert_chunks(connection, upload_id, position, piece)
            connection.execute("UPDATE blobs SET size = size + ? WHERE key = ?", (len(piece), upload_id))
            connection.execute(
                "INSERT INTO upload_parts (upload_id, first_byte, size) VALUES (?, ?, ?)"
                " ON CONFLICT (upload_id, first_byte) DO UPDATE SET size = size + excluded.size",
                (upload_id, first_byte, len(piece)),
            )
        database.running_digests.add(upload_id, position, piece)
        position += len(piece)
    if position == first_byte:
        with database.read() as connection:
            _check_position(connection, upload_id, position)
    return position


def complete(database: Database, upload_id: str, digests: Collection[str]) -> CompletedUpload:
    """Make the bytes of an upload a layer of its repository, and end the upload.

    Args:
        digests: the upload must have one of these digests.

    Raises:
        UploadNotFoundError: there is no such upload.
        UploadDigestError: its bytes have another digest; the upload stays.
    """
    while True:
        with database.read() as connection:
            size = _received(connection, upload_id)
        stored = partial(blobs.stored_pieces, database, upload_id, end=size)
        digest = database.running_digests.digest(upload_id, size, stored)
        if digest not in digests:
            raise UploadDigestError(digest)
        with database.write() as connection:
            if _received(connection, upload_id) == size:  # otherwise another request appended bytes meanwhile
                added = _add_layer(connection, upload_id, digest, size)
                break
    database.running_digests.forget(upload_id)
    blobs.remove_unreferenced(database)
    return CompletedUpload(digest, size, added)


def cancel(database: Database, upload_id: str) -> None:
    """End an upload and delete its bytes. It is not an error if it ended already."""
    with database.write() as connection:
        connection.execute("DELETE FROM uploads WHERE id = ?", (upload_id,))
    database.running_digests.forget(upload_id)
    blobs.remove_unreferenced(database)


def upload_layer(database: Database, repository_id: int, digest: str, pieces: Iterable[bytes], *, now: float) -> int:
    """Store a layer of any size that comes in pieces; return its bytes. After an error nothing of it stays.

    Raises:
        UploadDigestError: the bytes have another digest.
    """
    with database.write() as connection:
        upload_id = begin_upload(connection, repository_id, now=now)
    try:
        append(database, upload_id, pieces, 0)
        return complete(database, upload_id, (digest,)).size
    except BaseException:
        cancel(database, upload_id)
        raise


def remove_expired(database: Database, *, now: float) -> None:
    """Delete the uploads that expired, and all content that nothing refers to. Call it when a registry starts.

    It is not an error if the database cannot be written: somebody may only want to read it.
    """
    with database.read() as connection:
        expired = connection.execute("SELECT id FROM uploads WHERE created_at <= ?", (now - LIFETIME,)).fetchall()
    if expired:
        try:
            with database.write(timeout=REMOVAL_TIMEOUT) as connection:
                connection.executemany("DELETE FROM uploads WHERE id = ?", [(row["id"],) for row in expired])
        except sqlite3.OperationalError:
            _log.debug("expired uploads were not deleted", exc_info=True)
    blobs.remove_unreferenced(database)


def _add_layer(connection: sqlite3.Connection, upload_id: str, digest: str, size: int) -> bool:
    """Give the content its digest and the repository the layer; return False if it had both."""
    (repository_id,) = connection.execute("SELECT repository_id FROM uploads WHERE id = ?", (upload_id,)).fetchone()
    stored = blobs.has_content(connection, digest)
    added = not stored or not storage.find_layers(connection, repository_id, [digest])
    if not stored:
        connection.execute("UPDATE blobs SET digest = ? WHERE key = ?", (digest, upload_id))
    storage.declare_layer(connection, repository_id, digest, size)
    connection.execute("DELETE FROM uploads WHERE id = ?", (upload_id,))
    return added


def _received(connection: sqlite3.Connection, upload_id: str) -> int:
    row = connection.execute("SELECT size FROM uploads JOIN blobs ON key = id WHERE id = ?", (upload_id,)).fetchone()
    if row is None:
        raise UploadNotFoundError(upload_id)
    return int(row["size"])


def _check_position(connection: sqlite3.Connection, upload_id: str, position: int) -> None:
    received = _received(connection, upload_id)
    if received != position:
        raise UploadPositionError(received)


def _collected(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in larger pieces."""
    collected: list[bytes] = []
    size = 0
    for piece in pieces:
        if piece:
            collected.append(piece)
            size += len(piece)
        if size >= TRANSACTION_SIZE:
            yield b"".join(collected)
            collected.clear()
            size = 0
    if collected:
        yield b"".join(collected)
