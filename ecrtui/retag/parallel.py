"""Run blocking calls concurrently in daemon threads, so that a process can exit without waiting for them."""

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
    """Call a blocking function for every item, in order, and yield each item's position and result as they arrive.

    An exception of the function is raised here after the running calls have ended. No new call starts after an
    exception, or after the caller closes the iterator. A KeyboardInterrupt is raised at once.

    Args:
        function: the blocking function.
        items: its arguments.
        workers: the number of concurrent calls; with one, they run in the caller's thread.
        should_continue: called before each call; once it returns False, no other call starts.
    """
    if workers <= 1 or len(items) <= 1:
        return _map_in_order(function, items, should_continue)
    return _map_in_threads(function, items, min(workers, len(items)), should_continue)


def _map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], should_continue: Callable[[], bool]
) -> Iterator[tuple[int, Result]]:
    for position, item in enumerate(items):
        if not should_continue():
            return
        yield position, function(item)


def _map_in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int, should_continue: Callable[[], bool]
) -> Iterator[tuple[int, Result]]:
    remaining = iter(enumerate(items))
    lock = threading.Lock()
    halted = threading.Event()
    finished: queue.SimpleQueue[tuple[int, Result] | BaseException | None] = queue.SimpleQueue()

    def next_item() -> tuple[int, Item] | None:
        with lock:
            return None if halted.is_set() or not should_continue() else next(remaining, None)

    def work() -> None:
        try:
            while (entry := next_item()) is not None:
                finished.put((entry[0], function(entry[1])))
        except BaseException as problem:  # noqa: BLE001 - raised in the caller's thread
            halted.set()
            finished.put(problem)
        finally:
            finished.put(None)

    threads = [threading.Thread(target=work, daemon=True, name=f"worker {number}") for number in range(workers)]
    for thread in threads:
        thread.start()
    problems: list[BaseException] = []
    running = workers
    interrupted = False
    try:
        while running:
            entry = finished.get()
            if entry is None:
                running -= 1
            elif isinstance(entry, BaseException):
                problems.append(entry)
            else:
                yield entry
    except KeyboardInterrupt:
        interrupted = True
        raise
    finally:
        halted.set()
        for thread in () if interrupted else threads:
            thread.join()
    if problems:
        raise problems[0]
