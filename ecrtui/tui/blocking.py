"""Await blocking calls. The only module of the interface with threads.

The threads are daemons on purpose. A Textual thread worker cannot be cancelled, delivers after it was superseded, and
makes quitting wait for the network. Here a cancelled ``await`` ends at once, a late result is dropped, and the process
can exit while a thread still waits for a response.
"""

from __future__ import annotations

import _thread
import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Item = TypeVar("Item")

_END = object()

SWITCH_INTERVAL = 0.001
"""Seconds until a busy thread gives way to the event loop; Python's default, 5 ms, is a third of a frame."""


def shorten_switch_interval() -> None:
    """Shorten the time that a thread can delay the event loop. It applies to the whole process."""
    sys.setswitchinterval(SWITCH_INTERVAL)


async def run_blocking(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Run a blocking function in a daemon thread; return its result or raise its error."""
    return await start_blocking(function, *args, **kwargs)


def start_blocking(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> asyncio.Future[Result]:
    """Start a blocking function in a daemon thread at once; return the future of its result."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def set_result(result: Result | None, problem: BaseException | None) -> None:
        if future.cancelled():
            return
        if problem is not None:
            future.set_exception(problem)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # None only if the function returns None

    def run() -> None:
        result: Result | None = None
        problem: BaseException | None = None
        try:
            result = function(*args, **kwargs)
        except StopIteration:
            problem = RuntimeError("a blocking function raised StopIteration")
        except BaseException as raised:  # noqa: BLE001 - raised again by the caller
            problem = raised
        if not loop.is_closed():
            deliver(result, problem)

    def deliver(result: Result | None, problem: BaseException | None) -> None:
        try:
            loop.call_soon_threadsafe(set_result, result, problem)
        except RuntimeError:
            # The loop closed meanwhile: the application has quit.
            return

    # threading.Thread.start() blocks the loop until the thread runs, which takes long while other threads are busy.
    # The interpreter does not wait for a thread of this kind at exit.
    _thread.start_new_thread(run, ())
    return future


_writes: set[threading.Event] = set()
"""An event for each write in flight. It is set when the write has ended."""

_stopping = threading.Event()
"""Set when the application has ended, so that a write with many steps stops after the current one."""


async def run_write(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Run a blocking function that changes a registry. :func:`finish_writes` waits for it."""
    ended = threading.Event()

    def run() -> Result:
        try:
            return function(*args, **kwargs)
        finally:
            _writes.discard(ended)
            ended.set()

    _writes.add(ended)
    return await run_blocking(run)


def is_stopping() -> bool:
    """Return True if a write must stop after its current step."""
    return _stopping.is_set()


def finish_writes(seconds: float) -> bool:
    """Wait for the writes in flight after the application has ended. Return False if one has not ended in time."""
    _stopping.set()
    deadline = time.monotonic() + seconds
    return all(ended.wait(max(deadline - time.monotonic(), 0)) for ended in list(_writes))


def has_writes() -> bool:
    """Return True while a write is in flight."""
    return bool(_writes)


async def iterate_blocking(items: Iterator[Item]) -> AsyncIterator[Item]:
    """Yield the items of a blocking iterator; request the next one only after the last was taken."""
    while (item := await run_blocking(next, items, _END)) is not _END:
        yield item  # type: ignore[misc]
