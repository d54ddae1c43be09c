"""The turns of writers: in order, one at a time, and not for ever."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ecrtui.emulator.write_turns import WriteTurns


@pytest.mark.parametrize(
    ("large", "expected"), [((), [0, 1, 2, 3, 4, 5, 6, 7]), ((0, 1, 2, 5), [3, 4, 6, 7, 0, 1, 2, 5])]
)
def test_small_writes_go_first_in_the_order_in_which_they_ask(large: tuple[int, ...], expected: list[int]) -> None:
    turns, order = WriteTurns(), list[int]()
    threads = [
        threading.Thread(target=_write, args=(turns, order, number), kwargs={"large": number in large})
        for number in range(8)
    ]
    with turns.turn(60):
        for count, thread in enumerate(threads, 1):
            thread.start()
            while turns.waiting < count:
                pass
    for thread in threads:
        thread.join()
    assert order == expected


def _write(turns: WriteTurns, order: list[int], number: int, *, timeout: float = 60, large: bool = False) -> None:
    with turns.turn(timeout, large=large):
        order.append(number)


def test_one_thread_writes_at_a_time() -> None:
    turns, inside, seen = WriteTurns(), list[int](), list[int]()

    def write(number: int) -> None:
        for _ in range(50):
            with turns.turn(-1):
                inside.append(number)
                seen.append(len(inside))
                inside.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert set(seen) == {1}


@pytest.mark.parametrize("large", [False, True])
def test_a_writer_that_waits_too_long_gets_the_error_of_sqlite_and_leaves_the_queue(large: bool) -> None:
    turns = WriteTurns()
    with turns.turn(60), ThreadPoolExecutor(1) as pool:
        error = pool.submit(_write, turns, [], 0, timeout=0.01, large=large).exception()
    assert isinstance(error, sqlite3.OperationalError)
    assert error.sqlite_errorcode == sqlite3.SQLITE_BUSY
    assert turns.waiting == 0
    with turns.turn(0):
        pass


def test_the_next_write_runs_after_a_failed_one() -> None:
    turns = WriteTurns()
    with pytest.raises(RuntimeError), turns.turn(60):
        raise RuntimeError
    with turns.turn(0):
        pass
