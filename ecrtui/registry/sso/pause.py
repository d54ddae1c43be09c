"""A wait that can end early."""

from __future__ import annotations

import threading


class Pause:
    """Waits of one sign-in. Another thread ends the current one, or all of them."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._cancelled = False

    def wait(self, seconds: float) -> bool:
        """Wait some seconds, or less if :meth:`end` is called. Return True, at once, after :meth:`cancel`."""
        if not self._cancelled and self._ended.wait(seconds):
            self._ended.clear()
        return self._cancelled

    def end(self) -> None:
        """End the current wait, or the next one."""
        self._ended.set()

    def cancel(self) -> None:
        """End all waits: the user has cancelled."""
        self._cancelled = True
        self._ended.set()
