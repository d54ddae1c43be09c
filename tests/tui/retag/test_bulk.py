"""Bulk plans: marking, planning, pruning, applying, stopping and saving."""

from __future__ import annotations

import csv
import json
import re
import threading
from pathlib import Path
from typing import Any

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui.screens.plan import PlanBatch, PlanField, PlanScreen
from tests.support.embedded import create_repository, push_image, put, tags_of
from tests.support.screen import TIMEOUT, below, row_of, running, screen_text, type_text, until, until_gone, until_idle

REPOSITORY = "team/app"


async def open_rename(pilot: Any, rule: str, images: int) -> str:
    """Mark all images of the list and make the plan of a rule; the screen's text."""
    await until(pilot, f"{images} images")
    await pilot.press("asterisk")
    await until(pilot, f"{images} marked")
    await pilot.press("t")
    await until(pilot, f"Plan › Retag {images} images in {REPOSITORY}")
    await type_text(pilot, rule)
    await pilot.press("enter")
    return await until(pilot, lambda screen: re.search(r"\d tags?\b", screen.splitlines()[1]) is not None)


async def test_a_rule_retags_marked_images_except_removed_rows(embedded: EmbeddedRegistry, client: Any) -> None:
    images = [push_image(client, REPOSITORY, f"n{number}", f"rc-{number}") for number in range(3)]
    async with running(embedded, REPOSITORY, size=(120, 30)) as pilot:
        screen = await open_rename(pilot, "{tag|strip:rc-}", 3)
        assert "3 tags" in screen
        await pilot.press("j", "x")
        await until(pilot, "2 tags")
        await pilot.press("enter")
        await until(pilot, "2 new")
        await pilot.press("enter")
        screen = await until(pilot, "enter close")
        assert screen.count("✓ done") == 3  # two rows and the count
        expected = {f"rc-{number}": image.digest for number, image in enumerate(images)}
        await pilot.press("enter", "escape")
        await until(pilot, "3 images · 3 tagged")
        assert tags_of(client, REPOSITORY) == expected | {"0": images[0].digest, "2": images[2].digest}


async def test_a_refresh_plans_the_remaining_rows_again(embedded: EmbeddedRegistry, client: Any) -> None:
    images = [push_image(client, REPOSITORY, f"n{number}", f"rc-{number}") for number in range(3)]
    async with running(embedded, REPOSITORY, size=(120, 30)) as pilot:
        await open_rename(pilot, "{tag|strip:rc-}", 3)
        await pilot.press("x")
        await until(pilot, "2 tags")
        await until_idle(pilot)
        put(client, REPOSITORY, images[0].manifest, "0")
        await pilot.press("ctrl+r")
        await until(pilot, "already there")
        assert "2 tags" in await until_idle(pilot)
        await pilot.press("e", *"-rel", "enter")
        assert "0-rel" in await until(pilot, "3 tags")  # another input makes a new plan


async def test_a_row_that_is_removed_during_a_refresh_stays_removed(embedded: EmbeddedRegistry, client: Any) -> None:
    for number in range(3):
        push_image(client, REPOSITORY, f"n{number}", f"rc-{number}")
    async with running(embedded, REPOSITORY, size=(120, 30)) as pilot:
        await open_rename(pilot, "{tag|strip:rc-}", 3)
        await until_idle(pilot)
        asked, answer = threading.Event(), threading.Event()

        def hold() -> None:
            asked.set()
            answer.wait(TIMEOUT)

        embedded.faults.before("*", hold, times=None)
        await pilot.press("ctrl+r")
        await until(pilot, lambda _: asked.is_set())
        await pilot.press("x")
        answer.set()
        await until_idle(pilot)
        await until(pilot, lambda screen: "2 tags" in screen or "3 tags" in screen)
        assert "2 tags" in await until_idle(pilot)


