from __future__ import annotations

from collections.abc import Iterable
from threading import Event

import pytest

from ecrtui.catalog.listing.merged import MergedListing


def test_rows_arrive_from_each_part_and_the_last_batch_is_complete() -> None:
    def part(*rows: int) -> Iterable[tuple[int, ...]]:
        return [(row,) for row in rows]

    batches = list(MergedListing([lambda: part(1, 2, 3), lambda: part(), lambda: part(4)]))
    assert sorted(row for batch in batches for row in batch.items) == [1, 2, 3, 4]
    assert [batch.complete for batch in batches] == [False] * (len(batches) - 1) + [True]
    assert batches[-1].loaded == 4


def test_closing_ends_the_reader_and_the_parts() -> None:
    ended = Event()

    def endless() -> Iterable[tuple[int, ...]]:
        try:
            while True:
                yield (1,)
        finally:
            ended.set()

    listing = MergedListing([endless])
    assert next(listing).items == (1,)
    listing.close()
    assert list(listing) == []
    assert ended.wait(60)


def test_an_internal_error_of_a_part_reaches_the_reader() -> None:
    def broken() -> Iterable[tuple[int, ...]]:
        yield (1,)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(MergedListing([broken]))
