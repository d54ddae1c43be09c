"""The only place of the interface with threads: blocking calls become awaitable here.

The threads are daemons on purpose. A worker that runs in a thread of Textual's own cannot be cancelled, still delivers
after it was superseded, and makes quitting wait for the network; here a cancelled ``await`` is over at once, what the
thread brings later is dropped, and the process can end while it still waits for an answer.
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
"""Seconds after which a busy thread lets the loop go on; Python's own five are a third of a frame each time."""


def shorten_switch_interval() -> None:
    """Let no thread keep the loop waiting for long. For the whole process; the application does it when it starts."""
    sys.setswitchinterval(SWITCH_INTERVAL)


async def run_blocking(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Run a blocking function in a daemon thread and wait for its result, or raise what it raised."""
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
            # The loop closed since it was asked: the application has quit, nobody waits any more.
            return

    # Not threading.Thread: its start() waits until the thread runs, and with it the loop, while other threads are busy.
    # Nobody waits for a thread of this kind when the process ends.
    _thread.start_new_thread(run, ())
    return await future


async def iterate_blocking(items: Iterator[Item]) -> AsyncIterator[Item]:
    """What a blocking iterator gives, one by one; the next is only asked for when the last was taken."""
    while (item := await run_blocking(next, items, _END)) is not _END:
        yield item  # type: ignore[misc]
