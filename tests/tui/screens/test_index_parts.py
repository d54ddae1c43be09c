"""Parts of indexes in the list of images: they are never untagged images, and not known is shown as not known."""

from __future__ import annotations

import pytest

from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index
from tests.support.screen import row_of, running, screen_text, type_text, until

pytestmark = pytest.mark.usefixtures("no_sdk_retries")


class Env:
    """The repository ``app``: an index with two platforms, and an untagged image that no index lists."""

    def __init__(self) -> None:
        self.embedded = new_embedded()
        self.client = client_for(self.embedded)
        create_repository(self.client, "app")
        self.index = push_index(self.client, "app", tag="v1").digest[7:19]
        self.loose = push_image(self.client, "app", "loose").digest[7:19]

    @property
    def manifests_read(self) -> int:
        calls: int = self.embedded.calls["BatchGetImage"]
        return calls


@pytest.fixture
def env() -> Env:
    return Env()


async def test_parts_are_not_known_until_the_user_lets_the_indexes_be_read(env: Env) -> None:
    async with running(env.embedded, "app", size=(120, 24), prefetch="auto") as pilot:
        screen = await until(pilot, "4 images · 1 tagged · 3 untagged or in indexes")
        assert screen.count("<untagged>") == 3
        await pilot.press("slash")
        await type_text(pilot, "is:untagged")
        screen = await until(pilot, "0 match · 1 index not read")
        assert "so images without tags may be in use" in screen
        assert env.manifests_read == 0
        await pilot.press("down", "I")
        screen = await until(pilot, "1 match · 4 images · 1 tagged · 1 untagged · 2 in indexes")
        assert env.loose in row_of(screen, "<untagged>")
        assert env.manifests_read == 1
        await pilot.press("escape")
        screen = await until(pilot, f"in {env.index}")
        assert screen.count(f"in {env.index}") == 2
        await pilot.press("I", "ctrl+r")
        await until(pilot, "4 images · 1 tagged · 1 untagged · 2 in indexes")
    assert env.manifests_read == 1


async def test_opening_an_index_makes_its_parts_known(env: Env) -> None:
    second = push_index(env.client, "app", {"linux/arm64": push_image(env.client, "app", "arm")}, tag="v2").digest[7:19]
    async with running(env.embedded, "app", size=(120, 24), prefetch=False) as pilot:
        await until(pilot, "6 images · 2 tagged · 4 untagged or in indexes")
        await pilot.press("slash")
        await type_text(pilot, "is:part")
        await until(pilot, "0 match · 2 indexes not read")
        await pilot.press("escape")
        await until(pilot, "6 images")
        for tag, index, unknown in (
            ("v1", env.index, "2 untagged or in indexes · 2"),
            ("v2", second, "1 untagged · 3"),
        ):
            await pilot.press("slash")
            await type_text(pilot, f"tag:{tag}")
            await until(pilot, "1 match")
            await pilot.press("enter", "enter")
            await until(pilot, f"index {index}")
            await pilot.press("escape", "escape")
            await until(pilot, f"6 images · 2 tagged · {unknown} in indexes")
            assert f"in {index}" in screen_text(pilot.app)
        await pilot.press("slash")
        await type_text(pilot, "is:part")
        await until(pilot, "3 match · 6 images")


async def test_parts_are_known_where_reading_ahead_is_allowed(env: Env) -> None:
    async with running(env.embedded, "app", size=(120, 24), prefetch=True) as pilot:
        await until(pilot, "4 images · 1 tagged · 1 untagged · 2 in indexes")
        await pilot.press("slash")
        await type_text(pilot, "is:part")
        await until(pilot, "2 match")
        assert screen_text(pilot.app).count(f"in {env.index}") == 2


async def test_indexes_that_cannot_be_read_leave_their_parts_unknown(env: Env) -> None:
    env.embedded.faults.add("BatchGetImage:error:code=AccessDeniedException")
    async with running(env.embedded, "app", size=(120, 24), prefetch="auto") as pilot:
        await until(pilot, "3 untagged or in indexes")
        await pilot.press("I")
        await until(pilot, "Access denied")
        assert "3 untagged or in indexes" in screen_text(pilot.app)


async def test_a_repository_without_indexes_has_untagged_images() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "app")
    push_image(client, "app", "loose")
    async with running(embedded, "app", size=(120, 24), prefetch="auto") as pilot:
        await until(pilot, "1 image · 0 tagged · 1 untagged")
