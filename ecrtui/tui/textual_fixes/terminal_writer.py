"""Write to the terminal in a thread, so that a slow or a lost terminal never blocks the event loop."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable

WRITE_SIZE = 4096
"""Bytes to write at once. A terminal takes a few kilobytes before it blocks."""

CLOSE_TIMEOUT = 1.0
"""Seconds to wait for a terminal that takes no more output when the application ends."""


class TerminalWriter(threading.Thread):
    """Writes text to a terminal in order.

    Args:
        fileno: The terminal, in blocking mode or not.
        on_drained: Called in the thread when all text is written.
        on_lost: Called in the thread, once, when a write fails. Later text is dropped.
    """

    def __init__(self, fileno: int, on_drained: Callable[[], None], on_lost: Callable[[], None]) -> None:
        super().__init__(daemon=True, name="terminal-output")
        self._fileno = fileno
        self._on_drained = on_drained
        self._on_lost = on_lost
        self._changed = threading.Condition()
        self._text: list[str] = []
        self._is_writing = False
        self._closed = False
        self._lost = False

    @property
    def is_idle(self) -> bool:
        """True if all text is written."""
        with self._changed:
            return not self._text and not self._is_writing

    def write(self, text: str) -> None:
        """Add text to the output. Never block."""
        with self._changed:
            if not self._lost and not self._closed:
                self._text.append(text)
                self._changed.notify()

    def close(self) -> None:
        """Write the rest and end the thread. Give up when the terminal takes no output."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self is not threading.current_thread():
            self.join(CLOSE_TIMEOUT)

    def run(self) -> None:
        """Write text until the writer is closed or the terminal is lost."""
        try:
            while (text := self._next_text()) is not None:
                self._write(text.encode("utf-8", "replace"))
                self._finish_write()
        except OSError:
            with self._changed:
                self._lost = True
                self._is_writing = False
                self._text.clear()
            self._on_lost()

    def _next_text(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._text or self._closed)
            text = "".join(self._text)
            self._text.clear()
            self._is_writing = bool(text)
            return text or None

    def _finish_write(self) -> None:
        with self._changed:
            self._is_writing = False
            drained = not self._text
        if drained:
            self._on_drained()

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._fileno, view[:WRITE_SIZE]) :]
            except BlockingIOError:  # the terminal is in non-blocking mode
                select.select([], [self._fileno], [])
