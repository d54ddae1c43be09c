"""Rows as columns: how repositories and images go to another process, or into a file.

Column by column is several times quicker than row by row, and what stands in a hundred thousand rows is kept once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, Generic, TypeVar

from ecrtui.ecr.image import Image
from ecrtui.ecr.mutability import TagMutability
from ecrtui.ecr.repository import Repository

Item = TypeVar("Item")
Column = Sequence[Any]


@dataclass(frozen=True, slots=True)
class RowCodec(Generic[Item]):
    """How rows of one kind are taken apart and put together.

    Args:
        make: makes a row of its values, in the order of the names.
        names: its attributes.
        write: for a column of objects: as texts, numbers, None and sequences of them, which JSON and marshal know.
        read: for a column that has to be put right again, or to be kept once: what was written, or JSON made of it.
    """

    make: Callable[..., Item]
    names: tuple[str, ...]
    write: dict[str, Callable[[Column], Column]]
    read: dict[str, Callable[[Column], Iterable[Any]]]

    def to_columns(self, items: Iterable[Item]) -> list[Column]:
        """The columns of these rows; none if there are no rows."""
        rows = list(map(attrgetter(*self.names), items))
        columns: Iterable[Column] = zip(*rows, strict=True) if rows else ()
        return [
            self.write[name](column) if name in self.write else column
            for name, column in zip(self.names if rows else (), columns, strict=True)
        ]

    def from_columns(self, columns: Sequence[Column]) -> Iterable[Item]:
        """The rows of these columns, made as they are asked for.

        Raises:
            ValueError: they are not what :meth:`to_columns` gives.
        """
        if not columns:
            return ()
        try:
            read = [
                self.read[name](column) if name in self.read else column
                for name, column in zip(self.names, columns, strict=True)
            ]
            return list(map(self.make, *read))
        except (TypeError, AttributeError) as problem:
            raise ValueError(str(problem)) from problem


def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _interned(column: Column) -> Iterable[str]:
    """A few words a hundred thousand times: each is kept once."""
    return map(sys.intern, column)


def _same(column: Column) -> Iterable[Any]:
    """Counts of findings, each combination kept once."""
    return map(_kept, (None if entry is None else tuple(map(tuple, entry)) for entry in column))


@lru_cache(maxsize=4096)
def _kept(value: Any) -> Any:
    """The first of equal values."""
    return value


IMAGE_CODEC: RowCodec[Image] = RowCodec(
    make=Image,
    names=_names(Image),
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

REPOSITORY_CODEC: RowCodec[Repository] = RowCodec(
    make=Repository,
    names=_names(Repository),
    write={"mutability": lambda column: [(entry.setting, tuple(entry.exclusions)) for entry in column]},
    read={"mutability": lambda column: (TagMutability(setting, tuple(filters)) for setting, filters in column)},
)

CODECS: Mapping[str, RowCodec[Any]] = {"repositories": REPOSITORY_CODEC, "images": IMAGE_CODEC}
"""By the name of the listing, as :class:`ecrtui.registry.protocol.Registry` has it."""
