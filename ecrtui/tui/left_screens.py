"""Free the screens that the user left. A screen is a cycle, so only a collection frees it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ecrtui import gc_tuning
from ecrtui.tui.textual_fixes.key_queue import OrderedKeysApp

if TYPE_CHECKING:
    from textual.await_complete import AwaitComplete

QUIET_TIME = 2.0
"""Seconds without a key before a collection. A key would have to wait for it."""

LATEST = 20.0
"""Seconds after which a collection starts although the user types."""


class LeftScreens:
    """The screens that were left and are not freed yet.

    Args:
        app: the application that showed them.
    """

    def __init__(self, app: OrderedKeysApp) -> None:
        self._app = app
        self._collect_by: float | None = None
        """Time on the monotonic clock of the latest collection; None if no screen waits for one."""

    async def free(self, removal: AwaitComplete) -> None:
        """Free a screen after its removal: one with running tasks would survive the collection."""
        await removal
        if self._collect_by is None:
            self._collect_by = time.monotonic() + LATEST
            self._app.set_timer(QUIET_TIME, self._collect)

    def _collect(self) -> None:
        now = time.monotonic()
        quiet_at = self._app.typed_at + QUIET_TIME
        if self._collect_by is not None and now < min(quiet_at, self._collect_by):
            self._app.set_timer(quiet_at - now, self._collect)
            return
        self._collect_by = None
        gc_tuning.collect_screens()