async def test_rows_are_marked_one_by_one_and_by_range(embedded: EmbeddedRegistry, client: Any) -> None:
    for number in range(5):
        push_image(client, REPOSITORY, f"n{number}", f"v{number}")
    async with running(embedded, REPOSITORY) as pilot:
        await until(pilot, "5 images")
        await pilot.press("space")
        await until(pilot, "1 marked")
        await pilot.press("j", "j", "ctrl+@")
        await until(pilot, lambda screen: "3 marked" in screen or "4 marked" in screen)
        await pilot.press("asterisk")
        await until(pilot, "5 marked")
        await pilot.press("asterisk")
        await until_gone(pilot, "marked")


async def test_an_invalid_rule_is_reported_and_can_be_edited(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, REPOSITORY, "one", "rc-1")
    push_image(client, REPOSITORY, "two", "rc-2")
    async with running(embedded, REPOSITORY, size=(120, 30)) as pilot:
        await until(pilot, "2 images")
        await pilot.press("asterisk", "t")
        await until(pilot, "Plan ›")
        await type_text(pilot, "{nonsense}")
        await pilot.press("enter")
        await until(pilot, "✗ ")
        await until(pilot, lambda _: isinstance(pilot.app.focused, PlanField))
        await pilot.press(*["backspace"] * len("{nonsense}"))
        await type_text(pilot, "{tag}-rel")
        await pilot.press("enter")
        screen = await until(pilot, "2 tags")
        assert "rc-1-rel" in screen
        assert "✗" not in screen


async def test_all_refused_rows_are_removed_at_once(embedded: EmbeddedRegistry, client: Any) -> None:
    create_repository(client, "team/frozen", "IMMUTABLE")
    for number in range(3):
        push_image(client, "team/frozen", f"n{number}", f"rc-{number}")
    push_image(client, "team/frozen", "old", "1")
    async with running(embedded, "team/frozen", size=(140, 30)) as pilot:
        await until(pilot, "4 images")
        await pilot.press("slash", *"rc-", "enter")
        await until(pilot, "3 match")
        await pilot.press("asterisk")
        await until(pilot, "3 marked")
        await pilot.press("t")
        await until(pilot, "Plan ›")
        await type_text(pilot, "/.*/same/")
        await pilot.press("enter")
        await until(pilot, "1 tag · 1 refused")  # as many as there are rows
        await pilot.press("e", "ctrl+u")
        await type_text(pilot, "{tag|strip:rc-}")
        await pilot.press("enter")
        await until(pilot, "3 tags · 1 refused")
        assert "refused" in row_of(screen_text(pilot.app), " 1 ")
        await pilot.press("X")
        assert "refused" not in await until(pilot, "2 tags")
        await pilot.press("enter")
        await until(pilot, "2 new")
        await pilot.press("enter")
        await until(pilot, "enter close")
        assert {"0", "2"} < set(tags_of(client, "team/frozen"))


async def test_on_conflict_continue_writes_the_other_rows(embedded: EmbeddedRegistry, client: Any) -> None:
    old = push_image(client, REPOSITORY, "old", "0")
    for number in range(3):
        push_image(client, REPOSITORY, f"n{number}", f"rc-{number}")
    other = push_image(client, REPOSITORY, "other", "keep")
    async with running(embedded, REPOSITORY, size=(160, 30)) as pilot:
        await until(pilot, "5 images")
        await pilot.press("slash", *"rc-", "enter")
        await until(pilot, "3 match")
        await pilot.press("asterisk", "t")
        await until(pilot, "Plan ›")
        await type_text(pilot, "{tag|strip:rc-}")
        await pilot.press("enter")
        await until(pilot, "3 tags")
        put(client, REPOSITORY, other.manifest, "0", other.media_type)
        await pilot.press("enter")
        await until(pilot, "on conflict: stop")
        await pilot.press("o")
        await until(pilot, "on conflict: continue")
        await pilot.press("enter")
        screen = await until(pilot, "enter close")
        form = below(screen, "Retag 3 images")
        assert "✗ moved by someone else  1" in form
        assert "✓ done  2" in form
        assert old.digest[7:19] in screen
        assert tags_of(client, REPOSITORY)["0"] == other.digest


