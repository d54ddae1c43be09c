"""Run functions at the same time, and do not wait for those that take too long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


def run_with_limit(
    functions: Sequence[Callable[[], Iterable[Result]]], limit: float
) -> Iterator[tuple[Result, ...] | BaseException | None]:
    """Run all functions at once, each in a daemon thread, and yield their results in order.

    The process can exit while a function still runs.

    Args:
        functions: the functions.
        limit: seconds for all of them.

    Yields:
        What a function returned, or its exception; None if it has not ended in time.
    """
    queues = [_start(function) for function in functions]
    end = time.monotonic() + limit
    for queue in queues:
        try:
            yield queue.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            yield None


def _start(function: Callable[[], Iterable[Result]]) -> SimpleQueue[tuple[Result, ...] | BaseException]:
    results: SimpleQueue[tuple[Result, ...] | BaseException] = SimpleQueue()

    def run() -> None:
        try:
            results.put(tuple(function()))
        except BaseException as problem:  # noqa: BLE001 - the caller gets it
            results.put(problem)

    Thread(target=run, daemon=True, name="doctor").start()
    return results
