"""The field of a filter: filters that were used before come back."""

from __future__ import annotations

from ecrtui.tui.widgets.filter_bar import FilterBar
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import app_of, running, type_text, until, until_gone


async def test_filters_that_were_used_before_come_back_in_another_list_of_the_kind() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    for name in ("team/app", "team/web"):
        create_repository(client, name)
        push_image(client, name, name, "v1")
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "1 image ·")

        def field() -> str:
            return app_of(pilot).screen.query_one(FilterBar).value

        for words in ("tag:v1", "tag:v2"):
            await pilot.press("slash")
            await type_text(pilot, words)
            await pilot.press("enter")
        await until(pilot, "0 match")
        await pilot.press("escape", "escape")
        await until(pilot, "2 repositories")
        await pilot.press("slash", "up")
        assert field() == ""  # these are repositories
        await pilot.press("escape", "G", "enter")
        await until(pilot, "1 image ·")
        await pilot.press("slash", "s")
        for expected in ("tag:v2", "tag:v1", "s", "tag:v2", "tag:v1"):
            await pilot.press("up")
            assert field() == expected
        await pilot.press("enter")
        await until(pilot, "1 match")
        await pilot.press("slash", "left", "1", "up")
        assert field() == "tag:v1"
        await pilot.press("up", "up")
        assert field() == "1tag:v1"
        await pilot.press("escape")
        await until_gone(pilot, "match")