async def test_esc_stops_the_write_after_the_current_row(embedded: EmbeddedRegistry, client: Any) -> None:
    for number in range(4):
        push_image(client, REPOSITORY, f"n{number}", f"rc-{number}")
    async with running(embedded, REPOSITORY, size=(140, 30)) as pilot:
        await open_rename(pilot, "{tag|strip:rc-}", 4)
        await until(pilot, "4 tags")
        await pilot.press("enter")
        await until(pilot, "4 new")
        allowed = threading.Event()
        embedded.faults.before("PutImage", lambda: allowed.wait(TIMEOUT), times=None)
        await pilot.press("enter")
        await until(pilot, "esc stop after this row")
        await pilot.press("escape")
        await until(pilot, "stopping after this row")
        allowed.set()
        screen = await until(pilot, "enter close")
        assert "- skipped" in screen
        written = [tag for tag in tags_of(client, REPOSITORY) if not tag.startswith("rc-")]
        assert 1 <= len(written) < 4
        assert f"✓ done  {len(written)}" in screen


async def test_each_row_shows_its_result_as_soon_as_it_is_written(embedded: EmbeddedRegistry, client: Any) -> None:
    for number in range(4):
        push_image(client, REPOSITORY, f"n{number}", f"rc-{number}")
    async with running(embedded, REPOSITORY, size=(140, 30)) as pilot:
        await open_rename(pilot, "{tag|strip:rc-}", 4)
        await until(pilot, "4 tags")
        await pilot.press("enter")
        await until(pilot, "4 new")
        allowed = threading.Semaphore(0)  # each PutImage waits until the test has seen the result of the one before
        embedded.faults.before("PutImage", lambda: allowed.acquire(timeout=TIMEOUT), times=None)
        await pilot.press("enter")
        await until(pilot, "writing…")
        for number in range(1, 4):
            allowed.release()
            screen = await until(pilot, f"writing… {number}/4")
            assert screen.count("✓ done") == number
        allowed.release()
        await until(pilot, "enter close")


async def test_plan_and_result_can_be_saved_and_copied(embedded: EmbeddedRegistry, client: Any, tmp_path: Path) -> None:
    image = push_image(client, REPOSITORY, "one", "rc-1")
    for name in ("two", "three"):
        push_image(client, REPOSITORY, name, f"rc-{name}")
    async with running(embedded, REPOSITORY, size=(140, 30)) as pilot:
        await open_rename(pilot, "{tag}-rel", 3)
        await pilot.press("w")
        await until(pilot, "file name, ending in .md, .csv or .json")
        await pilot.press("escape")
        await until_gone(pilot, "file name, ending in")
        await save(pilot, tmp_path / "plan.json")
        await pilot.press("slash", *"three", "enter", "x")
        await until(pilot, "2 tags")
        await pilot.press("enter")
        await until(pilot, "2 new")
        await pilot.press("enter")
        await until(pilot, "enter close")
        for suffix in ("md", "csv", "json"):  # while the panel with the result is open
            await save(pilot, tmp_path / f"result.{suffix}")
        await pilot.press("c")
        await until(pilot, "Markdown")
        await pilot.press("escape", "enter")
        await until_gone(pilot, "enter close")
        await save(pilot, tmp_path / "result.csv", "File exists")
        await pilot.press("w")
        await until(pilot, "file name, ending in")
        await type_text(pilot, str(tmp_path / "result.txt"))
        await pilot.press("enter")
        await until(pilot, "The file name must end in")
    plan = json.loads((tmp_path / "plan.json").read_text())
    result = json.loads((tmp_path / "result.json").read_text())
    rows = list(csv.DictReader((tmp_path / "result.csv").read_text().splitlines()))
    markdown = (tmp_path / "result.md").read_text()
    assert len(plan["steps"]) == 3
    assert [row["outcome"] for row in rows] == ["done", "done", "excluded"]
    assert all(row["requestId"] and row["finishedAt"].endswith("+00:00") for row in rows[:2])
    assert rows[2]["message"] == "removed from the plan before it was applied"
    assert {row["registryId"] for row in rows} == {result["registryId"]} == {"123456789012"}
    assert all(word in markdown for word in (image.digest, "rc-1-rel", result["planId"], result["principal"], "eu-"))
    assert not (tmp_path / "result.txt").exists()


