"""The main job: find an image, give it a tag, see what ECR answered."""

from __future__ import annotations

from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index, tags_of
from tests.support.screen import running, type_text, until


async def test_a_tag_is_moved_and_the_answer_of_put_image_stands_inline() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    old = push_image(client, "team/app", "old", "rc")
    new = push_image(client, "team/app", "new", "v2")
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "2 images")
        await pilot.press("slash")
        await type_text(pilot, "v2")
        await until(pilot, "1 match")
        await pilot.press("enter", "t")
        await until(pilot, "Retag")
        await type_text(pilot, "rc")
        screen = await until(pilot, "enter apply")
        assert "moves" in screen
        assert old.digest[7:19] in screen
        await pilot.press("enter")
        screen = await until(pilot, "✓ done")
        assert "request id" in screen
        assert new.digest in screen
        assert tags_of(client, "team/app") == {"rc": new.digest, "v2": new.digest}
        await pilot.press("enter")
        await until(pilot, "v2  rc" if "v2  rc" in screen else "rc  v2")


async def test_a_platform_can_be_tagged_and_the_form_says_that_it_is_not_the_index() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    index = push_index(client, "team/app", None, "multi")
    async with running(embedded, "team/app:multi", size=(140, 40)) as pilot:
        await until(pilot, "linux/arm64")
        await pilot.press("o", "down", "down", "down")
        await until(pilot, "platform    linux/arm64")
        await pilot.press("t")
        await until(pilot, f"not the index {index.digest[7:19]}")
        await type_text(pilot, "arm")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert tags_of(client, "team/app")["arm"] != index.digest
