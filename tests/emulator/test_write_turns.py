"""The turns of writers: in order, one at a time, and not for ever."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ecrtui.emulator.write_turns import WriteTurns


def test_writers_take_turns_in_the_order_in_which_they_ask() -> None:
    turns, order = WriteTurns(60), list[int]()
    threads = [threading.Thread(target=lambda number=number: _write(turns, order, number)) for number in range(8)]
    with turns.turn():
        for count, thread in enumerate(threads, 1):
            thread.start()
            while turns.waiting < count:
                pass
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def _write(turns: WriteTurns, order: list[int], number: int) -> None:
    with turns.turn():
        order.append(number)


def test_one_thread_writes_at_a_time() -> None:
    turns, inside, seen = WriteTurns(-1), list[int](), list[int]()

    def write(number: int) -> None:
        for _ in range(50):
            with turns.turn():
                inside.append(number)
                seen.append(len(inside))
                inside.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert set(seen) == {1}


def test_a_writer_that_waits_too_long_gets_the_error_of_sqlite_and_leaves_the_queue() -> None:
    turns = WriteTurns(0.01)
    with turns.turn(), ThreadPoolExecutor(1) as pool:
        error = pool.submit(lambda: _write(turns, [], 0)).exception()
    assert isinstance(error, sqlite3.OperationalError)
    assert error.sqlite_errorcode == sqlite3.SQLITE_BUSY
    assert turns.waiting == 0
    with turns.turn():
        pass


def test_a_failed_write_gives_its_turn_back() -> None:
    turns = WriteTurns(1)
    with pytest.raises(RuntimeError), turns.turn():
        raise RuntimeError
    with turns.turn():
        pass
