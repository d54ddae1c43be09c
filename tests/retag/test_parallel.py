"""Concurrent blocking calls."""

from __future__ import annotations

import threading
import time

import pytest

from ecrtui.retag.parallel import map_concurrently


@pytest.mark.parametrize("workers", [1, 3])
def test_every_item_has_its_result(workers: int) -> None:
    assert dict(map_concurrently(lambda item: item * 2, list(range(50)), workers)) == {
        item: item * 2 for item in range(50)
    }


@pytest.mark.parametrize("workers", [1, 3])
def test_no_call_starts_after_should_continue_returns_false(workers: int) -> None:
    begun: list[int] = []
    list(map_concurrently(begun.append, list(range(100)), workers, lambda: len(begun) < 10))
    assert len(begun) < 10 + workers


@pytest.mark.parametrize("workers", [1, 3])
def test_an_exception_is_raised_after_running_calls_have_ended(workers: int) -> None:
    def work(item: int) -> int:
        if item == 5:
            raise RuntimeError("five")
        return item

    results: list[tuple[int, int]] = []
    with pytest.raises(RuntimeError, match="five"):
        results.extend(map_concurrently(work, list(range(50)), workers))
    assert threading.active_count() < 10


def test_as_many_calls_run_concurrently_as_there_are_workers() -> None:
    together = threading.Barrier(3, timeout=60)
    list(map_concurrently(lambda item: together.wait(), [1, 2, 3], 3))


def test_no_call_starts_after_the_iterator_is_closed() -> None:
    begun: list[int] = []
    closing = threading.Event()

    def work(item: int) -> None:
        begun.append(item)
        if item:
            closing.wait(60)
            time.sleep(0.001)

    for _ in map_concurrently(work, range(20_000), 2):
        closing.set()
        break
    assert len(begun) < 20_000
