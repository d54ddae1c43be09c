"""Await blocking calls. This is the only module of the screens that uses threads.

The threads are daemons on purpose. Textual's own thread workers cannot be cancelled, still deliver after they were
superseded, and make quitting wait for the network. Here a cancelled ``await`` returns at once, a late result is
dropped, and the process can end while a thread still waits for a reply.
"""

from __future__ import annotations

import _thread
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Item = TypeVar("Item")

_END = object()

SWITCH_INTERVAL = 0.001
"""Seconds after which a busy thread yields to the event loop. Python's default of 5 ms is a third of a frame."""


def shorten_switch_interval() -> None:
    """Shorten the time that a busy thread keeps the event loop waiting. Applies to the whole process."""
    sys.setswitchinterval(SWITCH_INTERVAL)


async def run_blocking(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Run a blocking function in a daemon thread. Return its result, or raise its exception."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, problem: BaseException | None) -> None:
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
        except BaseException as raised:  # noqa: BLE001 - handed to whoever awaits
            problem = raised
        if not loop.is_closed():
            deliver(result, problem)

    def deliver(result: Result | None, problem: BaseException | None) -> None:
        try:
            loop.call_soon_threadsafe(settle, result, problem)
        except RuntimeError:
            # The event loop is closed: the application has quit and needs no result.
            return

    # Not threading.Thread: its start() blocks the event loop until the thread runs.
    # The process does not join such a thread when it ends.
    _thread.start_new_thread(run, ())
    return await future


async def iterate_blocking(items: Iterator[Item]) -> AsyncIterator[Item]:
    """Yield the items of a blocking iterator. Request the next item only after the last one was consumed."""
    while (item := await run_blocking(next, items, _END)) is not _END:
        yield item  # type: ignore[misc]
