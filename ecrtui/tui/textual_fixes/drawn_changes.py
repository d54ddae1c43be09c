"""Wait until a screen has drawn a change.

Defect: ``call_after_refresh`` calls back before the frame if the change is made by a watcher that is a coroutine, or
if the widget that has changed has not told the screen yet.
Upstream: no issue known.
Delete this module when ``call_after_refresh`` waits for both.
"""

from __future__ import annotations

import asyncio
from typing import Any

from textual.screen import Screen

from ecrtui.tui.textual_fixes.frame_timer import TURNS


async def draw_changes(screen: Screen[Any]) -> None:
    """Wait until the watchers of the screen have run, and what they have changed is drawn."""
    watched, drawn = asyncio.Event(), asyncio.Event()
    screen.call_next(watched.set)
    await watched.wait()
    for _ in range(TURNS):
        await asyncio.sleep(0)
    screen.call_after_refresh(drawn.set)
    await drawn.wait()
