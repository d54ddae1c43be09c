"""The image screen as a whole: tags put back, platforms, the way up, errors in place, saved texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import push_image, push_index, put
from tests.support.screen import (
    cursor_row,
    open_pane,
    retag,
    row_of,
    running,
    screen_text,
    type_text,
    until,
    until_gone,
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
        await pilot.press("j")
        await until(pilot, lambda text: old.digest[7:19] in cursor_row(text)[:30])
        await pilot.press("enter")
        await until(pilot, f"Put next back at {old.digest[7:19]}")
        await until(pilot, "1 tag")


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
        await until(pilot, "index         not known")
    async with running(embedded, REPOSITORY, size=(120, 35)) as pilot:
        await until(pilot, "1 image ·")
        await until(pilot, lambda text: "multi" in cursor_row(text))
        await pilot.press("enter")
        await until(pilot, "index · 2 platforms")
        await pilot.press("j", "enter")
        await until(pilot, f"{REPOSITORY} › multi › linux/arm64 {arm[7:19]}")
        await until(pilot, f"linux/arm64 of {index.digest[7:19]}  multi")
        await pilot.press("minus")
        await until_gone(pilot, f"› linux/arm64 {arm[7:19]}")
        await pilot.press("escape")
    async with running(embedded, f"{REPOSITORY}@{signature.digest}", size=(120, 35)) as pilot:
        await until(pilot, f"subject       {index.digest}")
        await pilot.press("minus")
        await until(pilot, "index · 2 platforms")


async def test_each_section_is_denied_on_its_own_and_a_text_is_saved(
    embedded: EmbeddedRegistry, client: Any, tmp_path: Path
) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    for operation in ("ListImageReferrers", "GetLifecyclePolicy", "DescribeImageScanFindings"):
        embedded.faults.add(f"{operation}:error:code=AccessDeniedException:message=no")
    async with running(embedded, f"{REPOSITORY}:v1", size=(140, 35)) as pilot:
        screen = await until(pilot, lambda text: all(action in text for action in DENIED))
        assert image.digest in screen
        assert "not written from here" in screen
        await open_pane(pilot, "manifest")
        await until(pilot, "schemaVersion")
        await pilot.press("p")
        await until(pilot, "pretty-printed, not the exact bytes")
        await pilot.press("p")
        await until_gone(pilot, "pretty-printed")
        await pilot.press("x")
        await until(pilot, "file name, ending in .json")
        await type_text(pilot, str(tmp_path / "m.json"))
        await pilot.press("enter")
        await until(pilot, "Saved")
        assert (tmp_path / "m.json").read_text() == image.manifest
        await open_pane(pilot, "overview")
        pilot.app.clear_notifications()
        await retag(pilot, "other")
        pilot.app.notify("first line\nsecond line")
        screen = await until(pilot, "second line")
        assert "enter apply" in screen
        assert "other" in row_of(screen, "new")
        await pilot.press("escape")
        await until_gone(pilot, "enter apply")
        embedded.faults.clear()
        await pilot.press("ctrl+r")
        await until(pilot, "no lifecycle policy")
        await until(pilot, "second line")
        await pilot.press("escape")
        await until_gone(pilot, "second line")


DENIED = ("ecr:BatchGetImage", "ecr:GetLifecyclePolicy", "ecr:DescribeImageScanFindings")
"""The permissions that the overview names."""