async def save(pilot: Any, file: Path, words: str = "Saved") -> None:
    """Save the plan or its result and wait for the message."""
    await pilot.press("w")
    await until(pilot, "file name, ending in")
    await type_text(pilot, str(file))
    await pilot.press("enter")
    await until(pilot, lambda screen: words in screen.replace("▌", " ") or words.split()[0] in screen)
    pilot.app.clear_notifications()


async def test_a_plan_without_rows_says_why(embedded: EmbeddedRegistry, client: Any) -> None:
    for name in ("team/one", "team/two"):
        create_repository(client, name)
    async with running(embedded, size=(80, 24)) as pilot:
        await until(pilot, "3 repositories")
        await until(pilot, "t tag in all")
        await pilot.press("asterisk", "t")
        await until(pilot, "Plan › Tag in 3 repositories")
        await until(pilot, "enter plan")
        await type_text(pilot, "v1-rc v1")
        await pilot.press("enter")
        screen = " ".join((await until(pilot, "Nothing to do.")).split())
        assert "team/app has no tag v1-rc, team/one has no tag v1-rc, team/two has no tag v1-rc." in screen
        assert "Press e to edit the input." in screen


async def test_one_tag_is_added_in_every_marked_repository(embedded: EmbeddedRegistry, client: Any) -> None:
    images = {}
    for name in ("team/one", "team/two"):
        create_repository(client, name)
        images[name] = push_image(client, name, name, "v1-rc")
    async with running(embedded, size=(140, 30)) as pilot:
        await until(pilot, "3 repositories")
        await pilot.press("asterisk", "t")
        await until(pilot, "Plan › Tag in 3 repositories")
        await type_text(pilot, "v1-rc v1")
        await pilot.press("enter")
        await until(pilot, "2 tags · team/app has no tag v1-rc")
        await pilot.press("enter")
        await until(pilot, "2 new")
        await pilot.press("enter")
        screen = await until(pilot, "✓ done  2")
        assert "! team/app has no tag v1-rc" in screen  # the result does not pass for all three repositories
        for name, image in images.items():
            assert tags_of(client, name) == {"v1-rc": image.digest, "v1": image.digest}


async def test_two_tags_are_swapped_from_the_palette(embedded: EmbeddedRegistry, client: Any) -> None:
    blue = push_image(client, REPOSITORY, "blue", "blue")
    green = push_image(client, REPOSITORY, "green", "green")
    async with running(embedded, REPOSITORY, size=(120, 30)) as pilot:
        await until(pilot, "2 images")
        await pilot.press("colon")
        await type_text(pilot, "swap")
        await until(pilot, "Exchange the images of two tags")
        await pilot.press("enter")
        await until(pilot, "Plan › Swap two tags")
        await type_text(pilot, "blue")
        await pilot.press("enter")
        await until(pilot, "'blue' has 1 tag")
        await until(pilot, lambda _: isinstance(pilot.app.focused, PlanField))
        await type_text(pilot, " green")
        await pilot.press("enter")
        screen = await until(pilot, "2 tags")
        assert screen.count("moves") == 2
        await pilot.press("enter")
        await until(pilot, "2 moves")
        await pilot.press("enter")
        await until(pilot, "✓ done  2")
        assert tags_of(client, REPOSITORY) == {"blue": green.digest, "green": blue.digest}


async def test_all_tags_of_one_image_are_copied_to_another(embedded: EmbeddedRegistry, client: Any) -> None:
    target = push_image(client, REPOSITORY, "target", "target")
    source = push_image(client, REPOSITORY, "source", "one")
    put(client, REPOSITORY, source.manifest, "two", source.media_type)
    async with running(embedded, REPOSITORY, size=(120, 30)) as pilot:
        await until(pilot, "2 images")
        await pilot.press("space", "g", "j")
        await until(pilot, "1 marked")
        await pilot.press("colon")
        await type_text(pilot, "copy all")
        await until(pilot, "Copy all tags of the marked image")
        await pilot.press("enter")
        await until(pilot, "Plan › Copy all tags of")
        await until(pilot, "2 tags")
        await pilot.press("enter")
        await until(pilot, "2 moves")
        await pilot.press("enter")
        await until(pilot, "✓ done  2")
        assert tags_of(client, REPOSITORY) == dict.fromkeys(("one", "two", "target"), target.digest)


