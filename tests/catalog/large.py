"""Large repositories for tests, written directly into the database of the embedded registry."""

from __future__ import annotations

import hashlib

from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import OCI_CONFIG, OCI_MANIFEST

PUSHED_AT = 1_790_000_000.0


def add_images(embedded: EmbeddedRegistry, repository: str, count: int, *, tagged_every: int = 2) -> list[str]:
    """Add a repository with this many images; every n-th has a tag (0: none). Return the digests."""
    digests = ["sha256:" + hashlib.sha256(f"{repository} {number}".encode()).hexdigest() for number in range(count)]
    add_repositories(embedded, [repository])
    with embedded.database.write() as connection:
        (number,) = connection.execute("SELECT id FROM repositories WHERE name = ?", (repository,)).fetchone()
        connection.executemany(
            "INSERT INTO images (repository_id, digest, media_type, artifact_media_type, size, pushed_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [
                (number, digest, OCI_MANIFEST, OCI_CONFIG, 1000 + row, PUSHED_AT + row)
                for row, digest in enumerate(digests)
            ],
        )
        if tagged_every:
            connection.executemany(
                "INSERT INTO tags (repository_id, tag, image_id) "
                "SELECT ?, ?, id FROM images WHERE repository_id = ? AND digest = ?",
                [(number, f"v{row}", number, digest) for row, digest in enumerate(digests) if row % tagged_every == 0],
            )
    return digests


def add_repositories(embedded: EmbeddedRegistry, names: list[str]) -> None:
    """Add empty repositories."""
    with embedded.database.write() as connection:
        connection.executemany(
            "INSERT INTO repositories (registry_id, region, name, created_at) VALUES (?, ?, ?, ?)",
            [(embedded.registry_id, embedded.region, name, PUSHED_AT) for name in names],
        )
