"""Keys and pastes that arrive in one burst take effect in order."""

from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.command import CommandList
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input
from textual.widgets.option_list import Option

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui.overlays.help import HelpOverlay
from ecrtui.tui.screens.images import ImagesScreen
from ecrtui.tui.table.table import Table
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, tags_of
from tests.support.screen import running, screen_text, until

BACKSPACE, ENTER, ESCAPE = "\x7f", "\r", "\x1b"
KEYS = {BACKSPACE: "backspace", ENTER: "enter", ESCAPE: "escape"}


@pytest.fixture(scope="module")
def embedded() -> EmbeddedRegistry:
    made = new_embedded()
    client = client_for(made)
    for name in ("team/app", "team/web"):
        create_repository(client, name)
    push_image(client, "team/app", "content", "v1")
    return made


def burst(pilot: Pilot[None], *typed: str | events.Event) -> None:
    """All of it at once; a text is its keys."""
    for part in typed:
        if isinstance(part, events.Event):
            pilot.app.post_message(part)
            continue
        for character in part:
            key = KEYS.get(character) or _character_to_key(character)
            pilot.app.post_message(events.Key(key, character))


def field(pilot: Pilot[None]) -> Input:
    focused = pilot.app.focused
    assert isinstance(focused, Input)
    return focused


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        (f"/ab{BACKSPACE}c", "ac"),
        (f"/size{BACKSPACE * 4}team", "team"),
        (f"/a{BACKSPACE * 5}b", "b"),
        ("/aqtdsS/", "aqtdsS/"),
    ],
)
async def test_letters_and_editing_keys_keep_their_order(embedded: EmbeddedRegistry, typed: str, value: str) -> None:
    async with running(embedded) as pilot:
        await until(pilot, "team/web")
        burst(pilot, typed)
        await until(pilot, lambda _: isinstance(pilot.app.focused, Input) and field(pilot).value == value)
        await pilot.pause()
        assert field(pilot).value == value


async def test_a_paste_waits_for_the_key_that_opens_the_field(embedded: EmbeddedRegistry) -> None:
    async with running(embedded) as pilot:
        await until(pilot, "team/web")
        burst(pilot, "/te", events.Paste("am/"), "wx", BACKSPACE)
        await until(pilot, lambda _: isinstance(pilot.app.focused, Input) and field(pilot).value == "team/w")


async def test_a_key_after_enter_goes_to_the_list(embedded: EmbeddedRegistry) -> None:
    async with running(embedded) as pilot:
        await until(pilot, "team/web")
        burst(pilot, f"/team{ENTER}s")
        await until(pilot, lambda _: pilot.app.screen.query_one(Table).sorted_by not in (None, "name"))
        assert pilot.app.screen.query_one(Input).value == "team"


async def test_a_tag_typed_right_after_the_key_goes_into_the_field(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "v1")
        burst(pilot, f"tab{BACKSPACE * 2}quick-1")
        await until(pilot, lambda screen: screen.count("quick-1") > 1)
        assert field(pilot).value == "quick-1"
        assert isinstance(pilot.app.screen, ImagesScreen)


@pytest.mark.parametrize(
    ("command", "typed"),
    [("promote", "mirror/app"), ("remove tags", "v1 qq"), ("compare", "qq"), ("put image", "team/q")],
)
async def test_what_is_typed_right_after_a_command_of_the_palette_goes_into_its_field(
    embedded: EmbeddedRegistry, command: str, typed: str
) -> None:
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "1 image ·")
        burst(pilot, f":{command}", ENTER, typed)
        await until(pilot, lambda _: isinstance(pilot.app.focused, Input) and field(pilot).value == typed)


async def test_keys_continue_after_their_widget_is_removed(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "v1")
        burst(pilot, f"?{ESCAPE}?{ESCAPE}{ESCAPE}/we")
        await until(pilot, lambda _: isinstance(pilot.app.focused, Input) and field(pilot).value == "we")
        assert "Repositories" in screen_text(pilot.app)


async def test_a_page_key_in_an_unsized_palette_does_nothing(embedded: EmbeddedRegistry) -> None:
    async with running(embedded) as pilot:
        await until(pilot, "team/web")
        await pilot.press("colon")
        await until(pilot, lambda _: bool(pilot.app.screen.query(CommandList)))
        commands = pilot.app.screen.query_one(CommandList)
        await until(pilot, lambda _: commands.option_count > 1)
        commands.display = False
        await pilot.pause()
        commands.set_options([Option("one"), Option("two")])
        commands.highlighted = 1
        await pilot.press("pageup", "pagedown", "escape", "slash")
        assert isinstance(pilot.app.focused, Input)


async def test_the_application_exits_while_keys_are_queued(embedded: EmbeddedRegistry) -> None:
    for turns in range(0, 40, 5):  # wherever the word behind a key has come to
        async with running(embedded) as pilot:
            await until(pilot, "team/web")
            burst(pilot, "jkjk")
            for _ in range(turns):
                await asyncio.sleep(0)


async def test_the_palette_closes_once_and_never_another_overlay(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "1 image")
        await pilot.press("colon")
        await until(pilot, lambda _: bool(pilot.app.screen.query(CommandList)))
        palette = pilot.app.screen
        await pilot.app.run_action("app.help")
        await until(pilot, lambda _: pilot.app.screen is not palette)
        palette.dismiss()
        await pilot.pause()
        assert isinstance(pilot.app.screen, HelpOverlay)
        await pilot.press("escape")
        palette.dismiss()
        palette.dismiss()
        await until(pilot, lambda _: isinstance(pilot.app.screen, ImagesScreen))


async def test_enter_that_was_typed_before_the_plan_was_shown_applies_nothing(embedded: EmbeddedRegistry) -> None:
    client = client_for(embedded)
    async with running(embedded, "team/app", size=(120, 30)) as pilot:
        await until(pilot, "1 image ·")
        burst(pilot, f"tqa-2{ENTER}j{ENTER}")
        screen = await until(pilot, "came before the plan")
        screen = await until(pilot, "enter apply esc edit")
        assert "qa-2" in screen
        assert "qa-2j" not in screen, "the form has the keys, as after an Enter that applies"
        assert set(tags_of(client, "team/app")) == {"v1"}
        burst(pilot, f"{ESCAPE}3")
        screen = await until(pilot, "qa-23")
        assert "came before" not in screen
        await until(pilot, "qa-23  new")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert set(tags_of(client, "team/app")) == {"v1", "qa-23"}
        await pilot.press("enter")
        burst(pilot, f"tqa-4{ENTER}")
        await until(pilot, "enter apply esc edit")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert set(tags_of(client, "team/app")) == {"v1", "qa-23", "qa-4"}
