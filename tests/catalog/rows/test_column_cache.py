"""Columns are cached with their chunk, and dropped with it."""

from __future__ import annotations

from collections.abc import Sequence

from ecrtui.catalog.rows.column_cache import Chunk, ChunkCache, cached_column, column_at_hand

CALLS: list[tuple[int, ...]] = []


def doubled(numbers: Sequence[int]) -> list[int]:
    CALLS.append(tuple(numbers))
    return [2 * number for number in numbers]


def test_a_column_is_computed_once_for_a_chunk() -> None:
    CALLS.clear()
    chunk = Chunk([1, 2])
    assert cached_column(chunk, doubled) == cached_column(chunk, doubled) == [2, 4]
    assert len(CALLS) == 1
    assert cached_column([1, 2], doubled) == cached_column((1, 2), doubled) == [2, 4]
    assert len(CALLS) == 3


def test_a_column_at_hand_is_not_computed_for_a_chunk() -> None:
    CALLS.clear()
    chunk = Chunk([1, 2])
    assert column_at_hand(chunk, doubled) is None
    assert not CALLS
    assert cached_column(chunk, doubled) is column_at_hand(chunk, doubled)
    assert column_at_hand([3], doubled) == [6]


def test_only_chunks_with_a_changed_slot_are_created_again() -> None:
    items: list[int | None] = [10, 11, 12, 13]
    chunks: ChunkCache[int] = ChunkCache(2)
    first, second = chunks.chunk(items, range(2))[1], chunks.chunk(items, range(2, 4))[1]
    items[3] = None
    chunks.forget([3])
    assert chunks.cached == [first]
    assert chunks.chunk(items, range(2))[1] is first
    slots, chunk = chunks.chunk(items, range(2, 4))
    assert (list(slots), chunk) == ([2], (12,))
    assert chunk is not second


def test_the_last_chunk_is_not_cached_because_it_grows() -> None:
    items: list[int | None] = [10, 11, 12]
    chunks: ChunkCache[int] = ChunkCache(2)
    assert chunks.chunk(items, range(2, 3))[1] == (12,)
    items.append(13)
    assert chunks.chunk(items, range(2, 4))[1] == (12, 13)
