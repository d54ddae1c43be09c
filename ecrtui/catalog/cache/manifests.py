"""Manifests in the cache file, byte for byte, and the parts that they name."""

from __future__ import annotations

import json
import logging
import sqlite3
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ecrtui.catalog.cache.file import UNREADABLE, CacheFile
from ecrtui.ecr.image import ImageKind, is_index
from ecrtui.ecr.units import DAY

if TYPE_CHECKING:  # what reads manifests is not loaded for the cached rows of the first frame
    from ecrtui.catalog.index_parts import Part
    from ecrtui.ecr.manifest import Manifest

MANIFESTS_SIZE = 64 * 1024 * 1024
"""Bytes of manifests, compressed."""

_USED_STEP = DAY
"""The time of last use is stored no more exactly than this, so that most reads do not write."""

_PARSED_AT_ONCE = 100
"""Manifests whose parts are found between two transactions: other processes wait for a transaction."""

_KINDS: Mapping[str, ImageKind] = {kind.value: kind for kind in ImageKind}
"""The kinds by their value: a call of the class takes three times as long."""

_Row = tuple[str, str, str, str, bytes, float]
"""Registry, repository, digest, media type, compressed text, time of last use."""

_log = logging.getLogger(__name__)


class ManifestStore:
    """Manifests by repository and digest. When they exceed their size, the least recently used ones are deleted.

    The media type of a manifest belongs to the registry and the repository: the bytes, and so the digest, can be the
    same where the media type is another one.

    Args:
        file: the cache file.
        registry: the registry of the manifests.
        clock: returns seconds since the epoch.
        size: bytes of all manifests in the file, compressed.
    """

    def __init__(self, file: CacheFile, registry: str, clock: Callable[[], float], size: int) -> None:
        self._file = file
        self._registry = registry
        self._clock = clock
        self._size = size

    def load(self, repository: str, digests: Sequence[str]) -> tuple[Manifest, ...]:
        """Return those of these manifests that are stored and still match their digest."""
        return self._file.write(lambda connection: tuple(self._read(connection, repository, digests)), ())

    def indexes(self, repository: str) -> tuple[Manifest, ...]:
        """Return the indexes of a repository that are stored and still match their digest."""
        stored = self._file.read(
            lambda connection: connection.execute(
                "SELECT digest, media_type FROM manifest WHERE registry = ? AND repository = ?",
                (self._registry, repository),
            ).fetchall(),
            list[tuple[str, str]](),
        )
        return self.load(repository, [digest for digest, media_type in stored if is_index(str(media_type))])

    def recent(self, repository: str, limit: int) -> tuple[Manifest, ...]:
        """Return the manifests of a repository that were used last and still match their digest, at most ``limit``."""
        stored = self._file.read(
            lambda connection: connection.execute(
                "SELECT digest FROM manifest WHERE registry = ? AND repository = ? ORDER BY used_at DESC LIMIT ?",
                (self._registry, repository, limit),
            ).fetchall(),
            list[tuple[str]](),
        )
        return self.load(repository, [digest for (digest,) in stored])

    def parts(self, repository: str, digests: Iterable[str]) -> dict[str, Sequence[Part] | None]:
        """Return the parts named by the stored ones of these manifests; None for a text that is not a manifest.

        The parts of a manifest are stored with it when they are first asked for: parsing thousands of manifests takes
        a second.
        """
        from ecrtui.catalog.index_parts import Part, parts_of

        found: dict[str, Sequence[Part] | None] = {}
        unparsed = []
        for digest, text in self._stored_parts(repository, list(digests)):
            try:
                found[digest] = _decode_parts(text, Part)
            except (ValueError, TypeError, KeyError):  # not parsed yet, or damaged
                unparsed.append(digest)
        for start in range(0, len(unparsed), _PARSED_AT_ONCE):
            manifests = self.load(repository, unparsed[start : start + _PARSED_AT_ONCE])
            parsed = {manifest.digest: parts_of(manifest.text) for manifest in manifests}
            self._keep_parts(repository, parsed)
            found |= parsed
        return found

    def keep(self, repository: str, manifests: Sequence[Manifest]) -> None:
        """Store manifests of a repository."""
        now = self._clock()
        rows: list[_Row] = [
            (
                *(self._registry, repository, manifest.digest),
                *(manifest.media_type, zlib.compress(manifest.text.encode(), 1), now),
            )
            for manifest in manifests
        ]
        self._file.write(lambda connection: self._insert(connection, rows), None)

    def _read(self, connection: sqlite3.Connection, repository: str, digests: Sequence[str]) -> Iterator[Manifest]:
        now = self._clock()
        for digest in digests:
            row = connection.execute(
                "SELECT media_type, content, used_at, rowid FROM manifest "
                "WHERE registry = ? AND repository = ? AND digest = ?",
                (self._registry, repository, digest),
            ).fetchone()
            if row is None:
                continue
            manifest = _decode(digest, row[0], row[1])
            if manifest is None:
                _log.info("the cached manifest %s does not match its digest", digest)
                connection.execute("DELETE FROM manifest WHERE rowid = ?", (row[3],))
                continue
            if now - row[2] > _USED_STEP:
                connection.execute("UPDATE manifest SET used_at = ? WHERE rowid = ?", (now, row[3]))
            yield manifest

    def _stored_parts(self, repository: str, digests: Sequence[str]) -> list[tuple[str, str | None]]:
        """Return the stored parts of each of these manifests that is stored; the manifests are used."""
        subject = (self._registry, repository)
        stored = self._file.read(
            lambda connection: connection.execute(
                "SELECT digest, parts, used_at FROM manifest WHERE registry = ? AND repository = ? "
                "AND digest IN (SELECT value FROM json_each(?))",
                (*subject, json.dumps(digests)),
            ).fetchall(),
            list[tuple[str, str | None, float]](),
        )
        now = self._clock()
        due = [digest for digest, _, used_at in stored if now - used_at > _USED_STEP]
        if due:
            self._file.write(
                lambda connection: connection.execute(
                    "UPDATE manifest SET used_at = ? WHERE registry = ? AND repository = ? "
                    "AND digest IN (SELECT value FROM json_each(?))",
                    (now, *subject, json.dumps(due)),
                ),
                None,
            )
        return [(digest, text) for digest, text, _ in stored]

    def _keep_parts(self, repository: str, parsed: Mapping[str, Sequence[Part] | None]) -> None:
        rows = [(json.dumps(parts), self._registry, repository, digest) for digest, parts in parsed.items()]
        statement = "UPDATE manifest SET parts = ? WHERE registry = ? AND repository = ? AND digest = ?"
        self._file.write(lambda connection: connection.executemany(statement, rows), None)

    def _insert(self, connection: sqlite3.Connection, rows: Sequence[_Row]) -> None:
        connection.executemany("INSERT OR REPLACE INTO manifest VALUES (?, ?, ?, ?, ?, ?, NULL)", rows)
        used = connection.execute("SELECT coalesce(sum(length(content)), 0) FROM manifest").fetchone()[0]
        if used <= self._size:
            return
        for row, size in connection.execute(
            "SELECT rowid, length(content) FROM manifest ORDER BY used_at, rowid"
        ).fetchall():
            connection.execute("DELETE FROM manifest WHERE rowid = ?", (row,))
            used -= size
            if used <= self._size * 9 // 10:
                return


def _decode(digest: str, media_type: str, content: bytes) -> Manifest | None:
    from ecrtui.ecr.manifest import Manifest

    try:
        manifest = Manifest(zlib.decompress(content).decode(), digest, media_type)
    except UNREADABLE:
        return None
    return manifest if manifest.intact else None


def _decode_parts(text: str | None, make: Callable[[str, ImageKind, str, bool], Part]) -> Sequence[Part] | None:
    """Return the parts that were stored as JSON.

    Raises:
        ValueError: the text is not JSON of parts.
        TypeError: there is no text, or it is not JSON of parts.
        KeyError: it has a kind that is not known.
    """
    stored = json.loads(text)  # type: ignore[arg-type]  # raises TypeError for None
    if stored is None:
        return None
    return tuple(
        [
            make(digest, _KINDS[kind], sys.intern(platform), bool(is_platform))
            for digest, kind, platform, is_platform in stored
        ]
    )
