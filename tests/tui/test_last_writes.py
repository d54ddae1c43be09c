"""What the application says about the writes in flight after an internal error."""

from __future__ import annotations

import asyncio
import io
import sys
import threading

import pytest

from ecrtui.tui import blocking
from ecrtui.tui.last_writes import finish_writes


class InterruptedOnce(io.StringIO):
    """A standard error where the user presses Ctrl-C as soon as the first line is out."""

    interrupted = False

    def flush(self) -> None:
        super().flush()
        if not self.interrupted:
            self.interrupted = True
            raise KeyboardInterrupt


async def test_ctrl_c_right_after_the_first_line_stops_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    reply = threading.Event()
    write = asyncio.ensure_future(blocking.run_write(reply.wait, 60))
    await asyncio.sleep(0)
    screen = InterruptedOnce()
    monkeypatch.setattr(sys, "stderr", screen)
    try:
        finish_writes()
    finally:
        reply.set()
        await write
    assert "A write is in flight." in screen.getvalue()
    assert "The outcome of the write is unknown." in screen.getvalue()
