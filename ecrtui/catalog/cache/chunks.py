"""Rows as chunks of JSON, so that a new listing rewrites only what changed.

A listing is sorted and cut into chunks of about a thousand rows. The rows themselves decide where a chunk ends: a row
that appears, changes or disappears alters one chunk, and the others stay byte for byte the same. A chunk is identified
by the digest of its content. Decoding one chunk at a time never holds the interpreter for long.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from ecrtui.ecr.image import Image
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.row_codec import IMAGE_CODEC, REPOSITORY_CODEC, RowCodec
from ecrtui.ecr.units import DAY

Item = TypeVar("Item")

MEAN_CHUNK_ROWS = 1024
"""Average number of rows in a chunk."""


@dataclass(frozen=True, slots=True)
class ChunkCodec(Generic[Item]):
    """The encoding of one kind of row."""

    row_codec: RowCodec[Item]
    key: Callable[[Item], str]
    order: Callable[[Item], Any]
    section: Callable[[Item], float]
    """The first criterion of the order. Sections are sorted one by one, because a sort holds the interpreter."""

    def chunks(self, items: Iterable[Item]) -> Iterator[bytes]:
        """Yield the sorted rows as chunks, not compressed."""
        chunk: list[Item] = []
        for item in self._sorted(items):
            chunk.append(item)
            if zlib.crc32(self.key(item).encode()) % MEAN_CHUNK_ROWS == 0:
                yield self._encode(chunk)
                chunk = []
        if chunk:
            yield self._encode(chunk)

    def _sorted(self, items: Iterable[Item]) -> Iterator[Item]:
        sections: dict[float, list[Item]] = {}
        for item in items:
            sections.setdefault(self.section(item), []).append(item)
        for section in sorted(sections):
            yield from sorted(sections[section], key=self.order)

    def _encode(self, items: Sequence[Item]) -> bytes:
        return json.dumps(self.row_codec.to_columns(items), separators=(",", ":")).encode()

    def items(self, content: bytes) -> Iterable[Item]:
        """Return the rows of a chunk.

        Raises:
            ValueError: the content is not a chunk of :meth:`chunks`.
        """
        return self.row_codec.from_columns(json.loads(content))


def chunk_digest(content: bytes) -> bytes:
    """Return the digest that identifies a chunk."""
    return hashlib.sha256(content).digest()


IMAGE_CHUNKS: ChunkCodec[Image] = ChunkCodec(
    row_codec=IMAGE_CODEC,
    key=attrgetter("digest"),
    order=lambda image: (-(image.pushed_at or 0.0), image.digest),
    section=lambda image: -(image.pushed_at or 0.0) // DAY,
)

REPOSITORY_CHUNKS: ChunkCodec[Repository] = ChunkCodec(
    row_codec=REPOSITORY_CODEC,
    key=attrgetter("name"),
    order=attrgetter("name"),
    section=lambda repository: 0.0,
)
