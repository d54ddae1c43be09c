"""Undo and redo where the user looks: on a result, on a row of the list, and on the image."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from textual import events

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.retag.plan import Plan, Step, StepAction
from ecrtui.tui.retag.rendering import plan_lines
from ecrtui.tui.screens.plan import PlanScreen
from tests.support.embedded import create_repository, push_image, put, tags_of
from tests.support.screen import cursor_row, retag, running, screen_text, type_text, until, until_gone

REPOSITORY = "team/app"


async def burst(pilot: Any, *keys: str) -> None:
    """Deliver keys at once, as a slow connection does."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else "\r"))
    await pilot.pause()


async def test_a_move_is_undone_and_redone_in_place(embedded: EmbeddedRegistry, client: Any) -> None:
    old = push_image(client, REPOSITORY, "old", "rc")
    put(client, REPOSITORY, old.manifest, "v1", old.media_type)
    new = push_image(client, REPOSITORY, "new", "v2")
    old_name, new_name = old.digest[7:19], new.digest[7:19]
    async with running(embedded, REPOSITORY, size=(110, 30)) as pilot:
        await until(pilot, "2 images")
        await pilot.press("u")
        await until(pilot, "There is nothing to undo here")
        screen = await until(pilot, "next: Press a to see all writes.")
        assert "ecrtui history" not in screen
        await pilot.press("escape")
        await until_gone(pilot, "There is nothing")

        await retag(pilot, "rc")
        await pilot.press("enter")
        screen = await until(pilot, "u undo it")
        assert f"✓ done  rc  moved from {old_name}, which keeps v1" in screen
        await pilot.press("u")  # on the result
        screen = await until(pilot, "enter apply")
        assert f"Undo {REPOSITORY}:rc · plan" in screen
        assert re.search(rf"rc  moves  {new_name} \(.*\) → {old_name}", screen)
        assert tags_of(client, REPOSITORY)["rc"] == new.digest  # nothing is written before the confirmation
        await pilot.press("enter")
        await until(pilot, "U redo it")
        assert tags_of(client, REPOSITORY)["rc"] == old.digest
        await pilot.press("enter")
        await until_gone(pilot, "U redo it")

        await burst(pilot, "U", "enter")  # on the row: the Enter is for the form, not for the list
        shown = ("Read the plan, then press enter again.", f"Redo {REPOSITORY}:rc · plan", "enter apply")
        await until(pilot, lambda screen: all(words in screen for words in shown))
        await pilot.press("enter")
        await until(pilot, "u undo it")
        assert tags_of(client, REPOSITORY)["rc"] == new.digest
        await pilot.press("enter")
        await until_gone(pilot, "u undo it")

        await pilot.press("j", "enter")  # the image that lost the tag
        await until(pilot, f"{REPOSITORY} › v1")
        await until(pilot, "v1")
        await pilot.press("u")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "U redo it")
        assert tags_of(client, REPOSITORY) == {"rc": old.digest, "v1": old.digest, "v2": new.digest}


async def test_after_a_conflict_the_list_shows_what_was_found(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, REPOSITORY, "old", "rc")
    other = push_image(client, REPOSITORY, "other", "v1")
    new = push_image(client, REPOSITORY, "new", "v2")
    async with running(embedded, REPOSITORY, size=(110, 30)) as pilot:
        await until(pilot, "3 images")
        await retag(pilot, "rc")
        put(client, REPOSITORY, other.manifest, "rc", other.media_type)
        await pilot.press("enter")
        screen = await until(pilot, "✗ moved by someone else")
        assert "undo it" not in screen
        await until(pilot, lambda screen: bool(re.search(rf"rc  v1 .*{other.digest[7:19]}", screen)))
        assert "<untagged>" in screen_text(pilot.app)

        await pilot.press("enter")
        put(client, REPOSITORY, new.manifest, "rc", new.media_type)  # the list does not know it
        await pilot.press("j", "j")
        await until(pilot, lambda screen: "<untagged>" in cursor_row(screen))
        await retag(pilot, "rc")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        screen = await until(pilot, lambda screen: len(re.findall(r"^. +rc ", screen, re.MULTILINE)) == 1)
        assert re.search(rf"  v1 .*{other.digest[7:19]}", screen)


async def test_an_undo_in_several_repositories_is_a_table(embedded: EmbeddedRegistry, client: Any) -> None:
    names = [f"team/service-{number}" for number in range(3)]
    for name in names:
        create_repository(client, name)
        push_image(client, name, name, "rc-7")
    async with running(embedded, size=(80, 24)) as pilot:
        await until(pilot, "4 repositories")
        await pilot.press("asterisk", "t")
        await until(pilot, "Plan ›")
        plan = pilot.app.screen
        assert isinstance(plan, PlanScreen)
        assert plan.why_not("save") == "The plan has no rows."
        await type_text(pilot, "rc-7 2026.11")
        await pilot.press("enter")
        await until(pilot, "3 tags")
        assert plan.why_not("undo") == "There is no result to undo."
        await pilot.press("enter")
        await until(pilot, "3 new in 3 repositories")
        await pilot.press("enter")
        await until(pilot, "u undo it")
        await pilot.press("escape")
        assert (plan.why_not("apply"), plan.why_not("undo")) == ("The plan is applied.", "")
        await pilot.press("u")
        screen = await until(pilot, lambda screen: "› Undo plan" in screen and screen.count("removes") == 3)
        assert all(re.search(rf"{name} +2026\.11 +removes", screen) for name in names)
        await pilot.press("enter")
        await until(pilot, "3 removals in 3 repositories")
        await pilot.press("enter")
        await until(pilot, "U redo it")
        assert all(set(tags_of(client, name)) == {"rc-7"} for name in names)


def test_a_plan_shows_the_tags_that_the_old_image_keeps_and_the_notes() -> None:
    step = Step("team/app", "prod", StepAction.MOVE, "sha256:" + "a" * 64, "sha256:" + "b" * 64, remaining_tags=("v1",))
    lines = plan_lines(Plan("plan", (replace(step, notes=("lifecycle rule 1 expires it",)),))).plain.splitlines()
    assert [line.strip() for line in lines[1:]] == ["aaaaaaaaaaaa keeps v1", "lifecycle rule 1 expires it"]


def test_a_plan_shows_once_what_holds_for_several_tags() -> None:
    old, new = "sha256:" + "a" * 64, "sha256:" + "b" * 64
    first = Step("team/app", "one", StepAction.MOVE, old, new, remaining_tags=("v1",), warnings=("it expires",))
    second, third = replace(first, tag="two"), replace(first, tag="three", before="", action=StepAction.CREATE)
    other = replace(third, tag="four", warnings=("it stays",))
    lines = [line.strip() for line in plan_lines(Plan("plan", (first, second, third))).plain.splitlines()[3:]]
    assert lines == ["one, two: aaaaaaaaaaaa keeps v1", "! it expires"]
    lines = [line.strip() for line in plan_lines(Plan("plan", (first, second, third, other))).plain.splitlines()[4:]]
    assert lines == ["! it stays", "one, two: aaaaaaaaaaaa keeps v1", "! one, two, three: it expires"]
