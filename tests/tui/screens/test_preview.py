"""The facts and the manifest beside the list of images. No manifest is read before the user opens it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

from ecrtui.ecr.manifest import OCI_INDEX, ParsedManifest
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui.image_facts import ImageFacts, KnownImages
from ecrtui.tui.screens.images import ImagesScreen
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index, put
from tests.support.screen import retag, running, until, until_gone, until_idle

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


async def test_a_list_without_facts_beside_it_takes_the_whole_line(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "one", "v1")
    async with running(embedded, "team/app", size=(139, 24)) as pilot:
        await until(pilot, "1 image ·")
        assert isinstance(pilot.app.screen, ImagesScreen)
        assert pilot.app.screen.table.region.right == 139


async def test_a_narrow_list_says_that_it_has_no_room_for_the_manifest(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "one", "v1")
    async with running(embedded, "team/app", size=(80, 24)) as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("o")
        await until(pilot, "There is room beside the list from")


async def test_the_stored_size_of_an_index_is_that_of_its_platforms(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, "team/app", "one")
    attestation = push_image(client, "team/app", "attestation", layers=(b"statement",))
    about = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image.digest}
    entries = [
        {"mediaType": part.media_type, "digest": part.digest, "size": len(part.manifest), **members}
        for part, members in (
            (image, {"platform": {"os": "linux", "architecture": "amd64"}}),
            (attestation, {"platform": {"os": "unknown", "architecture": "unknown"}, "annotations": about}),
        )
    ]
    put(client, "team/app", json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}), "v1")
    async with running(embedded, "team/app", size=SIZE, prefetch=True) as pilot:
        await until(pilot, f"linux/amd64   {image.digest[7:19]}")
        await pilot.press("plus")
        await until(pilot, attestation.digest[7:19])
        await pilot.press("down")
        await until(pilot, "a part of")
        await pilot.press("up")
        await until(pilot, "B, platforms share 0 B")


async def test_the_kept_manifests_of_an_image_are_parsed_once(embedded: EmbeddedRegistry, client: Any) -> None:
    index = push_index(client, "team/app", tag="v1")
    async with running(embedded, "team/app", size=(80, 24)) as pilot:
        await until(pilot, "v1")
        screen = pilot.app.screen
        assert isinstance(screen, ImagesScreen)
        session, image = await screen.session(), screen.current
        assert image is not None
        await asyncio.to_thread(session.catalog.prefetch, "team/app", [index.digest])
        known = KnownImages(screen.connect, screen.groups, screen.rows.get)
        first, second = [await known.facts(session, "team/app", image, writes=False) for _ in range(2)]
        assert isinstance(first.inspected.known_manifest, ParsedManifest)
        assert first.inspected.known_manifest is second.inspected.known_manifest


async def test_facts_that_come_late_are_not_shown_beside_another_image(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "one", "v1")
    push_image(client, "team/app", "two", "v2")
    async with running(embedded, "team/app", size=SIZE) as pilot:
        await until(pilot, "not known    not written from here")
        screen = pilot.app.screen
        assert isinstance(screen, ImagesScreen)
        facts, session = screen.query_one(ImageFacts), await screen.session()
        screen.rows.move(1)
        old = screen.current
        assert old is not None
        late = asyncio.create_task(screen._show_facts(session))
        await asyncio.sleep(0)
        screen.rows.move(0)
        facts.show_data(None)
        await late
        assert facts._data is None or facts._data.inspected.digest != old.digest


async def test_facts_that_come_late_do_not_replace_those_of_a_row_that_has_changed(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    push_image(client, "team/app", "one", "v1")
    async with running(embedded, "team/app", size=SIZE) as pilot:
        await until(pilot, "not known    not written from here")
        await until_idle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, ImagesScreen)
        session, image = await screen.session(), screen.current
        assert image is not None
        late = asyncio.create_task(screen._show_facts(session))
        await asyncio.sleep(0)
        screen.table.update([replace(image, tags=("v1", "v2"))])
        screen.query_one(ImageFacts).show_data(None)
        await late
        shown = screen.query_one(ImageFacts)._data
        assert shown is None or shown.inspected.image.tags == ("v1", "v2")
        await until(pilot, "v1   v2")
