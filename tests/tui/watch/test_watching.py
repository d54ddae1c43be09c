"""Watching a list: what changed, who moved a tag, when it pauses, and how old a list is."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest
from textual.pilot import Pilot

from ecrtui.ecr.digest import short_digest
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.retag.plan import TagChange
from ecrtui.tui.screens.image import ImageScreen
from ecrtui.tui.screens.images import ImagesScreen
from ecrtui.tui.watch.loop import WatchedScreen, WatchTimes
from ecrtui.tui.watch.watching import WatchMixin
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, put
from tests.support.screen import app_of, cursor_row, fill_in, row_of, running, until, until_gone, until_planned

QUICK = WatchTimes(interval=0.06, slow_interval=0.06, longest=0.1)


def watch_quickly(pilot: Pilot[Any]) -> WatchedScreen:
    screen = app_of(pilot).screen
    assert isinstance(screen, WatchedScreen)
    screen.watch_times = QUICK
    return screen


async def test_a_watched_list_shows_what_others_change() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    one = push_image(client, "team/app", "one", "one")
    two = push_image(client, "team/app", "two", "two")
    put(client, "team/app", one.manifest, "stable")
    async with running(embedded, "team/app", size=(100, 30)) as pilot:
        await until(pilot, "read now")
        screen = cast(ImagesScreen, watch_quickly(pilot))
        await pilot.press("W")
        await until(pilot, "watching every")

        put(client, "team/app", two.manifest, "stable")
        shown = await until(pilot, "not from here")
        assert f"~ stable moved {short_digest(one.digest)} → {short_digest(two.digest)} at" in shown
        assert row_of(shown, short_digest(two.digest)).lstrip("▸ ").startswith("~")
        three = push_image(client, "team/app", "three", "three")
        client.batch_delete_image(repositoryName="team/app", imageIds=[{"imageDigest": one.digest}])
        shown = await until(pilot, lambda text: "+ " in text and "- " in row_of(text, short_digest(one.digest)))
        assert row_of(shown, short_digest(three.digest)).lstrip("▸ ").startswith("+")
        await until(pilot, "3 changes")
        await pilot.press("n")
        assert short_digest(two.digest) in cursor_row(await until(pilot, "stable moved"))
        await pilot.press("n")
        await until(pilot, "+ new image")

        # a plan pauses the list, and is made again when its tag moves
        await pilot.press("t")
        await until(pilot, "watch pauses: a plan is open")
        await fill_in(pilot, "stable")
        await until_planned(pilot)
        embedded.faults.add("DescribeImages:unavailable")
        await until(pilot, "could not read")
        embedded.faults.clear()
        await until_gone(pilot, "could not read")
        engine = (await screen.session()).engine
        engine.apply(engine.plan([TagChange("team/app", "stable", three.digest)]), allow_protected=["stable"])
        await until(pilot, "UTC, from here. The plan was made again")
        await until(pilot, "enter apply")
        await pilot.press("escape")
        await until(pilot, "watching every")
        await until_gone(pilot, "The plan was made again")  # the list has read the move, too

        # the journal tells that another program on this computer moved a tag
        engine.apply(engine.plan([TagChange("team/app", "stable", two.digest)]), allow_protected=["stable"])
        move = f"{short_digest(three.digest)} → {short_digest(two.digest)}"
        await until(pilot, lambda screen: move in screen and "UTC, from here" in screen)
        put(client, "team/app", two.manifest, "extra")
        await until(pilot, "~ extra was given to")

        screen.watch_times = QUICK._replace(idle=0.0)
        await until(pilot, "watch pauses: no key for 0 s")
        calls = embedded.calls["DescribeImages"]
        screen.watch_times = QUICK
        await until(pilot, "watching every")
        assert embedded.calls["DescribeImages"] >= calls

        # the changes end, and with them the rows that are gone; a reading that is under way does not report them again
        arrived, release = threading.Event(), threading.Event()

        def hold_reading() -> None:
            arrived.set()
            release.wait(60)

        embedded.faults.before("DescribeImages", hold_reading)
        await until(pilot, lambda screen: arrived.is_set())
        screen._expire(list(screen._changes))
        calls = embedded.calls["DescribeImages"]
        release.set()
        await until(pilot, lambda screen: embedded.calls["DescribeImages"] > calls + 1)
        assert short_digest(one.digest) not in await until_gone(pilot, "is gone")
        embedded.faults.add("DescribeImages:unavailable")
        await until(pilot, "could not read")
        embedded.faults.clear()
        await until_gone(pilot, "could not read")
        embedded.faults.add("DescribeImages:error:code=ExpiredTokenException:message=old")
        await until(pilot, lambda text: "watching every" not in text and "read now" in text)
        assert not screen.is_watching


async def test_a_new_image_does_not_take_the_cursor_from_the_first_one() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    one = push_image(client, "team/app", "one", "one")
    async with running(embedded, "team/app", size=(100, 30)) as pilot:
        await until(pilot, "read now")
        watch_quickly(pilot)
        await pilot.press("W")
        await until(pilot, "watching every")
        two = push_image(client, "team/app", "two", "two")
        shown = await until(pilot, f"+ new image {short_digest(two.digest)}")
        assert short_digest(one.digest) in cursor_row(shown)
        assert shown.index(short_digest(two.digest)) < shown.index(short_digest(one.digest))
        await pilot.press("t")
        await until(pilot, f"Retag {short_digest(one.digest)}")


async def test_an_image_that_is_there_again_is_not_shown_as_gone() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    one = push_image(client, "team/app", "one", "one")
    name = short_digest(one.digest)
    async with running(embedded, "team/app", size=(100, 30)) as pilot:
        await until(pilot, "read now")
        watch_quickly(pilot)
        await pilot.press("W")
        await until(pilot, "watching every")
        client.batch_delete_image(repositoryName="team/app", imageIds=[{"imageDigest": one.digest}])
        assert "- " in row_of(await until(pilot, f"- {name} one is gone"), name)
        assert push_image(client, "team/app", "one", "one").digest == one.digest
        assert "+ " in row_of(await until(pilot, "2 changes"), name)
        await pilot.press("n", "n")
        await until(pilot, f"+ new image {name}")


async def test_repositories_are_watched_and_the_pace_drops_under_throttling() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    async with running(embedded, size=(100, 30)) as pilot:
        await until(pilot, "read now")
        screen = watch_quickly(pilot)
        await pilot.press("W")
        create_repository(client, "team/new")
        await until(pilot, "+ new repository team/new")
        embedded.faults.add("DescribeRepositories:throttle:times=1")
        screen.watch_times = QUICK._replace(interval=5.0, longest=600.0)
        await until(pilot, "watching every 10 s")

        # each error slows the watch down, but the first reading after many of them brings the usual pace back
        screen.watch_times = QUICK
        await pilot.press("W", "W")
        embedded.faults.add("DescribeRepositories:unavailable")
        await until(pilot, "watching every 0 s · could not read")
        calls = embedded.calls["DescribeRepositories"]
        await until(pilot, lambda _: embedded.calls["DescribeRepositories"] > calls + 8)
        embedded.faults.clear()
        await until_gone(pilot, "could not read")
        screen.watch_times = QUICK._replace(interval=5.0, longest=600.0)
        screen.show_watch()
        await until(pilot, "watching every 5 s")
        await pilot.press("W")
        await until(pilot, "read now")
        assert not screen.is_watching
        assert isinstance(screen, WatchMixin)
        screen._read_at = screen.clock() - 125
        screen.show_progress()
        await until(pilot, "read 2 min ago")


async def test_the_screen_of_an_image_says_how_long_ago_it_was_read(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, "team/app:v1", size=(120, 35)) as pilot:
        await until(pilot, "read now")
        screen = app_of(pilot).screen
        assert isinstance(screen, ImageScreen)
        screen._read_at = screen.clock() - 125
        app_of(pilot)._show_ages()
        await until(pilot, "read 2 min ago")
        await pilot.press("ctrl+r")
        await until(pilot, "read now")
        watch_quickly(pilot)
        await pilot.press("W")
        await until(pilot, lambda text: "watching every" in text and "read" not in text.split("\n")[1])
        await pilot.press("W")
        await until(pilot, lambda text: "watching every" not in text and "read now" in text)


@pytest.mark.parametrize("bell", [True, False])
async def test_a_change_rings_the_bell_if_a_setting_says_so(bell: bool) -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    async with running(embedded, size=(100, 30), watch_bell=bell) as pilot:
        await until(pilot, "read now")
        rung: list[bool] = []
        app_of(pilot).bell = lambda: rung.append(True)  # type: ignore[method-assign]  # no terminal is there
        watch_quickly(pilot)
        await pilot.press("W")
        create_repository(client, "team/new")
        await until(pilot, "+ new repository team/new")
        assert rung == [True] * bell


async def test_the_totals_of_a_repository_are_no_change_of_it() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    async with running(embedded, size=(100, 30)) as pilot:
        await until(pilot, "1 repository")
        await pilot.press("z")
        await until(pilot, "counted now")
        watch_quickly(pilot)
        await pilot.press("W")
        await until(pilot, "watching every")
        calls = embedded.calls["DescribeRepositories"]
        client.put_image_tag_mutability(repositoryName="team/app", imageTagMutability="IMMUTABLE")
        await until(pilot, "~ team/app changed")
        await until(pilot, lambda _: embedded.calls["DescribeRepositories"] > calls + 2)
        assert "1 change ·" in await until(pilot, "counted now")


@pytest.mark.parametrize(
    ("subject", "key", "words"), [("", "", "scanning"), (":one", "1", "in progress"), (":one", "5", "in progress")]
)
async def test_a_scan_that_finishes_is_shown_by_a_watch(subject: str, key: str, words: str) -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    image = push_image(client, "team/app", "one", "one")
    client.start_image_scan(repositoryName="team/app", imageId={"imageDigest": image.digest})
    with embedded.database.write() as connection:
        connection.execute("UPDATE scans SET status = 'IN_PROGRESS'")
    async with running(embedded, f"team/app{subject}", size=(120, 35), prefetch=False) as pilot:
        await until(pilot, "1 over" if subject else words)
        await pilot.press(*key)
        await until(pilot, words)
        watch_quickly(pilot)
        await pilot.press("W")
        await until(pilot, "watching every")
        with embedded.database.write() as connection:
            connection.execute("UPDATE scans SET status = 'COMPLETE'")
        await until_gone(pilot, words)


async def test_an_image_is_watched_by_its_tags() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    one, two = push_image(client, "team/app", "one", "one"), push_image(client, "team/app", "two", "two")
    put(client, "team/app", one.manifest, "stable")
    async with running(embedded, "team/app:stable", size=(120, 35)) as pilot:
        await until(pilot, "◆stable   one")
        watch_quickly(pilot)
        await pilot.press("W")
        await until(pilot, "watching every")
        put(client, "team/app", two.manifest, "stable")
        moved = f"~ stable moved {short_digest(one.digest)} → {short_digest(two.digest)} at"
        await until(pilot, lambda screen: moved in screen and "UTC, not from here" in screen)
        put(client, "team/app", one.manifest, "old")  # what is said of it can take the place of the line before
        await until(pilot, "old   one")
        client.batch_delete_image(repositoryName="team/app", imageIds=[{"imageDigest": one.digest}])
        await until(pilot, "is gone")
        put(client, "team/app", one.manifest, "back")
        await until(pilot, "  back  ")
        tags = [f"t{number:02}" for number in range(11)]
        for tag in tags:
            put(client, "team/app", one.manifest, tag)
        await until(pilot, "t09   t10")  # several tags can arrive in one reading, which names the first
        client.batch_delete_image(repositoryName="team/app", imageIds=[{"imageTag": tag} for tag in tags])
        await until(pilot, "~ 11 tags moved or were removed")
        await pilot.press("W")
        await until_gone(pilot, "watching every")
