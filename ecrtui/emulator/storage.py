"""Storage of repositories, images and layers, without the rules of the API. Operations and imports share it.

The content of layers is in :mod:`ecrtui.emulator.blobs`.

Every function runs in the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from ecrtui.emulator import blobs
from ecrtui.emulator.blobs import digest_of
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.manifests import INDEXES, ManifestContents

TAGS = "(SELECT group_concat(tag, ' ') FROM tags WHERE image_id = i.id) AS tags"
"""The column ``tags`` for queries of ``images i``; see :func:`split_tags`."""


def split_tags(row: sqlite3.Row) -> list[str]:
    """Return the tags in the column :data:`TAGS` of a row, sorted."""
    return sorted(row["tags"].split(" ")) if row["tags"] else []


def find_repository(connection: sqlite3.Connection, registry_id: str, region: str, name: str) -> sqlite3.Row | None:
    """Return the row of a repository; None if there is none."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM repositories WHERE registry_id = ? AND region = ? AND name = ?", (registry_id, region, name)
    ).fetchone()
    return row


def insert_image(
    connection: sqlite3.Connection, repository_id: int, manifest: str, contents: ManifestContents, *, pushed_at: float
) -> int:
    """Store an image that the repository does not have; return the id of its row.

    Its size (``imageSizeInBytes``) is the sum of its config and layers in the repository. The size of an index is that
    of its largest image.
    """
    layers = find_layers(connection, repository_id, contents.named)
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


def read_manifest(connection: sqlite3.Connection, image_id: int) -> str:
    """Return the exact text of the manifest of an image.

    Raises:
        ServiceError: ServerException; somebody changed the file.
    """
    row = connection.execute("SELECT manifest FROM manifests WHERE image_id = ?", (image_id,)).fetchone()
    if row is None or not isinstance(row["manifest"], str):
        raise ServiceError("ServerException", "The registry file is damaged: an image has no manifest.", 500)
    return str(row["manifest"])


def activate_image(connection: sqlite3.Connection, image: sqlite3.Row, *, at: float) -> bool:
    """Make an archived image active; return False if it was active.

    Args:
        at: seconds since the epoch.
    """
    if image["status"] == "ACTIVE":
        return False
    connection.execute("UPDATE images SET status = 'ACTIVE', last_activated_at = ? WHERE id = ?", (at, image["id"]))
    return True


def set_tag(connection: sqlite3.Connection, repository_id: int, tag: str, image_id: int) -> None:
    """Point a tag at an image, also if it points at another."""
    connection.execute(
        "INSERT INTO tags (repository_id, tag, image_id) VALUES (?, ?, ?)"
        " ON CONFLICT (repository_id, tag) DO UPDATE SET image_id = excluded.image_id",
        (repository_id, tag, image_id),
    )


def store_layer(connection: sqlite3.Connection, repository_id: int, content: bytes) -> str:
    """Store a small layer or config with its content; return its digest."""
    digest = digest_of(content)
    blobs.store_blob(connection, digest, content)
    declare_layer(connection, repository_id, digest, len(content))
    return digest


def declare_layer(connection: sqlite3.Connection, repository_id: int, digest: str, size: int) -> None:
    """Add a layer or config of this size in bytes to the repository, without its content."""
    connection.execute(
        "INSERT OR IGNORE INTO layers (repository_id, digest, size) VALUES (?, ?, ?)", (repository_id, digest, size)
    )


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


def _link_layers(
    connection: sqlite3.Connection, image_id: int, contents: ManifestContents, layers: Mapping[str, sqlite3.Row]
) -> None:
    """Store which layers and configs an image names, and the media type that its manifest gives them."""
    connection.executemany(
        "INSERT INTO image_layers (image_id, layer_id) VALUES (?, ?)",
        [(image_id, row["id"]) for row in layers.values()],
    )
    blobs = contents.named
    named = [(blobs[digest].media_type, row) for digest, row in layers.items()]
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
