"""The screen that compares two images, and the ways to it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from ecrtui.ecr.digest import short_digest
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.alike import push_alike
from tests.support.compared import REPOSITORY, push_releases
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index, put, tags_of
from tests.support.screen import (
    cursor_row,
    fill_in,
    open_pane,
    row_of,
    running,
    screen_text,
    type_text,
    until,
    until_gone,
    until_planned,
)


def releases() -> tuple[EmbeddedRegistry, Any, dict[str, str]]:
    embedded = new_embedded()
    client = client_for(embedded)
    pushed = push_releases(client, lambda days, function, *arguments, **options: function(*arguments, **options))
    return embedded, client, {tag: short_digest(image.digest) for tag, image in pushed.items()}


async def compared(pilot: Pilot[None]) -> str:
    """Wait until everything is read; return the screen."""
    await until(pilot, "‹1 sum")
    await until(pilot, "to pull")
    return await until_gone(pilot, "reading…")


async def go_to(pilot: Pilot[None], tag: str) -> None:
    """Move the cursor to the row with a tag."""
    await pilot.press("g")
    while tag not in cursor_row(screen_text(pilot.app)).split():
        await pilot.press("j")


async def test_two_releases_are_compared(tmp_path: Path) -> None:
    embedded, client, digests = releases()
    async with running(embedded, REPOSITORY, size=(120, 35)) as pilot:
        await until(pilot, "images ·")
        await go_to(pilot, "v2")
        await pilot.press("D")
        await until(pilot, f"Compare {digests['v2']} with:")
        await type_text(pilot, "no such tag")
        await pilot.press("enter")
        screen = await until(pilot, "'no such tag' names no image")
        assert "no such tag" in row_of(screen, "│ no such")  # the user can correct it
        assert "enter compare" in screen
        await pilot.press("ctrl+u")
        await until_gone(pilot, "names no image")
        await type_text(pilot, "v1")
        await pilot.press("enter")
        screen = await compared(pilot)
        lines = screen.splitlines()
        assert lines[1].split("Compare › ")[1].startswith(REPOSITORY)
        assert lines[1].rstrip().endswith("linux/amd64")
        assert lines[2].index("A nightly v1") < lines[2].index("B v2")  # the older image is A
        for text in (
            "~ env JAVA_VERSION",
            "+ env OTEL",
            "~ label …revision",
            "- platform linux/386",
            "+ platform linux/arm64",
            "1 up, 1 new, 1 gone",
            "1 shared (80 kB), 1 new",
        ):
            assert text in screen, text

        await pilot.press("equals_sign")
        await until(pilot, "- env OTEL")
        await pilot.press("equals_sign", "2")
        assert "config.Entrypoint" not in await until(pilot, "+ env OTEL")
        await pilot.press("a")
        await until(pilot, "config.Entrypoint")
        await pilot.press("a", "4")
        await until(pilot, "~ curl  ")
        await pilot.press("tab", "tab", "slash")
        await type_text(pilot, "zlib")
        await until(pilot, "not found")
        await pilot.press("escape", "right_square_bracket", "left_square_bracket", "3")
        await until(pilot, "COPY v2")

        await pilot.press("c")
        await until(pilot, "3b9e77c0..d5a17c4e")
        file = tmp_path / "ticket.md"
        await pilot.press("escape", "x")
        await until(pilot, "file name, ending in")
        await type_text(pilot, str(file))
        await pilot.press("enter")
        await until(pilot, "Saved")
        assert "| ~ | env JAVA_VERSION | 21.0.4 | 21.0.5 |  |" in file.read_text()
        await pilot.press("t")
        await until(pilot, "The field has the tags of A. Typing replaces them.")
        await until(pilot, lambda screen: "v1" in screen and "nightly" in screen and "enter apply" in screen)
        await fill_in(pilot, "v1")
        await until_planned(pilot)
        assert "nightly" not in row_of(screen_text(pilot.app), "moves")
        await pilot.press("escape")
        await until_gone(pilot, "Retag")
        await pilot.press("t")
        await until_planned(pilot)
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert tags_of(client, REPOSITORY).keys() == {"nightly", "v1", "v2"}
        await pilot.press("escape")
        await until(pilot, "B nightly v1 v2")


async def test_the_comparison_opens_from_list_and_image_and_names_what_it_may_not_read() -> None:
    embedded, _, digests = releases()
    async with running(embedded, f"{REPOSITORY}:v2", size=(80, 24)) as pilot:
        await until(pilot, digests["v2"])
        await until_gone(pilot, "loading…")
        await pilot.press("D")
        await until(pilot, "or repository:tag")
        await type_text(pilot, "team/copy:copy")
        await pilot.press("enter")
        screen = await compared(pilot)
        assert "Compare › " in screen
        assert "B team/copy copy" in screen or "A team/copy copy" in screen
        assert "compared with its platform" in screen

        await pilot.press("escape", "escape")

        await until(pilot, "images ·")
        await go_to(pilot, "v1")
        await pilot.press("space")
        await go_to(pilot, "v2")
        await pilot.press("enter")
        await until(pilot, f"{REPOSITORY} › v2")
        await until_gone(pilot, "loading…")
        await pilot.press("D")
        await until(pilot, "A nightly v1")
        await pilot.press("escape", "escape")
        await until(pilot, "1 marked")
        await pilot.press("space", "g", "D")
        screen = await until(pilot, "A nightly v1")
        assert "B v2" in screen

        embedded.faults.add("GetDownloadUrlForLayer:error:code=AccessDeniedException:message=no")
        embedded.faults.add("ListImageReferrers:error:code=AccessDeniedException:message=no")
        await pilot.press("ctrl+r", "2")
        await until(pilot, "The config of A is not known: not permitted: ecr:GetDownloadUrlForLayer.")
        await pilot.press("1", "G")
        await until(pilot, "? signed")
        await pilot.press("3")
        await until(pilot, "+ layer 2")


async def test_the_first_digits_of_a_digest_name_the_other_image() -> None:
    embedded, client, digests = releases()
    alike, images = push_alike(client, REPOSITORY, "one", "two")
    v1 = digests["v1"][:6]

    async def compare_with(pilot: Pilot[None], text: str) -> None:
        await pilot.press("D")
        await until(pilot, "its first digits")
        await type_text(pilot, text)
        await pilot.press("enter")

    async with running(embedded, REPOSITORY, size=(80, 24)) as pilot:
        await until(pilot, "images ·")
        await go_to(pilot, "v2")
        for text in (v1, f"sha256:{v1}", f"{REPOSITORY}@{v1}"):
            await compare_with(pilot, text)
            assert f"A nightly v1 {digests['v1']}" in " ".join((await compared(pilot)).split())
            await pilot.press("escape")
            await until(pilot, "images ·")

        await compare_with(pilot, "sha256:abc")
        await until(pilot, "'sha256:abc' names no image")
        await pilot.press("escape")
        await compare_with(pilot, alike)
        screen = await until(pilot, f"2 images of {REPOSITORY} begin with {alike}")
        assert all(f"{short_digest(image.digest)} {image.tag}" in screen for image in images)
        await pilot.press("escape")
        await compare_with(pilot, "000000")
        await until(pilot, f"{REPOSITORY} has no tag 000000 and no image whose digest")
        await pilot.press("F")
        assert "000000" in await until(pilot, "Find in all repositories")
        await pilot.press("escape", "escape")

        put(client, REPOSITORY, images[0].manifest, v1)  # a tag comes before a digest
        await until(pilot, "images ·")
        await compare_with(pilot, v1)
        assert digests["v2"] in await until(pilot, short_digest(images[0].digest))


async def test_indexes_are_compared_from_the_platform_with_the_worst_known_findings() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, REPOSITORY)
    names = ("linux/amd64", "linux/arm64", "linux/s390x")
    pushed = {}
    for tag in ("v1", "v2"):
        parts = {name: push_image(client, REPOSITORY, f"{name} {tag}", platform=name) for name in names}
        pushed[tag] = push_index(client, REPOSITORY, parts, tag)
        if tag == "v1":
            scanned = {"imageDigest": parts["linux/arm64"].digest}
            client.start_image_scan(repositoryName=REPOSITORY, imageId=scanned)
    async with running(embedded, REPOSITORY, size=(120, 35)) as pilot:
        await until(pilot, "images ·")
        await go_to(pilot, "v1")
        await until(pilot, lambda screen: "H " in cursor_row(screen))  # the scans of its platforms are known now
        await pilot.press("space")
        await go_to(pilot, "v2")
        await pilot.press("D")
        await until(pilot, "linux/arm64 · platform 2 of 3 · > next")
        await until_gone(pilot, "reading…")

        await pilot.press("greater_than_sign")
        await until(pilot, "linux/s390x · platform 3 of 3")
        put(client, REPOSITORY, pushed["v1"].manifest, "again")
        await pilot.press("ctrl+r")
        await until(pilot, "A again v1")
        assert "linux/s390x · platform 3 of 3" in await until_gone(pilot, "reading…"), "a refresh keeps the platform"

        await pilot.press("escape")
        await until(pilot, "images ·")
        await pilot.press("enter")
        await open_pane(pilot, "layers")
        await until(pilot, f"› {names[0]}")
        for chosen in names[1:]:
            await pilot.press("greater_than_sign")
            await until(pilot, f"› {chosen}")
        await pilot.press("D")
        await until(pilot, "linux/s390x · platform 3 of 3")

    embedded.faults.add("DescribeImageScanFindings:error:code=AccessDeniedException:message=no")
    async with running(embedded, REPOSITORY, size=(120, 35)) as pilot:
        await until(pilot, "findings denied")
        await go_to(pilot, "v1")
        await pilot.press("space")
        await go_to(pilot, "v2")
        await pilot.press("D")
        await until(pilot, "linux/amd64 · platform 1 of 3")  # no findings are known


async def test_a_refresh_keeps_the_comparison_until_everything_is_read_again() -> None:
    embedded, _, _ = releases()
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        go.wait(60)

    async with running(embedded, REPOSITORY, size=(120, 35)) as pilot:
        await until(pilot, "images ·")
        await go_to(pilot, "v2")
        await pilot.press("D")
        await until(pilot, "or repository:tag")
        await type_text(pilot, "v1")
        await pilot.press("enter")
        before = (await compared(pilot)).splitlines()[3:]
        embedded.faults.before("GetDownloadUrlForLayer", hold, times=None)
        await pilot.press("ctrl+r")
        await until(pilot, lambda screen: held.is_set() and "reading…" in screen)
        assert screen_text(pilot.app).splitlines()[3:] == before
        await pilot.press("3")
        assert "COPY v2" in await until(pilot, "‹3 layers")
        await pilot.press("1")
        go.set()
        await until_gone(pilot, "reading…")
        await until(pilot, lambda screen: screen.splitlines()[3:] == before)


async def test_without_an_image_the_comparison_says_what_can_be_done() -> None:
    embedded, client, _ = releases()
    async with running(embedded, REPOSITORY, size=(80, 24)) as pilot:
        await until(pilot, "images ·")
        await pilot.press("D")
        await type_text(pilot, "v9")
        await pilot.press("enter")
        screen = await until(pilot, "team/checkout has no tag v9")
        assert "export" not in screen.splitlines()[-1]
        await pilot.press("t")
        await until(pilot, "There is nothing to compare.")
        await pilot.press("F")
        assert "team/checkout:v9" in await until(pilot, "Find in all repositories")
        await pilot.press("escape")
        await until(pilot, "team/checkout has no tag v9")
        put(
            client,
            REPOSITORY,
            client.batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": "v1"}])["images"][0][
                "imageManifest"
            ],
            "v9",
        )
        await pilot.press("ctrl+r")
        assert "export" in (await compared(pilot)).splitlines()[-1]
