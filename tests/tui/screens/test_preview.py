"""The facts and the manifest beside the list of images. No manifest is read before the user opens it."""

from __future__ import annotations

from typing import Any

from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index
from tests.support.screen import retag, running, until, until_gone

SIZE = (200, 30)


async def test_browsing_records_no_pull_and_shows_what_the_listing_has() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "app")
    index = push_index(client, "app", tag="v1")
    async with running(embedded, "app", size=SIZE, prefetch="auto") as pilot:
        screen = await until(pilot, "platforms     not known: its manifest was not read")
        assert index.digest[:40] in screen
        await until(pilot, "not known    not written from here")
        await pilot.press("o")
        await until(pilot, "The manifest was not read.")
        assert "BatchGetImage" not in embedded.calls


async def test_the_facts_name_the_platforms_the_findings_and_the_writes(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    image = push_image(client, "team/app", "one")
    push_index(client, "team/app", {"linux/arm64": image}, "v1")
    client.start_image_scan(repositoryName="team/app", imageId={"imageDigest": image.digest})
    async with running(embedded, "team/app", size=SIZE, prefetch=True) as pilot:
        screen = await until(pilot, f"linux/arm64   {image.digest[7:19]}")
        await retag(pilot, "rc")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.press("enter")
        screen = await until(pilot, "the tag was new · by user/embedded, from here")
        await pilot.press("o")
        screen = await until(pilot, '"schemaVersion": 2')
        assert "here since" not in screen
        await pilot.press("o")
        await until_gone(pilot, '"schemaVersion": 2')


async def test_a_narrow_list_says_that_it_has_no_room_for_the_manifest(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "one", "v1")
    async with running(embedded, "team/app", size=(80, 24)) as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("o")
        await until(pilot, "There is room beside the list from")
