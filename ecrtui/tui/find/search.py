"""A search over the registries of several session sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from ecrtui.catalog.find.query import Query
from ecrtui.catalog.find.reading import FindReading
from ecrtui.catalog.find.references import resolve_references
from ecrtui.catalog.find.result import BlobCounts, FindAnswer, FindBatch, add_counts
from ecrtui.catalog.listing.merged import MergedListing
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
class SearchProgress:
    """The progress of a search.

    Args:
        batches: the last batch of each registry, by number of the connection.
        notes: how the text was understood.
    """

    batches: Mapping[int, FindBatch] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def asked(self) -> int:
        """The number of repositories that have answered."""
        return sum(batch.asked for batch in self.batches.values())

    @property
    def total(self) -> int:
        """The number of repositories that are known."""
        return sum(batch.total for batch in self.batches.values())

    @property
    def listing(self) -> bool:
        """True if the images of a registry are listed."""
        return any(batch.listing for batch in self.batches.values())

    @property
    def throttled(self) -> float:
        """Seconds until all registries that throttled a request get the next one."""
        return max((batch.throttled for batch in self.batches.values()), default=0.0)

    @property
    def blobs(self) -> BlobCounts | None:
        """What the search for layers and configs is based on; None if there was none."""
        counts = [batch.blobs for batch in self.batches.values() if batch.blobs is not None]
        return add_counts(counts) if counts else None

    def after(self, registry: SearchedRegistry, batch: FindBatch) -> SearchProgress:
        """Return the progress after another batch of a registry."""
        return replace(self, batches={**self.batches, registry.number: batch})


class Found(NamedTuple):
    """Answers of one registry, and the progress of the search."""

    registry: SearchedRegistry
    answers: tuple[FindAnswer, ...]
    progress: SearchProgress


_Result = tuple[SearchedRegistry, FindBatch | EcrTuiError]


class FindEverywhere:
    """The answers of all repositories of several registries. Iterating blocks; any thread may call :meth:`close`.

    Args:
        sources: the registries. One that cannot be searched has an answer with its error.
        query: what to find.
        readable: the repositories whose manifests the user allows to read, as number of the connection and name.

    Raises:
        EcrTuiError: (from ``next()``) it is not known what a reference means.
    """

    def __init__(self, sources: Sequence[SessionSource], query: Query, readable: Set[tuple[int, str]]) -> None:
        self._sources = sources
        self._readable = readable
        self._query = query
        self._progress = SearchProgress()
        self._readings: list[FindReading] = []
        self._merged: MergedListing[_Result] | None = None
        self._closed = Event()

    def close(self) -> None:
        """End the iteration and send no further request."""
        self._closed.set()
        for reading in self._readings:
            reading.close()
        if self._merged is not None:
            self._merged.close()

    def __iter__(self) -> Iterator[tuple[Found, ...]]:
        return self

    def __next__(self) -> tuple[Found, ...]:
        if self._closed.is_set():
            raise StopIteration
        if self._merged is None:
            return self._start()
        return tuple(self._found(registry, result) for registry, result in next(self._merged).items)

    def _start(self) -> tuple[Found, ...]:
        """Resolve the references, and start to read; return the errors of registries that are not connected."""
        sessions: list[tuple[SearchedRegistry, Session]] = []
        errors: list[Found] = []
        for number, source in enumerate(self._sources):
            try:
                session = source()
            except EcrTuiError as error:
                errors.append(self._found(SearchedRegistry(number, source, None), error))
            else:
                registry = SearchedRegistry(number, source, session.location, session.settings.protected_tags)
                sessions.append((registry, session))
        registries = [(session.location, session.registry) for _, session in sessions]
        if self._closed.is_set():  # while it connected
            raise StopIteration
        query = resolve_references(self._query, registries)
        self._progress = replace(self._progress, notes=query.notes)
        parts = []
        for registry, session in sessions:
            reading = session.catalog.find(query, partial(self._may_read, registry, session))
            self._readings.append(reading)
            parts.append(partial(_read, registry, reading))
        self._merged = MergedListing(parts)
        if self._closed.is_set():  # close() did not see these readings
            self.close()
        return tuple(errors)

    def _may_read(self, registry: SearchedRegistry, session: Session, repository: str) -> bool:
        asked_for = (registry.number, repository) in self._readable
        return asked_for or may_read_ahead(session.registry, session.settings.prefetch, repository)

    def _found(self, registry: SearchedRegistry, result: FindBatch | EcrTuiError) -> Found:
        if isinstance(result, EcrTuiError):
            last = self._progress.batches.get(registry.number, FindBatch((), 0, 0))
            result = last._replace(answers=(FindAnswer("", error=result),), throttled=0.0)
        self._progress = self._progress.after(registry, result)
        return Found(registry, result.answers, self._progress)


def _read(registry: SearchedRegistry, reading: FindReading) -> Iterator[tuple[_Result, ...]]:
    try:
        for batch in reading:
            yield ((registry, batch),)
    except EcrTuiError as error:
        yield ((registry, error),)
