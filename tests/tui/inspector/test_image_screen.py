"""The image screen as a whole: tags put back, platforms, the way up, errors in place, saved texts."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot

from ecrtui.catalog.cache.store import Cache
from ecrtui.emulator.faults import Fault
from ecrtui.emulator.operations import scans
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.paths import cache_file
from ecrtui.retag.plan import TagChange
from ecrtui.settings import Connection
from ecrtui.tui.inspector.text_pane import PaneText
from ecrtui.tui.screens.image import ImageScreen
from ecrtui.tui.screens.images import ImagesScreen
from tests.support.edited_replies import EditedReply
from tests.support.embedded import held, push_image, push_index, put, served
from tests.support.screen import (
    app_of,
    cursor_row,
    fill_in,
    open_pane,
    retag,
    row_of,
    running,
    screen_text,
    type_text,
    until,
    until_gone,
    until_idle,
    until_planned,
)

REPOSITORY = "team/app"


async def test_a_tag_is_put_back_at_an_earlier_image(embedded: EmbeddedRegistry, client: Any) -> None:
    old = push_image(client, REPOSITORY, "old", "release-1")
    put(client, REPOSITORY, old.manifest, "next")
    new = push_image(client, REPOSITORY, "new", "release-2")
    async with running(embedded, f"{REPOSITORY}:release-2", size=(120, 35)) as pilot:
        await until(pilot, "not written from here")
        await retag(pilot, "next")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.press("enter")
        screen = await until(pilot, f"{old.digest[7:19]} release-1")
        assert "user/embedded, from here" in row_of(screen, "from here")
        await open_pane(pilot, "tags")
        await until(pilot, "journal of this machine")
        if "‹next›" not in screen_text(pilot.app):
            await pilot.press("n")
        screen = await until(pilot, "‹next›")
        assert new.digest[7:19] in cursor_row(screen)
        await pilot.press("D")  # the row has the image of the screen, so the screen asks for another one
        await until(pilot, "or repository:tag")
        await pilot.press("escape")
        engine, image_screen = app_of(pilot).connect().engine, pilot.app.screen
        assert isinstance(image_screen, ImageScreen)
        for image in (old, new):  # the image has its first tags again, and the tag a longer history
            report = engine.apply(engine.plan([TagChange(REPOSITORY, "next", image.digest)]))
            await image_screen.refresh_after_write(report)
        await until(pilot, "3 writes to next")
        await pilot.press("j")
        await until(pilot, lambda text: old.digest[7:19] in cursor_row(text)[:30])
        await pilot.press("enter")
        await until(pilot, f"Put next back at {old.digest[7:19]}")
        await until(pilot, "1 tag")


async def test_the_protected_tag_comes_first_wherever_an_image_is_named(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    old = push_image(client, REPOSITORY, "old", "alpha")
    new = push_image(client, REPOSITORY, "new", "beta")
    for image, tags in ((old, ("prod", "rc", "stable")), (new, ("gamma", "latest"))):
        for tag in tags:
            put(client, REPOSITORY, image.manifest, tag)
    async with running(embedded, REPOSITORY, size=(120, 35), protected_tags=("prod", "latest")) as pilot:
        await until(pilot, "images ·")
        while "alpha" not in cursor_row(screen_text(pilot.app)):
            await pilot.press("j")
        await pilot.press("t")
        await until(pilot, "prod alpha rc stable")
        await pilot.press("escape")
        await until_gone(pilot, "Retag")
        await pilot.press("c")
        await until(pilot, f"{REPOSITORY}:prod")
        await pilot.press("escape", "enter")
        await until(pilot, f"{REPOSITORY} › prod")
        await open_pane(pilot, "tags")
        await until(pilot, "‹prod›   alpha   rc   stable")
        await open_pane(pilot, "overview")
        await pilot.press("t")
        await until(pilot, "prod alpha rc stable")
        await fill_in(pilot, "beta")
        await until_planned(pilot)
        assert "keeps latest gamma" in screen_text(pilot.app)
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.press("enter")
        await open_pane(pilot, "tags")
        await until(pilot, "‹prod›   alpha   beta   rc   stable")
        await pilot.press("n", "n")
        screen = await until(pilot, "‹beta›")
        assert f"{old.digest[7:19]} prod alpha rc stable" in screen
        assert f"{new.digest[7:19]} latest gamma" in screen
        await pilot.resize_terminal(80, 24)
        await until(pilot, f"{old.digest[7:19]} prod +3")
        await pilot.press("c")
        await until(pilot, "all tags")
        await pilot.press("escape", "D")
        await until(pilot, "or repository:tag")
        await type_text(pilot, "gamma")
        await pilot.press("enter")
        await until(pilot, "latest gamma")
        assert "prod alpha beta rc stable" in screen_text(pilot.app)


async def test_the_overview_names_an_earlier_image_by_the_tags_that_it_has_left(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    old = push_image(client, REPOSITORY, "old", "release-1")
    for tag in ("latest", "next"):
        put(client, REPOSITORY, old.manifest, tag)
    new = push_image(client, REPOSITORY, "new", "release-2")
    async with running(embedded, f"{REPOSITORY}:release-2", size=(120, 35), protected_tags=()) as pilot:
        images, image_screen = pilot.app.screen_stack[-2:]
        assert isinstance(images, ImagesScreen)
        assert isinstance(image_screen, ImageScreen)
        await until(pilot, lambda screen: "not written from here" in screen and images.all_images() is not None)
        engine = app_of(pilot).connect().engine
        report = engine.apply(engine.plan([TagChange(REPOSITORY, tag, new.digest) for tag in ("latest", "next")]))
        await image_screen.refresh_after_write(report)
        await until(pilot, f"{old.digest[7:19]} latest release-1")  # the list is read after the image
        await images.refresh_after_write(report)
        await until(pilot, lambda screen: screen.count(f"{old.digest[7:19]} release-1") == 2)


async def test_an_index_without_platforms_has_none_to_ask(embedded: EmbeddedRegistry, client: Any) -> None:
    push_index(client, REPOSITORY, {}, "empty")
    async with running(embedded, f"{REPOSITORY}:empty", size=(100, 30)) as pilot:
        await until(pilot, "This index has no platforms.")
        screen = await until(pilot, lambda screen: "none" in row_of(screen, "signature"))
        assert "were not asked" not in screen


async def test_the_manifest_pane_does_not_call_an_index_not_scanned(embedded: EmbeddedRegistry, client: Any) -> None:
    push_index(client, REPOSITORY, tag="release-1")
    async with running(embedded, f"{REPOSITORY}:release-1", size=(120, 35)) as pilot:
        await open_pane(pilot, "manifest")
        screen = await until(pilot, "those of its platforms")
        assert "not scanned" not in screen


async def test_many_tags_leave_room_for_the_facts_and_the_history(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "t000")
    for number in range(1, 300):
        put(client, REPOSITORY, image.manifest, f"t{number:03}")
    async with running(embedded, f"{REPOSITORY}:t000", size=(80, 24)) as pilot:
        screen = await until(pilot, lambda screen: "here since" in screen and "signature" in screen)
        assert "more\n" in screen
        await pilot.press("G", "enter")
        screen = await until(pilot, "tag 300 of 300")
        assert "‹t299›" in screen
        assert image.digest[7:19] in cursor_row(screen)
        await pilot.press("n")
        await until(pilot, "‹t000›")
        await pilot.press("N")
        await until(pilot, "‹t299›")
        await pilot.press("slash")
        await type_text(pilot, "t150")
        screen = await until(pilot, "‹t150›")
        assert "not found" not in screen


async def test_the_raw_reply_and_the_count_of_tags_follow_a_write(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, REPOSITORY, "one", "v1")
    async with running(embedded, f"{REPOSITORY}:v1", size=(120, 35)) as pilot:
        await until(pilot, "not written from here")
        await open_pane(pilot, "tags")
        await until(pilot, "7 tags 1")
        await open_pane(pilot, "raw")
        await until(pilot, "  - v1")
        await retag(pilot, "next")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.press("enter")
        screen = await until(pilot, "  - next")
        assert "7 tags 1" not in screen
        await open_pane(pilot, "tags")
        await until(pilot, "7 tags 2")


async def test_a_platform_names_its_index_and_a_referrer_its_subject(embedded: EmbeddedRegistry, client: Any) -> None:
    parts = {name: push_image(client, REPOSITORY, name, platform=name) for name in ("linux/amd64", "linux/arm64")}
    index = push_index(client, REPOSITORY, parts, "multi")
    arm = parts["linux/arm64"].digest
    signature = push_image(
        client,
        REPOSITORY,
        "signature",
        subject={"mediaType": "application/vnd.oci.image.index.v1+json", "digest": index.digest, "size": 1},
        config_media_type="application/vnd.cncf.notary.signature",
    )
    async with running(embedded, f"{REPOSITORY}@{arm}", size=(120, 35), prefetch=False) as pilot:
        await until(pilot, "index         not known: no index that was read names this image")
    async with running(embedded, REPOSITORY, size=(120, 35)) as pilot:
        await until(pilot, "1 image ·")
        await until(pilot, lambda text: "multi" in cursor_row(text))
        await pilot.press("enter")
        await until(pilot, "platforms share 5 B")  # where manifests may be read ahead
        await pilot.press("j", "enter")
        await until(pilot, f"{REPOSITORY} › multi › linux/arm64 {arm[7:19]}")
        await until(pilot, f"linux/arm64 of {index.digest[7:19]}  multi")
        await pilot.press("minus")
        await until_gone(pilot, f"› linux/arm64 {arm[7:19]}")
        await pilot.press("escape")
    async with running(embedded, REPOSITORY, size=(120, 35)) as pilot:
        await until(pilot, lambda text: "multi" in cursor_row(text) and "3 parts" in text)
        await pilot.press("plus")
        await until(pilot, signature.digest[7:19])
        await pilot.press("G")
        await until(pilot, lambda text: signature.digest[7:19] in cursor_row(text))
        await pilot.press("enter")
        await until(pilot, f"subject       {index.digest[7:19]}  multi")
    async with running(embedded, f"{REPOSITORY}@{signature.digest}", size=(120, 35)) as pilot:
        await until(pilot, lambda text: index.digest[7:19] in row_of(text, "subject  "))
        with embedded.database.write() as connection:
            connection.execute("DELETE FROM images WHERE digest = ?", (arm,))
        await pilot.press("minus")
        await until(pilot, "1 platform not in the repository")


async def test_the_manifest_is_cached_after_it_is_shown(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "app", "1")
    with served(embedded) as url:
        connection = Connection(endpoint_url=url)
        async with running(None, f"{REPOSITORY}:1", connection=connection, cache=True, prefetch=False) as pilot:
            await until(pilot, "not written from here")
            cache = Cache(cache_file(), app_of(pilot).connect().location)
            await until(pilot, lambda _: bool(cache.manifests(REPOSITORY, [image.digest])))


def press_at_once(pilot: Pilot[None], *keys: str) -> None:
    """Send keys as a terminal does that was busy: all before the screen shows what the first one does."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else {"slash": "/"}.get(key)))


