"""Reading columns of all rows before a filter needs them."""

from __future__ import annotations

from collections.abc import Sequence

from ecrtui.catalog.rows.column_cache import cached_column, column_at_hand
from ecrtui.catalog.rows.rows import Rows


def lengths(items: Sequence[str]) -> list[int]:
    return [len(item) for item in items]


def test_columns_that_were_read_are_at_hand_for_a_filter() -> None:
    rows = Rows[str](lambda item: item, chunk_rows=2)
    rows.merge(["a", "bb", "ccc", "dddd", "eeeee"])
    assert len(list(rows.at_hand())) == 1  # the first rows of the order
    list(rows.read_chunks(lambda chunk: cached_column(chunk, lengths)))
    assert [column_at_hand(chunk, lengths) for chunk in list(rows.at_hand())[1:]] == [[1, 2], [3, 4]]


def test_rows_may_change_between_two_chunks() -> None:
    rows, seen = Rows[str](lambda item: item, chunk_rows=2), list[str]()
    rows.merge(["a", "bb", "ccc", "dddd"])
    reading = rows.read_chunks(seen.extend)
    next(reading)
    rows.remove(["ccc"])
    rows.merge(["f", "gg"])
    list(reading)
    assert seen == ["a", "bb", "dddd"]  # what is new is read with the filter
