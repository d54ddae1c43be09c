"""Write to the terminal in a thread, so that a slow or a lost terminal never blocks the event loop.

Defect: Textual's writer takes 30 texts. The next one waits in the event loop until the terminal has taken one.
Upstream: no issue known; https://github.com/Textualize/textual/issues/6692 is about a writer that has ended.
Delete this module when Textual's writer never blocks the event loop.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from selectors import EVENT_WRITE, BaseSelector, DefaultSelector, SelectSelector
from typing import NamedTuple

WRITE_SIZE = 1024
"""Bytes to write at once. A serial line takes a second for them."""

CLOSE_TIMEOUT = 1.0
"""Seconds to wait for a terminal that takes no more output when the application ends."""


def new_selector() -> BaseSelector:
    """Return a selector for terminals.

    ``select`` takes no file above 1023, and a process can inherit that many. Only ``select`` takes the terminals of
    macOS.
    """
    return DefaultSelector() if sys.platform == "linux" else SelectSelector()


class Output(NamedTuple):
    """A text for the terminal."""

    text: str
    is_frame: bool
    """True if it only changes cells. The writer drops it when the application ends."""


class TerminalWriter(threading.Thread):
    """Writes text to a terminal in order.

    Args:
        fileno: The terminal, in blocking mode or not.
        on_drained: Called in the thread when all text is written.
        on_lost: Called in the thread, once, when a write fails. Later text is dropped.
        after: A closed writer, whose rest comes first.
    """

    def __init__(
        self,
        fileno: int,
        on_drained: Callable[[], None],
        on_lost: Callable[[], None],
        after: TerminalWriter | None = None,
    ) -> None:
        super().__init__(daemon=True, name="terminal-output")
        self._fileno = fileno
        self._on_drained = on_drained
        self._on_lost = on_lost
        self._after = after
        self._changed = threading.Condition()
        self._waiting: deque[Output] = deque()
        self._is_writing = False
        self._writes = 0
        """Number of writes that the terminal took."""
        self._closed = False
        self._lost = False

    @property
    def is_idle(self) -> bool:
        """True if all text is written."""
        with self._changed:
            return not self._waiting and not self._is_writing

    def write(self, text: str, *, is_frame: bool = False) -> None:
        """Add text to the output. Never block.

        Args:
            text: The text.
            is_frame: True if it only changes cells. :meth:`close` drops what is left of it.
        """
        with self._changed:
            if not self._lost and not self._closed:
                self._waiting.append(Output(text, is_frame))
                self._changed.notify()

    def close(self) -> None:
        """Drop the rest of the frames, write the other texts and end the thread.

        A slow line would still draw a frame for seconds, and get the sequences that restore it after that, or never.
        Give up when the terminal takes no output.
        """
        with self._changed:
            self._closed = True
            self._changed.notify()
        writes = -1
        while self is not threading.current_thread() and self.is_alive() and writes != self._writes:
            writes = self._writes
            self.join(CLOSE_TIMEOUT)

    def run(self) -> None:
        """Write text until the writer is closed or the terminal is lost."""
        if self._after is not None:
            self._after.join()
            self._after = None
        try:
            while (output := self._next_output()) is not None:
                self._write(output)
                self._finish_write()
        except OSError:
            with self._changed:
                self._lost = True
                self._is_writing = False
                self._waiting.clear()
            self._on_lost()

    def _next_output(self) -> Output | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._is_writing = bool(self._waiting)
            return self._waiting.popleft() if self._waiting else None

    def _finish_write(self) -> None:
        with self._changed:
            self._is_writing = False
            drained = not self._waiting
        if drained:
            self._on_drained()

    def _write(self, output: Output) -> None:
        view = memoryview(output.text.encode("utf-8", "replace"))
        while view and not (output.is_frame and self._closed):
            try:
                view = view[os.write(self._fileno, view[:WRITE_SIZE]) :]
                self._writes += 1
            except BlockingIOError:  # the terminal is in non-blocking mode
                with new_selector() as selector:
                    selector.register(self._fileno, EVENT_WRITE)
                    selector.select()