async def test_keys_that_come_early_go_to_the_pane(embedded: EmbeddedRegistry, client: Any) -> None:
    parts = {name: push_image(client, REPOSITORY, name, platform=name) for name in ("linux/amd64", "linux/arm64")}
    push_index(client, REPOSITORY, parts, "multi")
    async with running(embedded, f"{REPOSITORY}:multi", size=(100, 24), prefetch=False) as pilot:
        await until(pilot, "not written from here")
        await until(pilot, "at most 212 B: layers that platforms share")
        press_at_once(pilot, "8", "s", "5", "slash", "x", "y")
        await until(pilot, "Nothing matches xy.")
        await pilot.press("escape")
        await open_pane(pilot, "layers")
        await until(pilot, "linux/amd64 · 5 B in 1 layer")
        with held(embedded, "GetDownloadUrlForLayer") as reached:
            await pilot.press("greater_than_sign")
            await until(pilot, lambda text: reached.is_set() and "loading…" in text)
            press_at_once(pilot, "slash", "z", "z")
            await until(pilot, lambda text: "loading…" in text)
        await until(pilot, "linux/arm64 · 5 B in 1 layer")
        await until(pilot, "/ zz")
        await pilot.press("escape")
        await until_gone(pilot, "/ zz")
        await open_pane(pilot, "raw")
        await until(pilot, "referrers:")
        view = app_of(pilot).screen.focused
        assert isinstance(view, PaneText)
        view.post_message(events.Hide())  # from a message that is gone again
        await pilot.pause()
        assert app_of(pilot).screen.focused is view


