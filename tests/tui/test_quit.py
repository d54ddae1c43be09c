"""Quitting: at once during a read, and after the reply during a write."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui.widgets.breadcrumb import Breadcrumb
from tests.support.embedded import client_for, push_image, tags_of
from tests.support.screen import retag, running, until

REPOSITORY = "team/app"
HANG = 60
"""Seconds that a hanging service takes, far longer than a test may."""


pytestmark = pytest.mark.usefixtures("image")


@pytest.fixture
def image(client: Any) -> None:
    """Push the image ``v1``."""
    push_image(client, REPOSITORY, "one", "v1")


def hold_put_image(embedded: EmbeddedRegistry) -> threading.Event:
    """Hold the next PutImage until the returned event is set."""
    return hold_next(embedded, "PutImage")


def hold_next(embedded: EmbeddedRegistry, operation: str) -> threading.Event:
    """Hold the next request of an operation until the returned event is set."""
    reply = threading.Event()
    embedded.faults.before(operation, lambda: reply.wait(HANG))
    return reply


async def ended(pilot: Any) -> None:
    """Wait until the application has ended."""
    for _ in range(HANG * 50):
        if not pilot.app._running:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the application is still there")


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_quit_does_not_wait_for_a_page_that_hangs(key: str, embedded: EmbeddedRegistry) -> None:
    embedded.faults.add(f"DescribeRepositories:latency:seconds={HANG}")
    async with running(embedded) as pilot:
        await until(pilot, "loading…")
        await pilot.press(key)
        await ended(pilot)


async def test_quit_works_where_the_terminal_is_too_small_for_anything_else(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, size=(40, 10)) as pilot:
        await until(pilot, "Until then")
        await pilot.press("q")
        await ended(pilot)


async def test_quit_does_not_wait_for_a_manifest_that_hangs(embedded: EmbeddedRegistry) -> None:
    embedded.faults.add(f"BatchGetImage:latency:seconds={HANG}")
    async with running(embedded, f"{REPOSITORY}:v1") as pilot:
        await until(pilot, "last pulled")
        await pilot.press("2")
        await until(pilot, "loading…")
        await pilot.press("q")
        await ended(pilot)


async def test_a_hanging_screen_closes_at_once(embedded: EmbeddedRegistry) -> None:
    embedded.faults.add(f"BatchGetImage:latency:seconds={HANG}")
    async with running(embedded, f"{REPOSITORY}:v1") as pilot:
        await until(pilot, "last pulled")
        await pilot.press("2")
        await until(pilot, "loading…")
        await pilot.press("escape")
        await until(pilot, "1 image ·")


async def test_quit_waits_for_a_write_in_flight_and_says_so(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, REPOSITORY) as pilot:
        await until(pilot, "1 image ·")
        await retag(pilot, "rc")
        reply = hold_put_image(embedded)
        await pilot.press("enter")
        await until(pilot, "writing…")
        await pilot.press("ctrl+c")
        await until(pilot, "A write is in flight")
        assert pilot.app._running
        reply.set()
        await ended(pilot)
    assert "rc" in tags_of(client_for(embedded), REPOSITORY)


async def test_a_write_continues_when_its_screen_closes(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, REPOSITORY) as pilot:
        await until(pilot, "1 image ·")
        await retag(pilot, "rc")
        reply = hold_put_image(embedded)
        await pilot.press("enter")
        await until(pilot, "writing…")
        await pilot.press("escape")  # a write cannot be cancelled, so the form stays open
        await until(pilot, "cannot be cancelled")
        pilot.app.pop_screen()  # a screen can also close in another way
        await until(pilot, "1 repository")
        reply.set()
        await until(pilot, lambda screen: "writing" not in screen)
        await pilot.press("a")
        await until(pilot, "✓ done")
    assert "rc" in tags_of(client_for(embedded), REPOSITORY)


async def test_the_list_shows_a_write_whose_screen_was_closed(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, f"{REPOSITORY}:v1") as pilot:
        await until(pilot, "last pulled")
        await retag(pilot, "rc")
        reply = hold_put_image(embedded)
        await pilot.press("enter")
        await until(pilot, "writing…")
        pilot.app.pop_screen()
        await until(pilot, "1 image ·")
        reply.set()
        await until(pilot, lambda screen: "rc  v1" in screen and "writing" not in screen)


async def test_a_click_on_the_path_leaves_an_open_form_alone(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, REPOSITORY) as pilot:
        await until(pilot, "1 image ·")
        await retag(pilot, "rc")
        reply = hold_put_image(embedded)
        await pilot.press("enter")
        await until(pilot, "writing…")
        await pilot.click(Breadcrumb, offset=(3, 0))
        screen = await until(pilot, "Close the form first.")
        assert "writing…" in screen
        reply.set()
        await until(pilot, "✓ done")


async def test_the_screen_handles_keys_during_a_write(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, REPOSITORY, size=(100, 50)) as pilot:
        await until(pilot, "1 image ·")
        await retag(pilot, "rc")
        reply = hold_put_image(embedded)
        await pilot.press("enter")
        await until(pilot, "writing…")
        await pilot.press("f1")
        await until(pilot, "Keyboard shortcuts")
        await pilot.press("escape")
        reply.set()
        await until(pilot, "✓ done")
