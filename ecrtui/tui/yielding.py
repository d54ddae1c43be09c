"""Give way to keys and frames between the slices of long work."""

from __future__ import annotations

import asyncio

TURNS = 4
"""Turns of the event loop between two slices. A key needs about a dozen turns to reach the screen."""


async def yield_to_keys() -> None:
    """Let the event loop take some turns without the caller. Call it between two slices of long work."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
