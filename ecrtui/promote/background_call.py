"""Run a blocking function in a daemon thread, and wait for its result in steps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar, cast

Result = TypeVar("Result")


class BackgroundCall(Generic[Result]):
    """A call that runs in a thread of its own. It starts at once; a process that exits does not wait for it.

    Args:
        function: the blocking function.
        name: the name of the thread.
    """

    def __init__(self, function: Callable[[], Result], name: str) -> None:
        self._function = function
        self._ended = threading.Event()
        self._result: Result | None = None
        self._problem: BaseException | None = None
        threading.Thread(target=self._run, daemon=True, name=name).start()

    def wait(self, seconds: float) -> bool:
        """Wait at most this long for the end; return True if the call has ended."""
        return self._ended.wait(seconds)

    def result(self) -> Result:
        """Return the result of a call that has ended, or raise its exception."""
        if self._problem is not None:
            raise self._problem
        return cast(Result, self._result)

    def _run(self) -> None:
        try:
            self._result = self._function()
        except BaseException as problem:  # noqa: BLE001 - raised in the thread that asks for the result
            self._problem = problem
        self._ended.set()
