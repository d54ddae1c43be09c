"""Closed screens leave nothing behind, so that the application can run all day."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections import Counter
from typing import Any

from textual._styles_cache import StylesCache
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Static

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui.inspector.overview_pane import OverviewPane
from ecrtui.tui.inspector.pane_table import PANES
from ecrtui.tui.messages import ListLoaded
from ecrtui.tui.screens.image import ImageScreen
from ecrtui.tui.table.table import Table
from ecrtui.tui.textual_fixes.frame_timer import ChangesSoon
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.heap import freeze_heap
from tests.support.screen import TIMEOUT, open_pane, running, type_text, until, until_gone


def registry_of_one_image() -> EmbeddedRegistry:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "v1")
    return embedded


async def use_everything(pilot: Pilot[Any]) -> None:
    """Open a repository, its image and everything on them, and go back."""
    await pilot.press("enter")
    await until(pilot, "1 image ·")
    await pilot.press("slash")
    await type_text(pilot, "v1")
    await until(pilot, "1 match")
    await pilot.press("enter", "escape")
    await until_gone(pilot, "1 match")
    for key, words in (("d", "imageManifestMediaType"), ("question_mark", "Keyboard shortcuts")):
        await pilot.press(key)
        await until(pilot, words)
        await pilot.press("escape")
        await until_gone(pilot, words)
    await pilot.press("enter")
    await until(pilot, "last pulled")
    for entry in PANES:
        await open_pane(pilot, entry.id)
    await pilot.press("escape")
    await until(pilot, "1 image ·")
    await pilot.press("escape")
    await until(pilot, "1 repository")


async def held(pilot: Pilot[Any]) -> Counter[str]:
    """Count widgets, drawn lines, tasks and threads."""
    await pilot.pause()
    gc.collect()
    found = Counter(type(entry).__name__ for entry in gc.get_objects() if isinstance(entry, Widget | StylesCache))
    found["tasks"] = len(asyncio.all_tasks())
    found["threads"] = threading.active_count()
    return found


async def test_closed_screens_leave_nothing_in_memory() -> None:
    freeze_heap()  # so that `held` looks at the objects of this test only
    async with running(registry_of_one_image(), size=(160, 50)) as pilot:
        await until(pilot, "1 repository")
        for _ in range(2):  # made once and kept on purpose
            await use_everything(pilot)
        before = await held(pilot)
        for _ in range(2):
            await use_everything(pilot)
        waited = 0.0
        while (left := await held(pilot) - before) and waited < TIMEOUT:  # a closed screen ends in its own tasks
            await pilot.pause(0.05)
            waited += 0.05
        assert left == Counter()


async def test_each_screen_is_freed_although_the_next_one_is_open() -> None:
    async with running(registry_of_one_image(), "team/app") as pilot:
        await until(pilot, "1 image ·")
        for _ in range(3):
            await pilot.press("enter")
            await until(pilot, "last pulled")
            image_screen = weakref.ref(pilot.app.screen)
            await pilot.press("escape")
            await until(pilot, "1 image ·")
            await pilot.press("enter")
            await until(pilot, "last pulled")
            waited = 0.0
            while image_screen() is not None and waited < TIMEOUT:
                await pilot.pause(0.05)
                waited += 0.05
            assert image_screen() is None
            await pilot.press("escape")
            await until(pilot, "1 image ·")


class LoadsListLate(Static):
    """A list that is loaded while the screens are closed: other widgets of its pane are gone then."""

    async def on_unmount(self) -> None:
        self.app.post_message(ListLoaded(False))
        for _ in range(100):  # turns of the loop, in which the application handles the message
            await asyncio.sleep(0)


async def test_a_list_that_is_loaded_while_the_application_ends_does_no_harm() -> None:
    async with running(registry_of_one_image(), "team/app:v1", size=(120, 35)) as pilot:
        await until(pilot, "lifecycle")
        await pilot.app.screen.query_one(OverviewPane).mount(LoadsListLate())


async def test_a_frame_can_be_due_when_a_list_was_left() -> None:
    async with running(registry_of_one_image(), "team/app") as pilot:
        await until(pilot, "1 image ·")
        left = pilot.app.screen
        await pilot.press("escape")
        await until(pilot, "1 repository")
        await until(pilot, lambda _: not left.query(Table))
        assert isinstance(left, ChangesSoon)  # it looks at the property
        assert not left.changes_soon


async def test_an_image_can_be_left_while_a_pane_is_mounted() -> None:
    async with running(registry_of_one_image(), "team/app:v1") as pilot:
        await until(pilot, "last pulled")
        left = pilot.app.screen
        assert isinstance(left, ImageScreen)
        showing = asyncio.create_task(left.show_pane("tags"))
        await asyncio.sleep(0)  # it mounts the pane now
        await pilot.app.pop_screen()
        await showing
        await until(pilot, "1 image ·")
