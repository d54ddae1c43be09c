"""Storage of images and layers, without the rules of the API. Operations and imports share it.

Every function runs in the caller's transaction.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping

from ecrtui.emulator.manifests import INDEXES, ManifestContents

CHUNK_SIZE = 1024 * 1024
"""Bytes; the largest chunk of content. Each download has one in memory while its client reads."""


def digest_of(content: bytes) -> str:
    """Return the sha256 digest of these bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def insert_image(
    connection: sqlite3.Connection, repository_id: int, manifest: str, contents: ManifestContents, *, pushed_at: float
) -> int:
    """Store an image that the repository does not have; return the id of its row.

    Its size (``imageSizeInBytes``) is the sum of its config and layers in the repository. The size of an index is that
    of its largest image.
    """
    layers = find_layers(connection, repository_id, contents.blobs)
    cursor = connection.execute(
        "INSERT INTO images (repository_id, digest, media_type, artifact_media_type, size, pushed_at, subject)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            repository_id,
            digest_of(manifest.encode()),
            contents.media_type,
            contents.artifact_media_type or None,
            _image_size(connection, repository_id, contents, layers),
            pushed_at,
            contents.subject or None,
        ),
    )
    image_id = int(cursor.lastrowid or 0)
    connection.execute("INSERT INTO manifests (image_id, manifest) VALUES (?, ?)", (image_id, manifest))
    connection.executemany(
        "INSERT OR IGNORE INTO index_children (repository_id, child_digest, parent_id) VALUES (?, ?, ?)",
        [(repository_id, child, image_id) for child in contents.children],
    )
    _link_layers(connection, image_id, contents, layers)
    return image_id


def copy_image(connection: sqlite3.Connection, image: sqlite3.Row, repository_id: int, *, pushed_at: float) -> int:
    """Copy an image with its blobs to a repository that does not have it; return the id of its row there.

    Args:
        image: the row of the image in its own repository.
    """
    cursor = connection.execute(
        "INSERT INTO images (repository_id, digest, media_type, artifact_media_type, size, pushed_at, subject)"
        " SELECT ?, digest, media_type, artifact_media_type, size, ?, subject FROM images WHERE id = ?",
        (repository_id, pushed_at, image["id"]),
    )
    copy_id = int(cursor.lastrowid or 0)
    connection.execute(
        "INSERT INTO manifests (image_id, manifest) SELECT ?, manifest FROM manifests WHERE image_id = ?",
        (copy_id, image["id"]),
    )
    if image["media_type"] in INDEXES:
        connection.execute(
            "INSERT INTO index_children (repository_id, child_digest, parent_id)"
            " SELECT ?, child_digest, ? FROM index_children WHERE parent_id = ?",
            (repository_id, copy_id, image["id"]),
        )
    else:
        connection.execute(
            "INSERT OR IGNORE INTO layers (repository_id, digest, size, media_type)"
            " SELECT ?, l.digest, l.size, l.media_type FROM image_layers i JOIN layers l ON l.id = i.layer_id"
            " WHERE i.image_id = ?",
            (repository_id, image["id"]),
        )
        connection.execute(
            "INSERT INTO image_layers (image_id, layer_id) SELECT ?, copy.id FROM image_layers i"
            " JOIN layers l ON l.id = i.layer_id"
            " JOIN layers copy ON copy.repository_id = ? AND copy.digest = l.digest"
            " WHERE i.image_id = ?",
            (copy_id, repository_id, image["id"]),
        )
    return copy_id


def set_tag(connection: sqlite3.Connection, repository_id: int, tag: str, image_id: int) -> None:
    """Point a tag at an image, also if it points at another."""
    connection.execute(
        "INSERT INTO tags (repository_id, tag, image_id) VALUES (?, ?, ?)"
        " ON CONFLICT (repository_id, tag) DO UPDATE SET image_id = excluded.image_id",
        (repository_id, tag, image_id),
    )


