"""The command palette: keys, other words, actions that do not work now, and places."""

from __future__ import annotations

import pytest
from textual._callback import invoke
from textual.widgets import Input

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui.actions import ACTIONS, BY_ID
from ecrtui.tui.palette.action_commands import ActionCommands
from ecrtui.tui.palette.synonyms import SYNONYMS, matching_synonym
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import paste, running, type_text, until, until_gone, until_idle


def test_every_synonym_is_of_an_action_of_the_palette() -> None:
    assert SYNONYMS.keys() <= BY_ID.keys()
    assert all(BY_ID[name].palette for name in SYNONYMS)


@pytest.mark.parametrize(
    ("word", "action"),
    [
        *[("diff", "image.diff"), ("cve", "image.findings"), ("undo", "app.activity"), ("rollback", "activity.undo")],
        *[("export", "plan.save"), ("export", "list.yaml"), ("exit", "app.quit"), ("EXIT", "app.quit")],
        *[
            ("leave", "screen.back"),
            ("scan", "image.findings"),
            ("size", "repositories.totals"),
            ("arn", "screen.copy"),
        ],
        *[
            ("policy", "list.describe"),
            ("region", "app.region"),
            ("versus", "image.diff"),
            ("ticket", "compare.export"),
        ],
        *[("keys", "app.help"), ("vuln", "image.findings"), ("journal", "app.activity"), ("variables", "image.config")],
    ],
)
def test_another_word_finds_its_action(word: str, action: str) -> None:
    assert matching_synonym(action, word)


@pytest.mark.parametrize("word", ["", " ", "zzz", "iff"])
def test_only_the_beginning_of_a_word_finds_an_action(word: str) -> None:
    assert [action.id for action in ACTIONS if matching_synonym(action.id, word)] == []


@pytest.fixture
def embedded() -> EmbeddedRegistry:
    embedded = new_embedded()
    client = client_for(embedded)
    for name in ("team/app", "team/web"):
        create_repository(client, name)
        push_image(client, name, name, "v1")
    return embedded


async def test_a_command_of_a_screen_that_was_left_does_nothing(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, "team/app", size=(110, 40)) as pilot:
        await until(pilot, "1 image ·")
        left = pilot.app.screen
        hits = [hit async for hit in ActionCommands(left).discover()]
        await pilot.press("escape")
        await until(pilot, "2 repositories")
        await until(pilot, lambda _: not left.query(Input))
        back = next(hit for hit in hits if hit.help == BY_ID["screen.back"].help)
        await invoke(back.command)
        assert "2 repositories" in await until_idle(pilot)


async def test_the_palette_finds_and_goes(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, "team/app", size=(110, 40), keys={"list.describe": "f9"}) as pilot:
        await until(pilot, "1 image ·")

        async def ask(query: str, *expected: str) -> None:
            await pilot.press("colon")
            await until(pilot, "Search for commands")
            pilot.app.screen.query_one(Input).value = query
            await until(pilot, lambda screen: all(part in screen for part in expected))

        await pilot.press("colon")
        await until(pilot, "Describe  f9")
        await paste(pilot, "copy\x1b[2J\nall")
        await until(pilot, "copy[2J")
        await pilot.press("escape")
        await until(pilot, "control character.")
        await ask("copy all", "Copy all tags", "Not now: Mark the image that has the tags")
        await pilot.press("enter")
        await until(pilot, "Copy all tags does not work now. Mark the image")
        await ask("diff", "Compare (diff)  D")
        await pilot.press("escape")
        await ask("cve", "Findings (cve)  f")
        await pilot.press("escape")
        await ask("filter tag:v2", "Filter tag:v2")
        await pilot.press("enter")
        await until(pilot, "Nothing matches tag:v2")
        await ask("team/web:v1", "Open team/web:v1", "the image and its manifest")
        await pilot.press("enter")
        await until(pilot, "team/web › ")
        await ask("123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app", "Open team/app")
        await pilot.press("enter")
        await until(pilot, "1 image ·")
        await ask("999999999999.dkr.ecr.us-east-1.amazonaws.com/team/app", "Not now: it is in account 999999999999")
        await pilot.press("enter")
        await until(pilot, "Connect to it first")
        await until_gone(pilot, "Not now")
        await ask("team", "Open team")


async def test_a_key_is_shown_with_the_action_that_it_runs_here(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, "team/app:v1", size=(110, 40)) as pilot:
        await until(pilot, "‹1 overview›")
        await pilot.press("D")
        await until(pilot, "or repository:tag")
        await type_text(pilot, "team/web:v1")
        await pilot.press("enter")
        await until(pilot, "‹1 summary›")
        await pilot.press("colon")
        screen = await until(pilot, "All  a")
        assert "Activity" in screen
        assert "Activity  a" not in screen


async def test_an_action_that_a_form_disables_says_so(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, "team/app", size=(110, 40)) as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("t")
        await until(pilot, "new tags, separated")
        await pilot.press("ctrl+p")
        await type_text(pilot, "describe")
        await until(pilot, "Not now: Close the form first.")


async def test_the_settings_are_shown_with_their_sources(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, size=(110, 40), keys={"app.settings": "f8"}) as pilot:
        await until(pilot, "2 repositories")
        await pilot.press("f8")
        screen = await until(pilot, "Settings for account 123456789012")
        assert "Refuse every write" in screen
        assert "by default" in screen
