"""The screens with a table: keys that come faster than the filter."""

from __future__ import annotations

from textual import events

from ecrtui.ecr.image import Image
from ecrtui.tui.table.table import Table
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import cursor_row, running, until


async def test_a_key_right_after_a_filter_is_for_a_row_that_matches() -> None:
    embedded = new_embedded()
    create_repository(client_for(embedded), "app")
    push_image(client_for(embedded), "app", "one", "one")
    images = [Image(f"sha256:{number:064x}", (f"release-{number}",), float(number)) for number in range(300_000)]
    async with running(embedded, "app") as pilot:
        await until(pilot, "1 image ·")
        pilot.app.screen.query_one(Table).merge(images)
        await pilot.press("slash")
        for key in (*"release-123456", "enter", "enter"):
            pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, "› release-")
        await until(pilot, "app › release-123456")


async def test_the_row_that_a_filter_found_keeps_the_cursor_without_the_filter() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "app")
    for name in ("one", "two", "three"):
        push_image(client, "app", name, name)
    async with running(embedded, "app") as pilot:
        assert "one" not in cursor_row(await until(pilot, "3 images"))
        await pilot.press("slash", *"one", "enter")
        await until(pilot, "1 match")
        await pilot.press("escape")
        assert "one" in cursor_row(await until(pilot, lambda screen: "match" not in screen))

        # Esc in the field gives the filter up, and the row that it found
        await pilot.press("g", "slash", *"one")
        await until(pilot, "1 match")
        await pilot.press("escape")
        assert "one" not in cursor_row(await until(pilot, lambda screen: "match" not in screen))
