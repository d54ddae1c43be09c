"""Encode repositories and images as columns, for another process or for a file.

Columns are several times faster than rows, and a value that many rows share is kept once.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import repeat, starmap
from operator import attrgetter
from typing import Any, Generic, TypeVar

from ecrtui.ecr.image import Image
from ecrtui.ecr.mutability import TagMutability
from ecrtui.ecr.repository import Repository

Item = TypeVar("Item")
Column = Sequence[Any]


@dataclass(frozen=True, slots=True)
class RowCodec(Generic[Item]):
    """Convert rows of one type to columns and back.

    Args:
        kind: the type of a row, a dataclass with slots.
        names: the attributes of a row.
        encoders: by name, a function that turns a column of objects into types that JSON and marshal support.
        decoders: by name, a function that restores a column after JSON or marshal, and keeps equal values once.
    """

    kind: type[Item]
    names: tuple[str, ...]
    encoders: dict[str, Callable[[Column], Column]]
    decoders: dict[str, Callable[[Column], Iterable[Any]]]

    def to_columns(self, items: Iterable[Item]) -> list[Column]:
        """Return the columns of these rows; an empty list for no rows."""
        if isinstance(items, ColumnRows):
            columns: Sequence[Column] = items.columns
        else:
            columns = list(zip(*map(attrgetter(*self.names), items), strict=True))
        return [
            self.encoders[name](column) if name in self.encoders else column
            for name, column in zip(self.names if columns else (), columns, strict=True)
        ]

    def from_columns(self, columns: Sequence[Column]) -> Iterable[Item]:
        """Return the rows of these columns.

        Raises:
            ValueError: the columns are not from :meth:`to_columns`.
        """
        if not columns:
            return ()
        try:
            read = [
                self.decoders[name](column) if name in self.decoders else column
                for name, column in zip(self.names, columns, strict=True)
            ]
            return self.rows(len(columns[0]), read)
        except (TypeError, AttributeError) as problem:
            raise ValueError(str(problem)) from problem

    def rows(self, count: int, columns: Iterable[Iterable[Any]]) -> list[Item]:
        """Return this many rows with these columns. A call for each row would take three times as long."""
        rows = list(map(object.__new__, repeat(self.kind, count)))
        for name, column in zip(self.names, columns, strict=True):
            set_attribute = getattr(self.kind, name).__set__
            deque(starmap(set_attribute, zip(rows, column, strict=True)), maxlen=0)
        return rows


@dataclass(frozen=True, slots=True)
class ColumnRows(Iterable[Item]):
    """Rows that are kept as columns. The rows are made when they are iterated over.

    Args:
        codec: the codec of the rows.
        columns: a column for each attribute, all of the same length.
    """

    codec: RowCodec[Item]
    columns: Sequence[Column]

    def __iter__(self) -> Iterator[Item]:
        return iter(self.codec.rows(len(self.columns[0]), self.columns))


def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _interned(column: Column) -> Iterable[str]:
    """Intern the texts of a column: few different ones fill many rows."""
    return map(sys.intern, column)


def _shared_counts(column: Column) -> Iterable[Any]:
    """Return finding counts as tuples; equal ones share an object."""
    return map(_shared, (None if entry is None else tuple(map(tuple, entry)) for entry in column))


@lru_cache(maxsize=4096)
def _shared(value: Any) -> Any:
    """Return the first of equal values."""
    return value


IMAGE_CODEC: RowCodec[Image] = RowCodec(
    kind=Image,
    names=_names(Image),
    encoders={},
    decoders={
        "tags": lambda column: map(tuple, column),
        "media_type": _interned,
        "artifact_media_type": _interned,
        "status": _interned,
        "scan_status": _interned,
        "subject": _interned,
        "findings": _shared_counts,
    },
)

REPOSITORY_CODEC: RowCodec[Repository] = RowCodec(
    kind=Repository,
    names=_names(Repository),
    encoders={"mutability": lambda column: [(entry.setting, tuple(entry.exclusions)) for entry in column]},
    decoders={"mutability": lambda column: (TagMutability(setting, tuple(filters)) for setting, filters in column)},
)

CODECS: Mapping[str, RowCodec[Any]] = {"repositories": REPOSITORY_CODEC, "images": IMAGE_CODEC}
"""By the method of :class:`ecrtui.registry.protocol.Registry` that lists the rows."""
