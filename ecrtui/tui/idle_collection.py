"""Collect young objects while the application is idle, so that no key waits for it."""

from __future__ import annotations

import asyncio
import time

from ecrtui import gc_tuning

QUIET_TIME = 0.3
"""Seconds without a frame before a collection. It takes some milliseconds, for which a key would have to wait."""


class IdleCollection:
    """Collects the objects that frames have left, once no more of them are drawn.

    Args:
        quiet_time: Seconds without a frame before a collection.
    """

    def __init__(self, quiet_time: float = QUIET_TIME) -> None:
        self._quiet_time = quiet_time
        self._drawn_at = 0.0
        """Time of the last frame on the monotonic clock, in seconds."""
        self._timer: asyncio.TimerHandle | None = None

    def frame_drawn(self) -> None:
        """Collect later: a frame was drawn."""
        self._drawn_at = time.monotonic()
        if self._timer is None:
            self._wait(self._quiet_time)

    def _wait(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._expire)

    def _expire(self) -> None:
        self._timer = None
        left = self._drawn_at + self._quiet_time - time.monotonic()
        if left > 0:
            self._wait(left)
        else:
            gc_tuning.collect_young()
