"""The field of a filter: filters that were used before come back, and the last word is completed."""

from __future__ import annotations

import sys

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Input

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui.widgets.filter_bar import FilterBar
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import app_of, fill_in, paste, row_of, running, type_text, until, until_gone


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


async def test_words_that_were_looked_for_come_back_in_every_text() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", "app", "v1")
    async with running(embedded, "team/app:v1") as pilot:
        await until(pilot, "stored")
        await pilot.press("2")
        await until(pilot, "schemaVersion")
        await pilot.press("slash")
        await type_text(pilot, "layers")
        await pilot.press("enter", "3")
        await until(pilot, "labels")
        await pilot.press("slash", "up")
        await until(pilot, "/ layers")


def with_tags(*tags: str) -> EmbeddedRegistry:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    for tag in tags:
        push_image(client, "team/app", tag, tag)
    return embedded


def field(pilot: Pilot[None]) -> str:
    """Return the text in the field."""
    return app_of(pilot).screen.query_one(FilterBar).value


async def test_the_last_word_is_completed_as_the_text_behind_the_cursor_says() -> None:
    async with running(with_tags("release-1", "main"), "team/app") as pilot:
        await until(pilot, "2 images")
        await pilot.press("slash")
        await fill_in(pilot, "!sev")
        await until(pilot, "/ !severity>=")
        assert field(pilot) == "!sev"
        await pilot.press("right")
        assert field(pilot) == "!severity>="
        await until(pilot, "/ !severity>=critical")
        await pilot.press("tab", "space")
        assert field(pilot) == "!severity>=critical "
        await until(pilot, lambda screen: row_of(screen, "/ !sev").rstrip().endswith("critical"))
        await fill_in(pilot, "tag:R")
        await until(pilot, "tag:Release-1")
        await pilot.press("left", "tab")
        assert field(pilot) == "!severity>=critical tag:R"  # the cursor is not at the end
        await pilot.press("end", "right", "enter")
        assert field(pilot) == "!severity>=critical tag:Release-1"
        await pilot.press("slash", "up")
        await until(pilot, lambda screen: row_of(screen, "/ !sev").rstrip().endswith("tag:Release-1"))


async def test_the_key_shows_one_choice_after_the_other() -> None:
    async with running(with_tags("release-1", "main"), "team/app") as pilot:
        await until(pilot, "2 images")
        await pilot.press("slash")
        await fill_in(pilot, "is:un")
        for expected in ("is:untagged", "is:unscanned", "is:un", "is:untagged"):
            await pilot.press("tab")
            assert field(pilot) == expected
        await pilot.press("backspace", "tab")
        assert field(pilot) == "is:untagged"
        await pilot.press("space", "tab")
        assert field(pilot) == "is:untagged "
        assert isinstance(app_of(pilot).focused, Input)


async def test_a_filter_that_was_used_before_is_not_completed() -> None:
    async with running(with_tags("release-1", "release-2"), "team/app") as pilot:
        await until(pilot, "2 images")
        await pilot.press("slash")
        await fill_in(pilot, "tag:rel")
        await pilot.press("enter", "slash", "delete", "up")
        assert field(pilot) == "tag:rel"
        await until(pilot, lambda screen: row_of(screen, "/ tag:rel").rstrip().endswith("/ tag:rel"))
        await pilot.press("right", "1")
        assert field(pilot) == "tag:rel1"


@pytest.mark.parametrize("before", ["", "日本語 ", "release prod " * 20])
async def test_the_mark_of_a_mistake_is_below_the_word(before: str) -> None:
    async with running(with_tags("v1"), "team/app") as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("slash")
        await paste(pilot, f"{before}is:foo")
        screen = await until(pilot, "'foo' is not a value of is")
        line, mark = row_of(screen, "is:foo"), row_of(screen, "▲")
        assert cell_len(mark.partition("▲")[0]) == cell_len(line.partition("foo")[0])


def _says_what_to_do(screen: str) -> bool:
    words = " ".join(screen.split())  # a sentence can go on in the next line
    return "Press esc" in words or "No filter applies" in words


@pytest.mark.parametrize("word", ["x", "is:x", "x:y", "id:x"])
async def test_a_long_word_leaves_room_for_what_to_do(word: str) -> None:
    async with running(with_tags("v1"), "team/app", size=(80, 24)) as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("slash")
        await paste(pilot, word.replace("x", "x" * 5_000))
        await pilot.press("enter")
        await until(pilot, lambda screen: "…" in screen and _says_what_to_do(screen))


async def test_a_word_that_looks_like_a_regular_expression_without_a_match_says_how_to_write_one() -> None:
    async with running(with_tags("v1"), "team/app") as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("slash")
        await paste(pilot, "tag:(v|w)\\d+")
        await until(pilot, "For a regular expression write tag:/(v|w)\\d+/.")
        await pilot.press("home", *["delete"] * 4, *"/", "end", "slash")
        await until(pilot, "1 match")


async def test_the_help_names_the_keys_of_the_field() -> None:
    async with running(with_tags("v1"), "team/app") as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("slash", "f1")
        screen = await until(pilot, "Complete the word; again: the next choice")
        assert "Keep the filter and go to the list" in screen
        assert "Show the filter that was used before" in screen


async def test_the_first_letter_of_a_filter_waits_for_no_import(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = {"ecrtui.catalog.find.query", "ecrtui.inspect.filter_lists"}
    async with running(with_tags("v1"), "team/app") as pilot:
        await until(pilot, "1 image ·")
        for name in needed:
            monkeypatch.delitem(sys.modules, name, raising=False)
        await pilot.press("slash")
        await until(pilot, lambda _: needed <= sys.modules.keys())


@pytest.mark.parametrize("size", [(80, 24), (120, 35)])
async def test_an_error_leaves_the_rows_in_place_while_the_user_types(size: tuple[int, int]) -> None:
    async with running(with_tags("release-1", "release-2", "main"), "team/app", size=size) as pilot:
        await until(pilot, "3 images")
        await pilot.press("slash")
        await fill_in(pilot, "release")
        screen = await until(pilot, "2 match")
        before = line_of(screen, "release-1")
        await paste(pilot, " size>")
        assert line_of(await until(pilot, "size> needs a value"), "release-1") == before
        await pilot.press(*["backspace"] * len(" size>"))
        assert line_of(await until_gone(pilot, "needs a value"), "release-1") == before
        await paste(pilot, " nonsense:1")
        assert line_of(await until(pilot, "unknown field"), "release-1") in (before, -1)  # a long error may cover it
        await pilot.press("enter")  # the error stays, and covers nothing
        await until(pilot, lambda screen: 0 < line_of(screen, "▲") < line_of(screen, "pushed ▼"))
        await until(pilot, lambda screen: all(words in screen for words in ("unknown field", "release-1", "release-2")))


def line_of(screen: str, words: str) -> int:
    """Return the number of the last line with these words."""
    return max((number for number, line in enumerate(screen.splitlines()) if words in line), default=-1)
