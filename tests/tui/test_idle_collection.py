"""Cycles among young objects are freed while nothing is drawn."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from ecrtui.tui.idle_collection import IdleCollection
from tests.support.embedded import client_for, create_repository, new_embedded
from tests.support.screen import TIMEOUT, running, until


class Cycle:
    """An object that only a collection frees."""

    def __init__(self) -> None:
        self.itself = self


@contextmanager
def without_automatic_collections() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def freed(cycle: Cycle) -> tuple[asyncio.Event, weakref.ref[Cycle]]:
    """Return an event that is set when the cycle is freed, and what has to be kept until then."""
    event = asyncio.Event()
    return event, weakref.ref(cycle, lambda _: event.set())


async def test_a_cycle_is_freed_after_the_last_frame() -> None:
    collection = IdleCollection(quiet_time=0.01)
    with without_automatic_collections():
        event, kept = freed(Cycle())
        collection.frame_drawn()
        collection.frame_drawn()
        await asyncio.wait_for(event.wait(), TIMEOUT)
    assert kept() is None


async def test_nothing_is_collected_soon_after_a_frame() -> None:
    collection = IdleCollection(quiet_time=TIMEOUT)
    with without_automatic_collections():
        _, kept = freed(Cycle())
        collection.frame_drawn()
        for _ in range(10):
            await asyncio.sleep(0)
        assert kept() is not None


async def test_the_application_collects_after_a_key() -> None:
    embedded = new_embedded()
    create_repository(client_for(embedded), "team/app")
    async with running(embedded) as pilot:
        await until(pilot, "1 repository")
        with without_automatic_collections():
            event, kept = freed(Cycle())
            await pilot.press("slash")
            await asyncio.wait_for(event.wait(), TIMEOUT)
        assert kept() is None
