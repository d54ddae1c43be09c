"""A search over the registries of several session sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ecrtui.catalog.find import FindReading
from ecrtui.catalog.find_query import Query
from ecrtui.catalog.find_references import resolve_references
from ecrtui.catalog.find_result import Answer
from ecrtui.catalog.merged_listing import MergedListing
from ecrtui.catalog.read_ahead import may_read_ahead
from ecrtui.ecr.location import RegistryLocation
from ecrtui.errors import EcrTuiError

if TYPE_CHECKING:
    from ecrtui.session import Session, SessionSource


class SearchedRegistry(NamedTuple):
    """A registry that is searched.

    Args:
        number: the number of the connection.
        source: the source of its session.
        location: account, region and endpoint; None if nothing is connected.
        protected_tags: the patterns of the account.
    """

    number: int
    source: SessionSource
    location: RegistryLocation | None
    protected_tags: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """The account; the profile if nothing is connected."""
        return self.location.registry_id if self.location else self.source.connection.profile or "environment"

    @property
    def region(self) -> str:
        """The region."""
        return self.location.region if self.location else self.source.connection.region or ""


@dataclass(frozen=True)
class Progress:
    """The progress of a search.

    Args:
        asked: the number of repositories that have answered, by number of the connection.
        total: the number of repositories that are known, by number of the connection.
        listing: True while the images of a registry are listed.
        throttled: seconds until the next request of a registry that throttled one.
        notes: how the text was understood.
    """

    asked: dict[int, int] = field(default_factory=dict)
    total: dict[int, int] = field(default_factory=dict)
    listing: bool = False
    throttled: float = 0.0
    notes: tuple[str, ...] = ()


class Found(NamedTuple):
    """Answers of one registry, and the progress of the search."""

    registry: SearchedRegistry
    answers: tuple[Answer, ...]
    progress: Progress


class FindEverywhere:
    """The answers of all repositories of several registries. Iterating blocks; any thread may call :meth:`close`.

    Args:
        sources: the registries. One that cannot be searched has an answer with its error.
        query: what to find.
        readable: the repositories whose indexes the user allows to read, as number of the connection and name.

    Raises:
        EcrTuiError: (from ``next()``) it is not known what a reference means.
    """

    def __init__(self, sources: Sequence[SessionSource], query: Query, readable: Set[tuple[int, str]]) -> None:
        self._sources = sources
        self._readable = readable
        self._query = query
        self._progress = Progress()
        self._readings: list[FindReading] = []
        self._merged: MergedListing[Found] | None = None
        self._is_closed = False

    def close(self) -> None:
        """End the iteration and send no further request."""
        self._is_closed = True
        for reading in self._readings:
            reading.close()
        if self._merged is not None:
            self._merged.close()

    def __iter__(self) -> Iterator[tuple[Found, ...]]:
        return self

    def __next__(self) -> tuple[Found, ...]:
        if self._is_closed:
            raise StopIteration
        if self._merged is None:
            return self._start()
        return next(self._merged).items

    def _start(self) -> tuple[Found, ...]:
        """Resolve the references, and start to read; return the errors of registries that are not connected."""
        sessions: list[tuple[SearchedRegistry, Session]] = []
        errors: list[Found] = []
        for number, source in enumerate(self._sources):
            try:
                session = source()
            except EcrTuiError as error:
                errors.append(self._failed(SearchedRegistry(number, source, None), error))
            else:
                registry = SearchedRegistry(number, source, session.location, session.settings.protected_tags)
                sessions.append((registry, session))
        registries = [(session.location, session.registry) for _, session in sessions]
        query = resolve_references(self._query, registries)
        self._progress = replace(self._progress, notes=query.notes)
        parts = []
        for registry, session in sessions:
            reading = session.catalog.find(query, partial(self._may_read, registry, session))
            self._readings.append(reading)
            parts.append(partial(self._read, registry, reading))
        self._merged = MergedListing(parts)
        return tuple(errors)

    def _may_read(self, registry: SearchedRegistry, session: Session, repository: str) -> bool:
        asked_for = (registry.number, repository) in self._readable
        return asked_for or may_read_ahead(session.registry, session.settings.prefetch, repository)

    def _read(self, registry: SearchedRegistry, reading: FindReading) -> Iterator[tuple[Found, ...]]:
        try:
            for batch in reading:
                before = self._progress
                self._progress = replace(
                    before,
                    asked=before.asked | {registry.number: batch.asked},
                    total=before.total | {registry.number: batch.total},
                    listing=batch.listing,
                    throttled=batch.throttled,
                )
                yield (Found(registry, batch.answers, self._progress),)
        except EcrTuiError as error:
            yield (self._failed(registry, error),)

    def _failed(self, registry: SearchedRegistry, error: EcrTuiError) -> Found:
        return Found(registry, (Answer("", error=error),), self._progress)