async def test_a_tag_is_removed_but_never_the_last_one(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "keep")
    put(client, REPOSITORY, image.manifest, "drop", image.media_type)
    async with running(embedded, REPOSITORY, size=(160, 30)) as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("X")
        await until(pilot, "Plan › Remove tags of")
        await type_text(pilot, "drop keep")
        await pilot.press("enter")
        screen = await until(pilot, "2 tags")
        assert "last tag of this image" in screen
        assert re.search("drop +removes ", screen)
        await pilot.press("enter")
        assert "removed" not in await until(pilot, "1 removal, 1 refused")
        await pilot.press("enter")
        await until(pilot, "Cannot apply: a step is refused. X removes the 1 refused row.")
        await pilot.press("X")
        await until(pilot, lambda screen: "1 removal" in screen and "refused" not in screen)
        await pilot.press("enter")
        await until(pilot, "✓ done  1")
        assert len(tags_of(client, REPOSITORY)) == 1
        await pilot.press("enter", "escape")
        await until(pilot, "1 image · 1 tagged")


async def test_to_remove_a_tag_that_does_not_exist_says_that_it_is_not_there(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    image = push_image(client, REPOSITORY, "one", "keep")
    put(client, REPOSITORY, image.manifest, "drop", image.media_type)
    async with running(embedded, REPOSITORY, size=(120, 30)) as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("X")
        await until(pilot, "Plan › Remove tags of")
        await type_text(pilot, "drop none")
        await pilot.press("enter")
        screen = await until(pilot, "2 tags")
        assert "the tag does not exist" in screen
        await pilot.press("enter")
        await until(pilot, "1 removal, 1 not there")
        await pilot.press("enter")
        screen = await until(pilot, "✓ not there  1")
        assert "already there" not in screen


async def test_the_reason_of_the_selected_row_is_below_the_table(embedded: EmbeddedRegistry, client: Any) -> None:
    client.put_image_tag_mutability(repositoryName=REPOSITORY, imageTagMutability="IMMUTABLE")
    for name in ("a", "b"):
        push_image(client, REPOSITORY, name, f"rc-{name}")
    async with running(embedded, REPOSITORY, size=(80, 24)) as pilot:
        screen = await open_rename(pilot, "/^rc-a$/rc-b/", 2)
        assert "the repository is immutable" in screen.splitlines()[-2]
        await pilot.press("x")
        await until_gone(pilot, "the repository is immutable")


async def begin_slow_plan(pilot: Any, embedded: EmbeddedRegistry, answer: threading.Event) -> PlanBatch:
    """Ask for the plan of a rule for the one image there is. The service answers when the event is set."""
    await until(pilot, "1 image")
    await pilot.press("asterisk", "t")
    await until(pilot, "Plan ›")
    await until_idle(pilot)  # the next request is one of the plan
    asked = threading.Event()

    def hold() -> None:
        asked.set()
        answer.wait(TIMEOUT)

    embedded.faults.before("*", hold)
    await type_text(pilot, "{tag}-slow")
    await pilot.press("enter")
    place = pilot.app.screen
    assert isinstance(place, PlanScreen)
    await until(pilot, lambda _: asked.is_set())
    return place._batch


async def test_a_superseded_plan_is_never_applied(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "rc-1")
    async with running(embedded, REPOSITORY, size=(120, 30)) as pilot:
        answer = threading.Event()
        slow = await begin_slow_plan(pilot, embedded, answer)
        await pilot.press("e", *["backspace"] * len("slow"))
        await type_text(pilot, "quick")
        await pilot.press("enter")
        await until(pilot, "rc-1-quick")
        answer.set()
        await until(pilot, lambda _: hasattr(slow, "plan"))
        await pilot.press("enter", "enter")
        await until(pilot, "enter close")
        assert tags_of(client, REPOSITORY) == {"rc-1": image.digest, "rc-1-quick": image.digest}


async def test_the_plan_screen_can_be_closed_while_planning(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, REPOSITORY, "one", "rc-1")
    async with running(embedded, REPOSITORY, size=(120, 30)) as pilot:
        answer = threading.Event()
        slow = await begin_slow_plan(pilot, embedded, answer)
        await pilot.press("escape")
        await until(pilot, "1 image")
        answer.set()
        await until(pilot, lambda _: hasattr(slow, "plan"))
        assert "✗" not in await until(pilot, "1 image")


async def test_details_of_a_row_show_its_step_and_its_result(embedded: EmbeddedRegistry, client: Any) -> None:
    _, image = (push_image(client, REPOSITORY, name, f"rc-{name}") for name in ("1", "2"))
    async with running(embedded, REPOSITORY, size=(140, 30)) as pilot:
        await open_rename(pilot, "{tag}-rel", 2)
        await pilot.press("d")
        screen = await until(pilot, "digestAfter")
        assert image.digest in row_of(screen, "digestAfter")
        assert "warnings" not in screen
        await pilot.press("escape", "y")
        await until(pilot, "imageTag: rc-2-rel")
        await pilot.press("escape", "enter", "enter")
        await until(pilot, "enter close")
        await pilot.press("enter", "d")
        assert "done" in row_of(await until(pilot, "outcome"), "outcome")


async def test_a_pruned_plan_is_retried_unchanged_after_a_failed_replan(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    images = [push_image(client, REPOSITORY, name, f"rc-{name}") for name in ("1", "2")]
    async with running(embedded, REPOSITORY, size=(120, 30)) as pilot:
        await open_rename(pilot, "{tag}-rel", 2)
        await until(pilot, "2 tags")
        await until_idle(pilot)  # the next request is one of the plan
        embedded.faults.add("*:error:code=AccessDeniedException:status=400:times=1")
        await pilot.press("x")
        await until(pilot, "✗")
        await pilot.press("r")
        await until_gone(pilot, "✗")
        await pilot.press("enter", "enter")
        await until(pilot, "enter close")
        expected = {"rc-1": images[0].digest, "rc-2": images[1].digest, "rc-1-rel": images[0].digest}
        assert tags_of(client, REPOSITORY) == expected


async def test_a_plan_that_could_not_be_made_is_made_again(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, REPOSITORY, "one", "rc-1")
    async with running(embedded, REPOSITORY, size=(120, 30)) as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("asterisk")
        await until(pilot, "1 marked")
        await pilot.press("t")
        await until(pilot, "Plan › Retag 1 image")
        fault = embedded.faults.add("*:error:code=AccessDeniedException:status=400")
        await type_text(pilot, "{tag}-rel")
        await pilot.press("enter")
        await until(pilot, "r try again")
        embedded.faults.remove(fault)
        await pilot.press("r")
        await until(pilot, "rc-1-rel")
        await pilot.press("enter")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "enter close")
        assert "rc-1-rel" in tags_of(client, REPOSITORY)


async def test_a_failed_bulk_write_is_planned_and_applied_again(embedded: EmbeddedRegistry, client: Any) -> None:
    for number in range(3):
        push_image(client, REPOSITORY, f"n{number}", f"rc-{number}")
    async with running(embedded, REPOSITORY, size=(140, 30)) as pilot:
        await open_rename(pilot, "{tag|strip:rc-}", 3)
        await until(pilot, "3 tags")
        await pilot.press("enter")
        await until(pilot, "3 new")
        embedded.faults.add("PutImage:error:code=KmsException:message=no key:after=1:times=1")
        await pilot.press("enter")
        screen = await until(pilot, "r try again")
        assert "✗ failed  1" in screen
        await pilot.press("r")
        screen = await until(pilot, "enter apply")
        assert "1 already there, 2 new" in screen
        await pilot.press("enter")
        screen = await until(pilot, "enter close")
        assert "try again" not in screen
        assert screen.count("✓ done") == 3  # two rows and the count
        assert {"0", "1", "2"} < set(tags_of(client, REPOSITORY))
