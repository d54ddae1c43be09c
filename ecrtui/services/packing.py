"""Rows as compressed pieces: what a cache writes is what changed, and reading never holds the interpreter for long.

Rows are put in order and cut into pieces of about a thousand, at places that depend on the rows themselves: a row that
comes, goes or changes makes one piece another, the rest stays what it was. A piece is known by the digest of its
content.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

from ecrtui.model.image import Image, Repository
from ecrtui.model.mutability import Mutability

Item = TypeVar("Item")
Column = Sequence[Any]

_DAY = 86_400
MEAN = 1024
"""Rows in a piece, on average."""


@dataclass(frozen=True, slots=True)
class Packing(Generic[Item]):
    """How rows of a kind are written and read: column by column, which is twice as quick as row by row."""

    make: Callable[..., Item]
    names: tuple[str, ...]
    key: Callable[[Item], str]
    order: Callable[[Item], Any]
    section: Callable[[Item], float]
    """Comes first in the order. Sections are sorted one by one: a sort holds the interpreter until it is done."""
    write: dict[str, Callable[[Column], Column]]
    """For a column that JSON cannot say: what it can."""
    read: dict[str, Callable[[Column], Iterable[Any]]]
    """And back."""

    def pieces(self, items: Iterable[Item]) -> Iterator[bytes]:
        """The rows, ordered, as the contents of pieces, not compressed."""
        values = attrgetter(*self.names)
        piece: list[Any] = []
        for item in self._ordered(items):
            piece.append(values(item))
            if zlib.crc32(self.key(item).encode()) % MEAN == 0:
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

    def _content(self, rows: Sequence[Sequence[Any]]) -> bytes:
        columns: Iterable[Column] = zip(*rows, strict=True)
        said = [
            self.write[name](column) if name in self.write else column
            for name, column in zip(self.names, columns, strict=True)
        ]
        return json.dumps(said, separators=(",", ":")).encode()

    def items(self, content: bytes) -> Iterator[Item]:
        """The rows of a piece.

        Raises:
            ValueError: it is not what :meth:`pieces` gives.
        """
        columns = json.loads(content)
        try:
            read = [
                self.read[name](column) if name in self.read else column
                for name, column in zip(self.names, columns, strict=True)
            ]
            yield from map(self.make, *read)
        except (TypeError, AttributeError) as problem:
            raise ValueError(str(problem)) from problem


def identity(content: bytes) -> bytes:
    """What a piece is known by."""
    return hashlib.sha256(content).digest()


def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _interned(column: Column) -> Iterable[str]:
    """A few words a hundred thousand times: each is kept once."""
    return map(sys.intern, column)


def _same(column: Column) -> Iterator[Any]:
    """Counts of findings, each combination kept once."""
    kept: dict[Any, Any] = {}
    for entry in column:
        value = None if entry is None else tuple(map(tuple, entry))
        yield kept.setdefault(value, value)


IMAGES: Packing[Image] = Packing(
    make=Image,
    names=_names(Image),
    key=attrgetter("digest"),
    order=lambda image: (-(image.pushed_at or 0.0), image.digest),
    section=lambda image: -(image.pushed_at or 0.0) // _DAY,
    write={},
    read={
        "tags": lambda column: map(tuple, column),
        "media_type": _interned,
        "artifact_media_type": _interned,
        "status": _interned,
        "scan_status": _interned,
        "subject": _interned,
        "findings": _same,
    },
)

REPOSITORIES: Packing[Repository] = Packing(
    make=Repository,
    names=_names(Repository),
    key=attrgetter("name"),
    order=attrgetter("name"),
    section=lambda repository: 0.0,
    write={"mutability": lambda column: [(entry.setting, entry.exclusions) for entry in column]},
    read={"mutability": lambda column: (Mutability(setting, tuple(filters)) for setting, filters in column)},
)
