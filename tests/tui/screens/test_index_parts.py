"""Parts of indexes in the list of images: they are never untagged images, and not known is shown as not known."""

from __future__ import annotations

import threading

import pytest

from ecrtui.tui.textual_fixes.frame_hold import is_complete
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index
from tests.support.screen import row_of, running, screen_text, type_text, until, until_gone

pytestmark = pytest.mark.usefixtures("no_sdk_retries")


class IndexPartsEnv:
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
def env() -> IndexPartsEnv:
    return IndexPartsEnv()


async def test_parts_are_not_known_until_the_user_lets_the_indexes_be_read(env: IndexPartsEnv) -> None:
    async with running(env.embedded, "app", size=(120, 24), prefetch="auto") as pilot:
        screen = await until(pilot, "4 images · 1 tagged · 3 orphans or parts")
        assert screen.count("<untagged>") == 3
        await pilot.press("slash")
        await type_text(pilot, "is:untagged")
        screen = await until(pilot, "0 match · known for 1 of 4 · 1 index not read")
        assert "so images without tags may be in use" in screen
        assert env.manifests_read == 0
        await pilot.press("down", "I")
        screen = await until(pilot, "1 match · 2 images · 1 tagged · 1 orphan · 2 parts")
        assert env.loose in row_of(screen, "<untagged>")
        assert env.manifests_read == 1
        await pilot.press("escape")
        screen = await until(pilot, "+ v1")
        assert "linux/amd64" not in screen
        await pilot.press("I", "ctrl+r")
        await until(pilot, "2 images · 1 tagged · 1 orphan · 2 parts")
    assert env.manifests_read == 1


async def test_rows_unfold_fold_and_count_as_one(env: IndexPartsEnv) -> None:
    async with running(env.embedded, "app", size=(120, 24), prefetch=True, fold=False) as pilot:
        screen = await until(pilot, "2 images · 1 tagged · 1 orphan · 2 parts")
        assert screen.index("- v1") < screen.index("linux/amd64") < screen.index("linux/arm64")
        await pilot.press("s", "s", "asterisk")
        await until(pilot, "2 marked · 2 images")
        await pilot.press("asterisk", "slash")
        await type_text(pilot, "linux/amd64")
        await until(pilot, "1 match · 2 images")
        await pilot.press("enter", "G", "minus")
        screen = await until(pilot, "▸  + v1")
        assert "linux" not in screen.partition("▸")[2]
        await pilot.press("escape", "underscore", "plus")
        await until(pilot, "- v1")
        for sign, then in (("- v1", "+ v1"), ("+ v1", "- v1")):
            lines = screen_text(pilot.app).split("\n")
            row = next(number for number, line in enumerate(lines) if sign in line)
            await pilot.click(offset=(lines[row].index(sign), row))
            assert " marked" not in await until(pilot, then)
        await pilot.press("underscore", "underscore")
        screen = await until(pilot, "+ v1")
        await pilot.press("slash")
        await type_text(pilot, "is:platform")
        assert "linux/arm64" in await until(pilot, "2 match")
        await pilot.press("down", "asterisk")
        await until(pilot, "2 marked · 2 match")
        await pilot.press("asterisk", "G", "space", "k", "t")  # one mark on another row is there to compare with
        screen = await until(pilot, "not the marked one")
        assert "new tags, separated" in screen


async def test_opening_an_index_makes_its_parts_known(env: IndexPartsEnv) -> None:
    push_index(env.client, "app", {"linux/arm64": push_image(env.client, "app", "arm")}, tag="v2")
    async with running(env.embedded, "app", size=(120, 24), prefetch=False) as pilot:
        await until(pilot, "6 images · 2 tagged · 4 orphans or parts")
        await pilot.press("slash")
        await type_text(pilot, "is:part")
        await until(pilot, "0 match · known for 0 of 6 · 2 indexes not read")
        await pilot.press("escape")
        await until(pilot, "6 images")
        for tag, counts in (
            ("v1", "4 images · 2 tagged · 2 orphans or parts · 2 parts"),
            ("v2", "3 images · 2 tagged · 1 orphan · 3 parts"),
        ):
            await pilot.press("slash")
            await type_text(pilot, f"tag:{tag}")
            await until(pilot, "1 match")
            await pilot.press("enter", "enter")
            await until(pilot, "linux/arm64")
            await pilot.press("escape", "escape")
            await until(pilot, counts)
        await pilot.press("slash")
        await type_text(pilot, "is:part")
        await until(pilot, "3 match · 3 images")


async def test_the_frame_of_a_short_list_is_complete_when_the_parts_are_known(env: IndexPartsEnv) -> None:
    parts = threading.Event()
    env.embedded.faults.before("BatchGetImage", parts.wait)
    async with running(env.embedded, "app", size=(120, 24), prefetch=True) as pilot:
        await until(pilot, "4 images · 1 tagged · 3 orphans or parts")
        assert not is_complete(pilot.app.screen)
        parts.set()
        await until(pilot, "2 parts")
        assert is_complete(pilot.app.screen)


async def test_indexes_that_cannot_be_read_leave_their_parts_unknown(env: IndexPartsEnv) -> None:
    env.embedded.faults.add("BatchGetImage:error:code=AccessDeniedException")
    async with running(env.embedded, "app", size=(120, 24), prefetch="auto") as pilot:
        await until(pilot, "3 orphans or parts")
        await until(pilot, "I read indexes")
        await pilot.press("I")
        await until(pilot, "Access denied")
        assert "3 orphans or parts" in screen_text(pilot.app)
        env.embedded.faults.clear()
        await pilot.press("I")
        await until_gone(pilot, "I read indexes")
        await until(pilot, "2 parts")
        pilot.app.clear_notifications()
        await pilot.press("I")
        await until(pilot, "The parts of all indexes are known.")
        env.embedded.faults.add("DescribeImages:error:code=AccessDeniedException")
        await pilot.press("ctrl+r")
        await until(pilot, lambda screen: "r try again" in screen and "read now" in screen)
