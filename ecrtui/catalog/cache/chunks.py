"""Rows as compressed pieces: what a cache writes is what changed, and reading never holds the interpreter for long.

Rows are put in order and cut into pieces of about a thousand, at places that depend on the rows themselves: a row that
comes, goes or changes makes one piece another, the rest stays what it was. A piece is known by the digest of its
content.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from ecrtui.ecr import row_codec as columns
from ecrtui.ecr.image import Image
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.row_codec import RowCodec

Item = TypeVar("Item")

_DAY = 86_400
MEAN_CHUNK_ROWS = 1024
"""Rows in a piece, on average."""


@dataclass(frozen=True, slots=True)
class ChunkCodec(Generic[Item]):
    """How rows of a kind are written and read."""

    columns: RowCodec[Item]
    key: Callable[[Item], str]
    order: Callable[[Item], Any]
    section: Callable[[Item], float]
    """Comes first in the order. Sections are sorted one by one: a sort holds the interpreter until it is done."""

    def chunks(self, items: Iterable[Item]) -> Iterator[bytes]:
        """The rows, ordered, as the contents of pieces, not compressed."""
        piece: list[Item] = []
        for item in self._ordered(items):
            piece.append(item)
            if zlib.crc32(self.key(item).encode()) % MEAN_CHUNK_ROWS == 0:
                yield self._content(piece)
                piece = []
        if piece:
            yield self._content(piece)

    def _ordered(self, items: Iterable[Item]) -> Iterator[Item]:
        sections: dict[float, list[Item]] = {}
        for item in items:
            sections.setdefault(self.section(item), []).append(item)
        for section in sorted(sections):
            yield from sorted(sections[section], key=self.order)

    def _content(self, items: Sequence[Item]) -> bytes:
        return json.dumps(self.columns.to_columns(items), separators=(",", ":")).encode()

    def items(self, content: bytes) -> Iterable[Item]:
        """The rows of a piece.

        Raises:
            ValueError: it is not what :meth:`pieces` gives.
        """
        return self.columns.from_columns(json.loads(content))


def identity(content: bytes) -> bytes:
    """What a piece is known by."""
    return hashlib.sha256(content).digest()


IMAGES: ChunkCodec[Image] = ChunkCodec(
    columns=columns.IMAGE_CODEC,
    key=attrgetter("digest"),
    order=lambda image: (-(image.pushed_at or 0.0), image.digest),
    section=lambda image: -(image.pushed_at or 0.0) // _DAY,
)

REPOSITORIES: ChunkCodec[Repository] = ChunkCodec(
    columns=columns.REPOSITORY_CODEC,
    key=attrgetter("name"),
    order=attrgetter("name"),
    section=lambda repository: 0.0,
)
