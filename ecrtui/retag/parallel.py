"""Blocking calls side by side, in daemon threads: a process that quits does not wait for them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_concurrently(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    workers: int,
    should_continue: Callable[[], bool] = lambda: True,
) -> Iterator[tuple[int, Result]]:
    """Call the function for every item, in their order, so many at a time.

    Gives the position of an item and its result as they come. What the function raises is raised here, after the calls
    that were under way have ended; a caller that stops taking results makes no new calls begin either.

    Args:
        function: blocks.
        items: what to call it with.
        lanes: calls at a time; with one they are made in the caller's own thread.
        go_on: asked before each call; once it says no, no other begins.
    """
    if workers <= 1 or len(items) <= 1:
        return _one_by_one(function, items, should_continue)
    return _side_by_side(function, items, min(workers, len(items)), should_continue)


def _one_by_one(
    function: Callable[[Item], Result], items: Iterable[Item], go_on: Callable[[], bool]
) -> Iterator[tuple[int, Result]]:
    for position, item in enumerate(items):
        if not go_on():
            return
        yield position, function(item)


def _side_by_side(
    function: Callable[[Item], Result], items: Iterable[Item], lanes: int, go_on: Callable[[], bool]
) -> Iterator[tuple[int, Result]]:
    waiting = iter(enumerate(items))
    lock = threading.Lock()
    halted = threading.Event()
    done: queue.SimpleQueue[tuple[int, Result] | BaseException | None] = queue.SimpleQueue()

    def take() -> tuple[int, Item] | None:
        with lock:
            return None if halted.is_set() or not go_on() else next(waiting, None)

    def work() -> None:
        try:
            while (entry := take()) is not None:
                done.put((entry[0], function(entry[1])))
        except BaseException as problem:  # noqa: BLE001 - raised in the caller's thread
            halted.set()
            done.put(problem)
        finally:
            done.put(None)

    threads = [threading.Thread(target=work, daemon=True, name=f"lane {number}") for number in range(lanes)]
    for thread in threads:
        thread.start()
    problems: list[BaseException] = []
    running = lanes
    try:
        while running:
            entry = done.get()
            if entry is None:
                running -= 1
            elif isinstance(entry, BaseException):
                problems.append(entry)
            else:
                yield entry
    finally:
        halted.set()
        for thread in threads:
            thread.join()
    if problems:
        raise problems[0]
