"""The preview beside the list of images reads no manifest before the user opens it."""

from __future__ import annotations

from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import running, until


async def test_browsing_records_no_pull_and_shows_what_the_listing_has() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "app")
    digest = push_image(client, "app", "one", "v1").digest
    async with running(embedded, "app", size=(160, 30), prefetch="auto") as pilot:
        screen = await until(pilot, "The manifest was not read.")
        assert digest[:20] in screen
        assert "BatchGetImage" not in embedded.calls
