"""The screen that finds images in all repositories: hits, refusals, the plan for hits, export, several connections."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import cast

from textual.pilot import Pilot

from ecrtui.connections import SessionFactory
from ecrtui.ecr.digest import short_digest
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.operations import scans
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.settings import Connection, load
from ecrtui.tui.app import EcrTuiApp
from ecrtui.tui.screens.repositories import RepositoriesScreen
from ecrtui.tui.widgets.tab_line import TabLine
from tests.support.embedded import (
    client_for,
    create_repository,
    digest_of,
    new_embedded,
    push_image,
    push_index,
    tags_of,
)
from tests.support.host import resize
from tests.support.screen import cursor_row, paste, row_of, running, type_text, until, until_gone

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


async def test_find_mark_tag_copy_and_export(tmp_path: Path) -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    for name in ("team/app", "team/cart", "mirror/app"):
        create_repository(client, name)
        push_image(client, name, name, "own")
    digest = push_image(client, "team/app", "shared", "rc-1").digest
    push_image(client, "mirror/app", "shared", "copy")
    async with running(embedded, size=(110, 30)) as pilot:
        await until(pilot, "3 repositories")
        await pilot.press("slash")
        await paste(pilot, "tag:rc-1")
        await until(pilot, "tag:rc-1 filters the images of a repository; use it there. Press")
        await pilot.press(*["backspace"] * len("tag:rc-1"))
        await paste(pilot, f"{HOST}/team/app:rc-1")
        await until(pilot, "Press enter, then F to find it in all repositories")  # the field takes each letter
        await pilot.press("enter")
        await until(pilot, "Press F to find it in all repositories")
        await pilot.press("slash")
        await until(pilot, "Press enter, then F to find it in all repositories")
        await pilot.press("down", "F")  # the field has the text of the filter
        await until(pilot, "Find in all repositories")
        await until(pilot, "enter search")
        await pilot.press("enter")
        screen = await until(pilot, "3 of 3 asked · 2 found")
        assert "rc-1" in row_of(screen, "team/app ")
        assert "copy" in row_of(screen, "mirror/app ")

        embedded.faults.add("DescribeImages:error:code=AccessDeniedException:message=no:times=1")
        await pilot.press("F")
        await paste(pilot, f'Failed to pull image "{HOST}/x@{digest}": not found')
        await pilot.press("enter")
        # Any of the three may be the denied one, also the one without the image.
        screen = await until(pilot, lambda screen: "3 of 3 asked" in screen and "1 denied" in screen)
        assert "not permitted: ecr:DescribeImages" in screen
        assert f"looked for {digest}" in screen
        embedded.faults.clear()
        await pilot.press("ctrl+r")
        await until(pilot, lambda screen: "3 of 3 asked · 2 found" in screen and "denied" not in screen)

        await pilot.press("asterisk", "t")
        await until(pilot, "new tags for these images")
        await type_text(pilot, "prod")
        await pilot.press("enter")
        await until(pilot, "2 tags")
        await pilot.press("enter")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "Type")  # prod is protected
        await type_text(pilot, "prod")
        await pilot.press("enter")
        await until(pilot, "enter close")  # each row says "done" before that
        assert (tags_of(client, "team/app")["prod"], tags_of(client, "mirror/app")["prod"]) == (digest, digest)
        await pilot.press("enter", "escape")
        await until(pilot, "Find in all repositories")
        await until(pilot, lambda screen: "prod" in row_of(screen, "team/app "))

        await pilot.press("x")
        await until(pilot, "file name, ending in")
        file = tmp_path / "hits.json"
        await type_text(pilot, str(file))
        await pilot.press("enter")
        await until(pilot, "Saved")
        assert [hit["imageDigest"] for hit in json.loads(file.read_text())["hits"]] == [digest, digest]
        await pilot.press("c")
        await until(pilot, "tag URI")
        await pilot.press("escape")
        await until_gone(pilot, "tag URI")
        await pilot.press("g", "enter")
        await until(pilot, "mirror/app › prod")
        await pilot.press("escape", "F")
        await type_text(pilot, "missing:tag=prod")
        await pilot.press("enter")
        screen = await until(pilot, "1 found")
        assert "team/cart" in cursor_row(screen)
        await pilot.press("slash")
        await paste(pilot, "missing:tag=own")
        await until(pilot, "to search for the text. Press enter, then")
        await pilot.press("enter", "F", "enter")
        await until(pilot, "There is no repository without own")
        await pilot.press("F")
        await paste(pilot, "severity>=high")
        await pilot.press("enter")
        await until(pilot, "severity>=high filters repositories, the images of a repository and the findings")
        await pilot.press("F")
        await paste(pilot, "is:untagged")
        await pilot.press("enter")
        await until(pilot, "No repository has is:untagged. is:untagged filters the images of a repository;")
        await pilot.press("escape")
        await until_gone(pilot, "Find in all repositories")


async def test_the_newest_write_of_a_hit_is_undone_and_redone() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "rc-1")
    async with running(embedded, size=(110, 30)) as pilot:
        await until(pilot, "1 repository")
        await pilot.press("F")
        await type_text(pilot, "rc-1")
        await pilot.press("enter")
        await until(pilot, "1 found")
        await pilot.press("u")
        await until(pilot, "There is nothing to undo here")
        await pilot.press("escape")
        await until(pilot, "1 found")
        await pilot.press("t")
        await until(pilot, "new tags for these images")
        await type_text(pilot, "next")
        await pilot.press("enter")
        await until(pilot, "1 tag ·")
        await pilot.press("enter")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "enter close")
        await pilot.press("enter", "escape")
        for key, tags in (("u", {"rc-1"}), ("U", {"rc-1", "next"})):
            await until(pilot, "1 found")
            await pilot.press(key)
            await until(pilot, "1 tag ·")
            await pilot.press("enter")
            await until(pilot, "enter apply")
            await pilot.press("enter")
            await until(pilot, "enter close")
            assert set(tags_of(client, "team/app")) == tags
            await pilot.press("enter", "escape")


async def test_all_open_connections_are_searched() -> None:
    first, second = (
        new_embedded(),
        EmbeddedRegistry(open_database(None), registry_id="210987654321", region="eu-west-1"),
    )
    for embedded in (first, second):
        client = client_for(embedded)
        create_repository(client, "team/app")
        push_image(client, "team/app", "one", "v1")
    async with running(first, size=(120, 30)) as pilot:
        await until(pilot, "1 repository")
        app = cast(EcrTuiApp, pilot.app)
        app.push_app_screen(RepositoriesScreen(SessionFactory(Connection(), load({}), embedded=second)))
        await until(pilot, "210987654321 ·")
        await pilot.press("colon")
        await type_text(pilot, "find v1")
        await until(pilot, "Find v1")
        await pilot.press("enter")
        screen = await until(pilot, "2 of 2 asked · 2 found")
        assert {"123456789012", "210987654321"} <= set(screen.split())
        await pilot.press("enter")
        await until(pilot, "team/app › ")


async def test_a_platform_that_was_found_opens_with_its_index() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    index = push_index(client, "team/app", None, "multi")
    platform = json.loads(index.manifest)["manifests"][1]["digest"]
    async with running(embedded, size=(120, 30), prefetch=False) as pilot:
        await until(pilot, "1 repository")
        await pilot.press("F")
        await type_text(pilot, platform)
        await pilot.press("enter")
        await until(pilot, "its index is not known")
        await pilot.press("I")
        await until(pilot, "linux/arm64 of multi")
        await pilot.press("enter")
        await until(pilot, f"team/app › multi › linux/arm64 {short_digest(platform)}")


async def test_the_findings_of_the_hits_in_view_are_read() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    for name in ("team/app", "team/cart", "team/other"):
        create_repository(client, name)
    amd, arm = (push_image(client, "team/app", name, platform=name) for name in ("linux/amd64", "linux/arm64"))
    push_index(client, "team/app", {"linux/amd64": amd, "linux/arm64": arm}, "v1")
    single = push_image(client, "team/cart", "single", "v1", layers=[b"single"])
    push_image(client, "team/other", "other", "v1")
    push_image(client, "team/cart", "unwanted", "v2")
    for name, image in (("team/app", amd), ("team/app", arm), ("team/cart", single)):
        client.start_image_scan(repositoryName=name, imageId={"imageDigest": image.digest})
    async with running(embedded, size=(120, 30), prefetch=False) as pilot:
        await until(pilot, "3 repositories")
        await find(pilot, "v1")
        screen = await until(pilot, lambda screen: bool(SCANNED.search(row_of(screen, "team/cart"))))
        await until(pilot, lambda screen: row_of(screen, "team/other").endswith("·"))
        assert row_of(screen, "team/app").endswith("?")  # the platforms of an index that was not read
        assert embedded.calls["DescribeImageScanFindings"] == 2

        await pilot.press("g", "I")  # counts as a pull
        await until(pilot, lambda screen: bool(SCANNED.search(row_of(screen, "team/app"))))
        await pilot.press("I")
        await until(pilot, "The manifests of this repository say nothing more")
        await resize(pilot, 80, 24)
        await until_gone(pilot, "findings")

        await resize(pilot, 120, 30)
        embedded.faults.add("DescribeImageScanFindings:error:code=AccessDeniedException:message=no")
        await find(pilot, "v2")
        await until(pilot, lambda screen: row_of(screen, "team/cart").endswith("denied"))


async def test_hits_are_sorted_by_findings_also_those_out_of_view() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    names = [f"team/{number:02}" for number in range(20)]
    for name in names:
        create_repository(client, name)
        push_image(client, name, name, "v1")
    with embedded.database.write() as connection:
        found = connection.execute("SELECT max(id) FROM images").fetchone()
        scans.store_scan(connection, found[0], [{"name": "CVE-1", "severity": "HIGH"}], {"HIGH": 1}, at=time.time())
    async with running(embedded, size=(120, 15), prefetch=False) as pilot:
        await until(pilot, "20 repositories")
        await find(pilot, "v1")
        screen = await until(pilot, "20 of 20 asked · 20 found")
        assert names[-1] not in screen
        await pilot.press(*"sssss")
        await until(pilot, "findings ▼")
        await until(pilot, lambda screen: row_of(screen, names[-1]).endswith("1H"))
        await pilot.press("ctrl+r", "g")
        await until(pilot, lambda screen: row_of(screen, names[-1]).endswith("1H"))


SCANNED = re.compile(r"(✓|\d+[CHMLIU])$")
"""A row with the findings of a scan."""


async def test_the_cursor_and_the_marks_stay_when_the_same_text_is_searched_again() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    for name in ("team/app", "team/cart", "team/web"):
        create_repository(client, name)
        push_image(client, name, name, "v1")
    async with running(embedded, size=(110, 30)) as pilot:
        await until(pilot, "3 repositories")
        await find(pilot, "v1")
        await until(pilot, "3 of 3 asked · 3 found")
        await until(pilot, "read now")
        await pilot.press("space", "j")  # marks the first row
        await until(pilot, lambda screen: "team/web" in cursor_row(screen))
        client.delete_repository(repositoryName="team/cart", force=True)
        await pilot.press("ctrl+r")
        screen = await until(pilot, "2 of 2 asked · 2 found")
        assert "team/web" in cursor_row(screen)
        assert "1 marked" in screen


async def test_the_findings_of_an_index_come_once_its_screen_has_read_it() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    parts = {name: push_image(client, "team/app", name, platform=name) for name in ("linux/amd64", "linux/arm64")}
    push_index(client, "team/app", parts, "v1")
    async with running(embedded, size=(120, 30), prefetch=False) as pilot:
        await until(pilot, "1 repository")
        await find(pilot, "v1")
        await until(pilot, lambda screen: row_of(screen, "team/app").endswith("?"))
        await pilot.press("enter")
        await until(pilot, "team/app › v1")
        await until(pilot, "linux/arm64")
        await pilot.press("escape")
        await until(pilot, lambda screen: row_of(screen, "team/app").endswith("·"))


async def find(pilot: Pilot[None], text: str) -> None:
    """Search for a text."""
    await pilot.press("F")
    await until(pilot, "enter search")
    await paste(pilot, text)
    await pilot.press("enter")


async def test_a_layer_shows_the_images_that_are_known_to_have_it() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    for name in ("team/app", "team/cart"):
        create_repository(client, name)
    images = [push_image(client, "team/app", str(number), f"v{number}", layers=[b"base"]) for number in range(3)]
    push_image(client, "team/cart", "other", "v9", layers=[b"other"])
    layer = json.loads(images[0].manifest)["layers"][0]["digest"]
    async with running(embedded, size=(120, 30), prefetch=False) as pilot:
        await until(pilot, "2 repositories")
        await find(pilot, f"GET /v2/team/app/blobs/{layer} 404")
        await until(pilot, "2 of 2 asked · 1 found")
        screen = await until(pilot, "looked for layers and configs · 0 of 3 manifests are known. Press I to read")
        assert "team/app " in row_of(screen, "layer or config, its images are not known")
        assert embedded.calls["BatchGetImage"] == 0

        await pilot.press("t")
        await until(pilot, "There is no image to tag in these rows. To tag")
        await pilot.press("I")
        screen = await until(pilot, "layer of 3: v2")
        assert short_digest(layer) in row_of(screen, "layer of 3: v2")
        assert "3 of 3 manifests are known" in screen
        assert "Press I" not in screen
        await pilot.press("c")
        await until(pilot, "all hits as JSON")
        await pilot.press("escape")
        await until_gone(pilot, "all hits as JSON")
        await pilot.press("enter")
        await until(pilot, lambda screen: pilot.app.screen.query_one(TabLine).current == "layers")
        await pilot.press("escape")
        await until(pilot, "Find in all repositories")
        await find(pilot, digest_of("nothing"))
        screen = await until(pilot, "No repository has sha256:")
        assert "looked for layers and configs" in screen
        embedded.faults.add("BatchCheckLayerAvailability:error:code=AccessDeniedException:message=no")
        await find(pilot, digest_of("nothing"))
        screen = await until(pilot, "No image has sha256:")
        assert "ecr:BatchCheckLayerAvailability is not permitted in 2 repositories" in screen


async def test_a_key_lets_one_search_read_manifests_and_no_later_one() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    first = push_image(client, "team/app", "one", "v1", layers=[b"base"])
    layer = json.loads(first.manifest)["layers"][0]["digest"]
    async with running(embedded, size=(120, 30), prefetch=False) as pilot:
        await until(pilot, "1 repository")
        await find(pilot, layer)
        await until(pilot, "0 of 1 manifests are known. Press I")
        await pilot.press("I")
        await until(pilot, "1 of 1 manifests")
        assert embedded.calls["BatchGetImage"] == 1

        second = push_image(client, "team/app", "two", "v2", layers=[b"base"])
        await pilot.press("ctrl+r")
        await until(pilot, "1 of 2 manifests are known. Press I")
        await find(pilot, json.loads(second.manifest)["config"]["digest"])
        await until(pilot, "layer or config, its images are not known")
        await until(pilot, "1 of 2 manifests are known. Press I")
        assert embedded.calls["BatchGetImage"] == 1

        await pilot.press("I")
        await until(pilot, "config of v2")
        assert embedded.calls["BatchGetImage"] == 2


async def test_what_is_said_about_a_search_goes_with_it() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    async with running(embedded, size=(110, 30)) as pilot:
        await until(pilot, "1 repository")
        await find(pilot, "missing:tag=prod")
        await until(pilot, "looked for repositories without prod")
        await until(pilot, "read now")
        await find(pilot, "sha256:12")
        screen = await until(pilot, "too short")
        assert "looked for" not in screen
        assert "read now" not in screen
