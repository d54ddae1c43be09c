"""What is worked out about a page is kept with it, and forgotten with what it was worked out about."""

from __future__ import annotations

from collections.abc import Sequence

from ecrtui.catalog.column_cache import Chunk, ChunkCache, cached_column

ASKED: list[tuple[int, ...]] = []


def doubled(numbers: Sequence[int]) -> list[int]:
    ASKED.append(tuple(numbers))
    return [2 * number for number in numbers]


def test_a_column_of_a_page_is_made_once_and_of_anything_else_each_time() -> None:
    ASKED.clear()
    page = Chunk([1, 2])
    assert cached_column(page, doubled) == cached_column(page, doubled) == [2, 4]
    assert len(ASKED) == 1
    assert cached_column([1, 2], doubled) == cached_column((1, 2), doubled) == [2, 4]
    assert len(ASKED) == 3


def test_a_page_is_made_anew_only_where_something_has_changed() -> None:
    items: list[int | None] = [10, 11, 12, 13]
    pages: ChunkCache[int] = ChunkCache(2)
    first, second = pages.chunk(items, range(2))[1], pages.chunk(items, range(2, 4))[1]
    items[3] = None
    pages.forget([3])
    assert pages.chunk(items, range(2))[1] is first
    slots, page = pages.chunk(items, range(2, 4))
    assert (list(slots), page) == ([2], (12,))
    assert page is not second


def test_the_last_page_is_not_kept_because_it_grows() -> None:
    items: list[int | None] = [10, 11, 12]
    pages: ChunkCache[int] = ChunkCache(2)
    assert pages.chunk(items, range(2, 3))[1] == (12,)
    items.append(13)
    assert pages.chunk(items, range(2, 4))[1] == (12, 13)