async def test_a_slow_or_late_answer_changes_only_its_part(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    signature = push_image(client, REPOSITORY, "signature", f"{image.digest.replace(':', '-')}.sig")
    async with running(embedded, REPOSITORY, size=(100, 24), prefetch=False) as pilot:
        await until(pilot, lambda text: " v1" in text and "1 part" in text)
        with held(embedded, "DescribeRepositories") as reached:
            await pilot.press("i")
            await until(pilot, lambda text: reached.is_set() and "stored  " in text)
            with held(embedded, "DescribeImages") as asked:
                await pilot.press("ctrl+r")
                await until(pilot, lambda text: asked.is_set())
                await pilot.press("ctrl+r", "1")
                await until(pilot, "signature     cosign tag")
        await pilot.press("3")
        await until(pilot, "stored  ")
        (described,) = client.describe_images(repositoryName=REPOSITORY, imageIds=[{"imageDigest": signature.digest}])[
            "imageDetails"
        ]
        assert "lastRecordedPullTime" not in described

        await pilot.press("escape", "plus", "j", "enter")
        screen = await until(pilot, f"subject       {image.digest[7:19]}  v1")
        assert row_of(screen, "contents  ").rstrip().endswith("6 reads it")
        await pilot.press("minus")
        await until(pilot, f"{REPOSITORY} › v1 ")


async def test_the_history_stays_at_its_tag_when_another_tag_goes(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "t1")
    for tag in ("t2", "t3"):
        put(client, REPOSITORY, image.manifest, tag)
    async with running(embedded, f"{REPOSITORY}@{image.digest}", size=(100, 24), prefetch=False) as pilot:
        await open_pane(pilot, "tags")
        await until(pilot, "‹t1›")
        await pilot.press("n")
        await until(pilot, "‹t2›   t3")
        client.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": "t1"}])
        await pilot.press("ctrl+r")
        await until(pilot, "tags   ‹t2›   t3")


async def test_the_state_of_a_scan_stays_when_only_the_image_is_read_again(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    client.start_image_scan(repositoryName=REPOSITORY, imageId={"imageDigest": image.digest})
    with embedded.database.write() as connection:
        connection.execute("UPDATE scans SET status = 'IN_PROGRESS'")
    async with running(embedded, f"{REPOSITORY}:v1", size=(100, 24), prefetch=False) as pilot:
        await until(pilot, "findings      in progress")
        put(client, REPOSITORY, image.manifest, "next")
        screen = pilot.app.screen
        assert isinstance(screen, ImageScreen)
        await screen.show_image()
        assert "findings      in progress" in await until(pilot, "next   v1")
        with embedded.database.write() as connection:
            connection.execute("UPDATE scans SET status = 'COMPLETE'")
        await pilot.press("ctrl+r")
        await until_gone(pilot, "in progress")


async def test_a_late_scan_does_not_bring_earlier_tags_back(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    client.start_image_scan(repositoryName=REPOSITORY, imageId={"imageDigest": image.digest})
    async with running(embedded, f"{REPOSITORY}:v1", size=(100, 24), prefetch=False) as pilot:
        with held(embedded, "DescribeImageScanFindings") as asked:
            await until(pilot, lambda _: asked.is_set())
            put(client, REPOSITORY, image.manifest, "next")
            screen = pilot.app.screen
            assert isinstance(screen, ImageScreen)
            await screen.show_image()
            await until(pilot, "next   v1")
        assert "next   v1" in await until(pilot, "worst  ")


async def test_a_pane_keeps_the_platform_that_it_shows_when_scans_arrive(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    parts = {name: push_image(client, REPOSITORY, name, platform=name) for name in ("linux/amd64", "linux/arm64")}
    push_index(client, REPOSITORY, parts, "multi")
    with embedded.database.write() as connection:
        found = connection.execute("SELECT id FROM images WHERE digest = ?", (parts["linux/arm64"].digest,)).fetchone()
        scans.store_scan(connection, found[0], [{"name": "CVE-1", "severity": "HIGH"}], {"HIGH": 1}, at=time.time())
    go = threading.Event()
    embedded.faults.before("DescribeImageScanFindings", go.wait, times=None)
    read_on = threading.Event()
    embedded.faults.before("BatchGetImage", read_on.wait)
    async with running(embedded, f"{REPOSITORY}:multi", size=(120, 35), prefetch=False) as pilot:
        await open_pane(pilot, "config")  # the platforms are not known yet
        read_on.set()
        await until(pilot, "config of  linux/amd64")
        go.set()

        def kept(_: str) -> bool:
            screen = pilot.app.screen
            assert isinstance(screen, ImageScreen)
            known = screen.inspected
            assert known is not None
            are_scanned = all(entry.image is not None and entry.image.scan_known for entry in known.platforms)
            return are_scanned and known.platform is not None and known.platform.name == "linux/amd64"

        assert "config of  linux/amd64" in await until(pilot, kept)


async def test_the_tree_keeps_the_referrers_while_they_are_read_again(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    subject = {"mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest)}
    push_image(client, REPOSITORY, "referrer", subject=subject)
    async with running(embedded, f"{REPOSITORY}:v1", size=(100, 35), prefetch=False) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, "referrers · 1")
        with held(embedded, "ListImageReferrers") as asked:
            await pilot.press("ctrl+r")
            assert "referrers · 1" in await until(pilot, lambda _: asked.is_set())
        await until_idle(pilot, "referrers")
        assert "referrers · 1" in screen_text(pilot.app)


async def test_a_late_answer_does_not_replace_a_newer_one(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    answered, go = threading.Event(), threading.Event()

    def hold(document: object) -> None:
        answered.set()
        go.wait()

    async with running(embedded, f"{REPOSITORY}:v1", size=(100, 24), prefetch=False) as pilot:
        await until(pilot, "not written from here")
        screen = pilot.app.screen
        assert isinstance(screen, ImageScreen)
        embedded.faults.add(Fault("DescribeImages", EditedReply(hold), times=1))
        late = asyncio.ensure_future(screen.show_image())
        await until(pilot, lambda _: answered.is_set())
        put(client, REPOSITORY, image.manifest, "next")
        await screen.show_image()
        await until(pilot, "next   v1")
        go.set()
        await late
        assert screen.image is not None
        assert set(screen.image.tags) == {"v1", "next"}


async def test_a_scan_that_comes_late_does_not_bring_earlier_tags_back(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    asked, go = threading.Event(), threading.Event()

    def hold() -> None:
        asked.set()
        go.wait()

    embedded.faults.before("DescribeImageScanFindings", hold, times=None)
    async with running(embedded, f"{REPOSITORY}:v1", size=(100, 24), prefetch=False) as pilot:
        await until(pilot, "not written from here")
        await until(pilot, lambda _: asked.is_set())
        screen = pilot.app.screen
        assert isinstance(screen, ImageScreen)
        put(client, REPOSITORY, image.manifest, "next")
        await screen.show_image()
        await until(pilot, "next   v1")
        go.set()
        await until_idle(pilot, "load")
        assert screen.image is not None
        assert set(screen.image.tags) == {"v1", "next"}
        assert screen.image.scan_known


async def test_a_key_with_nothing_to_act_on_says_so(embedded: EmbeddedRegistry, client: Any) -> None:
    parts = {name: push_image(client, REPOSITORY, name, platform=name) for name in ("linux/amd64", "linux/arm64")}
    push_index(client, REPOSITORY, parts, "multi")

    async def says(key: str, words: str) -> None:
        await pilot.press(key)
        await until(pilot, words)
        pilot.app.clear_notifications()
        await until_gone(pilot, words)

    read_on = threading.Event()
    embedded.faults.before("BatchGetImage", read_on.wait)
    async with running(embedded, f"{REPOSITORY}:multi", size=(120, 35), prefetch=False) as pilot:
        await until(pilot, "1 over")
        await says("greater_than_sign", "The platforms are not read yet.")
        read_on.set()
        await open_pane(pilot, "findings")
        await until(pilot, "not scanned")
        await says("asterisk", "No finding is selected.")
        await says("x", "There are no findings to save.")
        await says("greater_than_sign", "linux/arm64 is selected")
        await open_pane(pilot, "artifacts")
        await until(pilot, "no signature, SBOM or other artifact")
        await says("p", "No content is open. Open an artifact first.")
        await says("enter", "This is the image itself. Select an artifact.")
        await open_pane(pilot, "packages")
        await until(pilot, "This image has no SBOM")
        await says("x", "There are no packages to save.")


async def test_an_error_in_place_of_a_text_leaves_nothing_of_another_platform_to_save_or_copy(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    parts = {name: push_image(client, REPOSITORY, name, platform=name) for name in ("linux/amd64", "linux/arm64")}
    push_index(client, REPOSITORY, parts, "multi")
    async with running(embedded, f"{REPOSITORY}:multi", size=(120, 35), prefetch=False) as pilot:
        await open_pane(pilot, "config")
        await until(pilot, "config of  linux/amd64")
        embedded.faults.add("GetDownloadUrlForLayer:error:code=AccessDeniedException:message=no")
        await pilot.press("greater_than_sign")
        await until(pilot, "ecr:GetDownloadUrlForLayer")
        await pilot.press("x")
        await until(pilot, "There is no text.")
        await pilot.press("c")
        screen = await until(pilot, "docker pull")
        assert "text of the pane" not in screen


async def test_each_section_is_denied_on_its_own_and_a_text_is_saved(
    embedded: EmbeddedRegistry, client: Any, tmp_path: Path
) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    for operation in ("ListImageReferrers", "GetLifecyclePolicy", "DescribeImageScanFindings"):
        embedded.faults.add(f"{operation}:error:code=AccessDeniedException:message=no")
    async with running(embedded, f"{REPOSITORY}:v1", size=(140, 35)) as pilot:
        seen = (*DENIED, "not written from here")
        screen = await until(pilot, lambda text: all(words in text for words in seen))
        assert image.digest in screen
        await open_pane(pilot, "manifest")
        await until(pilot, "schemaVersion")
        await until(pilot, "referrers · not permitted: ecr:BatchGetImage")
        await pilot.press("p")
        await until(pilot, "pretty-printed, not the exact bytes")
        await pilot.press("p")
        await until_gone(pilot, "pretty-printed")
        await pilot.press("x")
        await until(pilot, "file name, ending in .json")
        await pilot.press("enter")
        await until(pilot, "Type a file name that ends in .json.")
        await until(pilot, "enter save esc cancel")
        await type_text(pilot, str(tmp_path / "m.json"))
        await pilot.press("enter")
        await until(pilot, "Saved")
        assert (tmp_path / "m.json").read_text() == image.manifest
        await open_pane(pilot, "overview")
        pilot.app.clear_notifications()
        await retag(pilot, "other")
        for _ in range(3):
            pilot.app.notify("first line\nsecond line")
        pilot.app.notify("another one")
        screen = await until(pilot, "another one")
        assert screen.count("second line") == 1
        assert "enter apply" in screen
        assert "other" in row_of(screen, "new")
        await pilot.press("escape")
        await until_gone(pilot, "enter apply")
        embedded.faults.clear()
        await pilot.press("ctrl+r")
        await until(pilot, "no lifecycle policy")
        await until(pilot, "second line")
        embedded.faults.add("DescribeRepositories:error:code=AccessDeniedException:message=no")
        await pilot.press("ctrl+r")
        await until(pilot, "ecr:DescribeRepositories")
        await pilot.press("c")
        screen = await until(pilot, "text of the pane overview")
        assert image.digest in row_of(screen, "1 digest")
        await pilot.press("escape", "escape")
        await until_gone(pilot, "second line")


DENIED = ("ecr:BatchGetImage", "ecr:GetLifecyclePolicy", "ecr:DescribeImageScanFindings")
"""The permissions that the overview names."""


async def test_a_new_tag_does_not_rename_the_image_in_the_path(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "prod")
    async with running(embedded, f"{REPOSITORY}@{image.digest}", size=(100, 30)) as pilot:
        await until(pilot, f"{REPOSITORY} › prod ")
        await retag(pilot, "a-tag")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        screen = await until(pilot, "◆prod   a-tag")
        assert f"{REPOSITORY} › prod " in screen
