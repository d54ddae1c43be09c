"""The progress and the end of a search over several registries."""

from __future__ import annotations

import pytest

from ecrtui.catalog.find.query import parse_query
from ecrtui.catalog.find.result import FindBatch
from ecrtui.connections import SessionFactory
from ecrtui.errors import UsageError
from ecrtui.session import Session
from ecrtui.settings import Connection, load
from ecrtui.tui.find.search import FindEverywhere, SearchedRegistry, SearchProgress


def test_the_progress_counts_each_registry_once_and_waits_for_the_slowest() -> None:
    source = SessionFactory(Connection(), load({}))
    first, second = SearchedRegistry(0, source, None), SearchedRegistry(1, source, None)
    progress = SearchProgress()
    for registry, batch in (
        (first, FindBatch((), 1, 5)),
        (first, FindBatch((), 3, 5, listing=True, throttled=4.0)),
        (second, FindBatch((), 2, 2, throttled=1.0)),
        (second, FindBatch((), 2, 2)),
    ):
        progress = progress.after(registry, batch)
    assert (progress.asked, progress.total, progress.listing, progress.throttled) == (5, 7, True, 4.0)
    progress = progress.after(first, FindBatch((), 5, 5))
    assert (progress.asked, progress.listing, progress.throttled) == (7, False, 0.0)


def test_a_search_that_is_closed_while_it_connects_reads_nothing() -> None:
    class Closing(SessionFactory):
        def __call__(self) -> Session:
            search.close()
            raise UsageError("No profile")

    search = FindEverywhere([Closing(Connection(), load({}))], parse_query("v1"), frozenset())
    with pytest.raises(StopIteration):
        next(search)
