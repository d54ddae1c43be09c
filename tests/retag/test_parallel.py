"""Blocking calls side by side."""

from __future__ import annotations

import threading
import time

import pytest

from ecrtui.retag.parallel import map_concurrently


@pytest.mark.parametrize("lanes", [1, 3])
def test_every_item_has_its_result(lanes: int) -> None:
    assert dict(map_concurrently(lambda item: item * 2, list(range(50)), lanes)) == {
        item: item * 2 for item in range(50)
    }


@pytest.mark.parametrize("lanes", [1, 3])
def test_no_call_begins_once_it_is_not_to_go_on(lanes: int) -> None:
    begun: list[int] = []
    list(map_concurrently(begun.append, list(range(100)), lanes, lambda: len(begun) < 10))
    assert len(begun) < 10 + lanes


@pytest.mark.parametrize("lanes", [1, 3])
def test_what_a_call_raises_is_raised_after_the_others_have_ended(lanes: int) -> None:
    def work(item: int) -> int:
        if item == 5:
            raise RuntimeError("five")
        return item

    results = []
    with pytest.raises(RuntimeError, match="five"):
        results.extend(map_concurrently(work, list(range(50)), lanes))
    assert threading.active_count() < 10


def test_as_many_run_at_a_time_as_there_are_lanes() -> None:
    together = threading.Barrier(3, timeout=10)
    list(map_concurrently(lambda item: together.wait(), [1, 2, 3], 3))


def test_who_stops_taking_results_makes_no_new_calls_begin() -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        time.sleep(0.001)

    for _ in map_concurrently(work, list(range(1000)), 2):
        break
    assert len(begun) < 1000
