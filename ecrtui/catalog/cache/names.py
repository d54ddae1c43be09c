"""The names in the cache: repositories, tags and digests, for the completion of a shell.

Only what a user can type is returned, and nothing is created, changed or deleted. A cache that cannot be read has no
names.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

from ecrtui.catalog.cache.file import UNREADABLE, VERSION
from ecrtui.catalog.cache.listings import split_digests
from ecrtui.ecr.digest import is_digest
from ecrtui.ecr.reference import is_repository_name
from ecrtui.ecr.row_codec import IMAGE_CODEC, REPOSITORY_CODEC
from ecrtui.ecr.tag import stored_tag_error

CHUNKS = 20
"""Chunks of images that are read: the newest images, about 20,000. All 100,000 would take half a second."""

BUSY_TIMEOUT = 0.2
"""Seconds to wait while another process writes. The user waits for the answer."""


class CachedNames:
    """The names in the listings of the registry that a connection led to the last time.

    If that is not known, because the configuration changed since, the registries of the region are used.

    Args:
        file: the cache file; None for no names.
        fingerprint: see :func:`ecrtui.catalog.cache.fingerprint.connection_fingerprint`.
        region: the region; empty for all regions.
    """

    def __init__(self, file: Path | None, fingerprint: str, region: str) -> None:
        self._file = file
        self._fingerprint = fingerprint
        self._region = region

    def repositories(self) -> list[str]:
        """Return the names of the repositories."""
        names = set(self._texts("", lambda columns: columns[REPOSITORY_CODEC.names.index("name")]))
        return sorted(filter(is_repository_name, names))

    def tags(self, repository: str) -> list[str]:
        """Return the tags of the newest images of a repository, the newest first."""
        tags = self._texts(repository, lambda columns: chain.from_iterable(columns[IMAGE_CODEC.names.index("tags")]))
        return [tag for tag in dict.fromkeys(tags) if not stored_tag_error(tag)]

    def digests(self, repository: str) -> list[str]:
        """Return the digests of the newest images of a repository, the newest first."""
        digests = self._texts(repository, lambda columns: columns[IMAGE_CODEC.names.index("digest")])
        return [digest for digest in dict.fromkeys(digests) if is_digest(digest)]

    def _texts(self, repository: str, read: Callable[[Sequence[Any]], Iterable[Any]]) -> Iterator[str]:
        """Yield the texts that a function finds in the columns of each chunk, until one cannot be read.

        Args:
            repository: the repository whose listing is read; empty for the listing of repositories.
            read: returns the values of one chunk.
        """
        try:
            for content in self._read(repository):
                if columns := json.loads(zlib.decompress(content)):
                    yield from map(str, read(columns))
        except (sqlite3.Error, OSError, *UNREADABLE):
            return

    def _read(self, repository: str) -> list[bytes]:
        if self._file is None:
            return []
        address = f"{self._file.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT)) as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                return []
            return [
                content
                for registry in self._registries(connection)
                for content in _chunks(connection, registry, repository)
            ]

    def _registries(self, connection: sqlite3.Connection) -> Iterable[str]:
        columns = "SELECT DISTINCT registry_id || ' ' || region || ' ' || endpoint FROM connection"
        known = connection.execute(f"{columns} WHERE fingerprint = ?", (self._fingerprint,)).fetchall()
        found = known or connection.execute(f"{columns} WHERE ? IN (region, '')", (self._region,)).fetchall()
        return [row[0] for row in found]


def _chunks(connection: sqlite3.Connection, registry: str, repository: str) -> list[bytes]:
    listing = connection.execute(
        "SELECT id, chunks FROM listing WHERE registry = ? AND repository = ?", (registry, repository)
    ).fetchone()
    if listing is None:
        return []
    found = (
        connection.execute(
            "SELECT content FROM chunk WHERE listing = ? AND digest = ?", (listing[0], digest)
        ).fetchone()
        for digest in split_digests(listing[1])[:CHUNKS]
    )
    return [row[0] for row in found if row]
