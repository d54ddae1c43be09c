"""Choosing and ordering the columns of a list, and sorting by what is shown."""

from __future__ import annotations

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.settings import load
from ecrtui.tui.table.table import Table
from tests.support.screen import app_of, running, until, until_gone


async def test_columns_are_chosen_ordered_and_saved(one_image: EmbeddedRegistry) -> None:
    columns = {"images": ["size", "pulld", "tag", "status"]}
    async with running(one_image, "team/app", size=(60, 24), columns=columns) as pilot:
        screen = await until(pilot, "sorted by pushed")
        assert "Unknown column 'pulld' in columns.images. Did you mean 'pulled'?" in " ".join(
            notification.message for notification in app_of(pilot)._notifications
        )
        app_of(pilot).notify("beside the menu " * 12, timeout=600)
        assert next(line for line in screen.splitlines() if "tags" in line).split() == ["size", "tags", "status"]
        headings = []
        for key in ("s", "s", "s"):  # only what is shown
            await pilot.press(key)
            await pilot.pause()
            headings.append(app_of(pilot).screen.query_one(Table).sorted_by)
        assert headings == ["size", "tag", "status"]
        await until_gone(pilot, "sorted by")

        await pilot.press("C")
        await until(pilot, lambda screen: "show or hide" in screen and "beside the menu" in screen)
        await pilot.press("space", "J")  # hide the size, and move it behind the tags
        await until(pilot, "│   size")
        await pilot.press("escape")
        await until(pilot, "size")

        await pilot.press("C")
        await until(pilot, "show or hide")
        await pilot.press("J", "enter")
        await until(pilot, lambda screen: "tags size status" in " ".join(screen.split()))
        await pilot.app.workers.wait_for_complete()
        assert load({}).columns == {"images": ("tag", "size", "status")}

        await pilot.press("C")
        await until(pilot, "show or hide")
        await pilot.press("r", "enter")
        await until(pilot, "findings")
        await pilot.app.workers.wait_for_complete()
        assert load({}).columns == {}


async def test_a_sort_by_a_column_without_room_is_named(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, "team/app", size=(100, 24)) as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("s", "s", "s", "s")
        await until(pilot, "pulled ▼")
        await pilot.resize_terminal(60, 24)
        await until(pilot, "sorted by pulled")
        await pilot.resize_terminal(100, 24)
        await until_gone(pilot, "sorted by")