def store_layer(connection: sqlite3.Connection, repository_id: int, pieces: Iterable[bytes]) -> tuple[str, int]:
    """Store a layer or config with its content, given in pieces; return its digest and its size in bytes."""
    sha256 = hashlib.sha256()
    size = 0
    temporary = f"unfinished:{repository_id}"
    for piece in pieces:
        sha256.update(piece)
        for first in range(0, len(piece), CHUNK_SIZE):
            chunk = piece[first : first + CHUNK_SIZE]
            _insert_chunk(connection, temporary, size, chunk)
            size += len(chunk)
    digest = "sha256:" + sha256.hexdigest()
    if has_content(connection, digest):
        connection.execute("DELETE FROM blob_chunks WHERE digest = ?", (temporary,))
    elif size:
        connection.execute("UPDATE blob_chunks SET digest = ? WHERE digest = ?", (digest, temporary))
    else:
        _insert_chunk(connection, digest, 0, b"")
    declare_layer(connection, repository_id, digest, size)
    return digest, size


def declare_layer(connection: sqlite3.Connection, repository_id: int, digest: str, size: int) -> None:
    """Add a layer or config of this size in bytes to the repository, without its content."""
    connection.execute(
        "INSERT OR IGNORE INTO layers (repository_id, digest, size) VALUES (?, ?, ?)", (repository_id, digest, size)
    )


def has_content(connection: sqlite3.Connection, digest: str) -> bool:
    """Return True if the content of this digest is stored, for any repository."""
    return connection.execute("SELECT 1 FROM blob_chunks WHERE digest = ? LIMIT 1", (digest,)).fetchone() is not None


def read_layer(connection: sqlite3.Connection, digest: str) -> bytes:
    """Return the content of a layer or config; empty if it is only declared."""
    rows = connection.execute("SELECT content FROM blob_chunks WHERE digest = ? ORDER BY first_byte", (digest,))
    return b"".join(row["content"] for row in rows)


def layer_sizes(connection: sqlite3.Connection, repository_id: int, digests: Iterable[str]) -> Mapping[str, int]:
    """Return the sizes in bytes, by digest, of the layers that the repository has."""
    return {digest: int(row["size"]) for digest, row in find_layers(connection, repository_id, digests).items()}


def find_layers(
    connection: sqlite3.Connection, repository_id: int, digests: Iterable[str]
) -> Mapping[str, sqlite3.Row]:
    """Return the id, the size in bytes and the media type, by digest, of the layers that the repository has."""
    query = "SELECT id, size, media_type FROM layers WHERE repository_id = ? AND digest = ?"
    rows = ((digest, connection.execute(query, (repository_id, digest)).fetchone()) for digest in digests)
    return {digest: row for digest, row in rows if row is not None}


def missing_images(connection: sqlite3.Connection, repository_id: int, digests: Iterable[str]) -> list[str]:
    """Return the digests of the images that the repository does not have."""
    query = "SELECT 1 FROM images WHERE repository_id = ? AND digest = ?"
    return [digest for digest in digests if connection.execute(query, (repository_id, digest)).fetchone() is None]


def _insert_chunk(connection: sqlite3.Connection, digest: str, first_byte: int, chunk: bytes) -> None:
    connection.execute(
        "INSERT INTO blob_chunks (digest, first_byte, content) VALUES (?, ?, ?)", (digest, first_byte, chunk)
    )


def _link_layers(
    connection: sqlite3.Connection, image_id: int, contents: ManifestContents, layers: Mapping[str, sqlite3.Row]
) -> None:
    """Store which layers and configs an image names, and the media type that its manifest gives them."""
    connection.executemany(
        "INSERT INTO image_layers (image_id, layer_id) VALUES (?, ?)",
        [(image_id, row["id"]) for row in layers.values()],
    )
    named = [(contents.blobs[digest].media_type, row) for digest, row in layers.items()]
    connection.executemany(
        "UPDATE layers SET media_type = ? WHERE id = ?",
        [(media_type, row["id"]) for media_type, row in named if media_type not in ("", row["media_type"])],
    )


def _image_size(
    connection: sqlite3.Connection,
    repository_id: int,
    contents: ManifestContents,
    layers: Mapping[str, sqlite3.Row],
) -> int:
    if contents.media_type in INDEXES:
        sizes = [
            row["size"]
            for child in contents.children
            for row in connection.execute(
                "SELECT size FROM images WHERE repository_id = ? AND digest = ?", (repository_id, child)
            )
        ]
        return max(sizes, default=0)
    return sum(layers[digest]["size"] if digest in layers else blob.size for digest, blob in contents.blobs.items())
