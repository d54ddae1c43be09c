"""Long work gives way to what else the event loop has to do."""

from __future__ import annotations

import asyncio

from ecrtui.tui.yielding import TURNS, yield_to_keys


async def test_callbacks_that_follow_each_other_run_between_two_slices() -> None:
    loop = asyncio.get_running_loop()
    ran: list[int] = []

    def follow(number: int) -> None:
        ran.append(number)
        loop.call_soon(follow, number + 1)

    follow(1)
    await yield_to_keys()
    assert len(ran) >= TURNS
