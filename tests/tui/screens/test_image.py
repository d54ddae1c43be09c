"""The Image screen: exact manifest, digests, structure, config, findings and referrers."""

from __future__ import annotations

import json
from typing import cast

import pytest

from ecrtui.tui.app import EcrTuiApp
from ecrtui.tui.manifest.document import prepare_manifest
from ecrtui.tui.messages import OpenImage
from ecrtui.tui.screens.image import ImageScreen
from tests.support.embedded import (
    OCI_MANIFEST,
    client_for,
    create_repository,
    manifest_text,
    new_embedded,
    push_image,
    push_index,
    put,
    tags_of,
)
from tests.support.screen import (
    cursor_row,
    fill_in,
    open_pane,
    row_of,
    running,
    screen_text,
    type_text,
    unsafe_characters,
    until,
    until_gone,
    until_planned,
)
from tests.support.terminal import wait_for

REPOSITORY = "team/app"


class ImageEnv:
    """A registry that these tests only read."""

    def __init__(self) -> None:
        self.embedded = new_embedded()
        self.client = client_for(self.embedded)
        create_repository(self.client, REPOSITORY)
        layers = [b"base", b"x" * 3_000]
        self.image = push_image(self.client, REPOSITORY, "one", "v1", layers=layers, annotations={"team": "checkout"})
        self.index = push_index(self.client, REPOSITORY, None, "multi")
        subject = {"mediaType": OCI_MANIFEST, "digest": self.image.digest, "size": len(self.image.manifest)}
        self.signature = push_image(
            self.client, REPOSITORY, "signature", subject=subject, config_media_type="application/vnd.example.signature"
        )


@pytest.fixture(scope="module")
def env() -> ImageEnv:
    return ImageEnv()


async def test_the_exact_manifest_is_shown_with_line_numbers(env: ImageEnv) -> None:
    async with running(env.embedded, f"{REPOSITORY}:v1", size=(180, 45)) as pilot:
        await open_pane(pilot, "manifest")
        screen = await until(pilot, "last pulled")
        for number, line in enumerate(env.image.manifest.splitlines(), 1):
            assert f" {number:>2} {line}" in screen, screen


async def test_the_structure_is_shown_beside_the_manifest(env: ImageEnv) -> None:
    async with running(env.embedded, f"{REPOSITORY}:v1", size=(240, 45)) as pilot:
        await open_pane(pilot, "manifest")
        screen = await until(pilot, "referrers · 1")
        assert "layers · 3.0 kB · 2" in screen
        assert "annotations · 1" in screen
        assert "vnd.example.signature" in screen
        assert f"digest       {env.image.digest}"[:50] in screen
        config = json.loads(env.image.manifest)["config"]["digest"]
        assert f"config  {config[7:19]}" in screen


async def test_tab_moves_between_digests_and_describes_each(env: ImageEnv) -> None:
    layers = [layer["digest"] for layer in json.loads(env.image.manifest)["layers"]]
    async with running(env.embedded, f"{REPOSITORY}:v1", size=(180, 45)) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, "referrers · 1")
        await pilot.press("tab")
        await until(pilot, lambda screen: "is          config" in screen)
        await pilot.press("tab")
        screen = await until(pilot, lambda screen: "is          layer" in screen)
        assert layers[0] in cursor_row(screen)
        await pilot.press("n")
        await until(pilot, lambda screen: layers[1] in cursor_row(screen))
        await pilot.press("shift+tab")
        await until(pilot, lambda screen: layers[0] in cursor_row(screen))
        await pilot.press("t")
        await until(pilot, "Only images can be tagged; this is a layer")
        assert "Retag" not in screen_text(pilot.app)


async def test_keys_for_an_image_that_does_not_exist_say_so(env: ImageEnv) -> None:
    async with running(env.embedded, f"{REPOSITORY}:none", size=(80, 24)) as pilot:
        missing = "team/app has no tag none"
        screen = await until(pilot, missing)
        footer = screen.splitlines()[-1]
        assert " t tag" not in footer
        assert "undo" not in footer
        for key in "tpuUD":
            pilot.app.clear_notifications()
            await until(pilot, lambda text: text.count(missing) == 1)
            await pilot.press(key)
            await until(pilot, lambda text: text.count(missing) == 2)
        await pilot.press("c")
        await until(pilot, f"{REPOSITORY}:none")


async def test_search_finds_text_and_wraps_around(env: ImageEnv) -> None:
    async with running(env.embedded, f"{REPOSITORY}:v1", size=(100, 20)) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, '"schemaVersion": 2')
        await pilot.press("slash")
        await type_text(pilot, "CHECKOUT")
        await until(pilot, '"team": "checkout"')
        await type_text(pilot, "zz")
        await until(pilot, "not found")
        await pilot.press("escape")
        await until_gone(pilot, "not found")
        await pilot.press("g")
        await until(pilot, '"schemaVersion": 2')
        await pilot.press("G")
        await until(pilot, '"team": "checkout"')


async def test_selecting_in_the_tree_moves_the_cursor_of_the_manifest(env: ImageEnv) -> None:
    async with running(env.embedded, f"{REPOSITORY}:multi", size=(180, 45)) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, "linux/arm64")
        await pilot.press("o", "j", "j", "j")
        await until(pilot, "platform    linux/arm64")
        arm = json.loads(env.index.manifest)["manifests"][1]["digest"]
        assert arm in cursor_row(screen_text(pilot.app))
        await pilot.press("o", "shift+tab")
        await until(pilot, "platform    linux/amd64")


async def test_enter_opens_a_platform_and_esc_returns(env: ImageEnv) -> None:
    arm = json.loads(env.index.manifest)["manifests"][1]["digest"]
    async with running(env.embedded, f"{REPOSITORY}:multi", size=(180, 45)) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, "linux/arm64")
        await pilot.press("tab", "tab", "enter")
        await until(pilot, f"Repositories › {REPOSITORY} › multi › linux/arm64 {arm[7:19]}")
        await open_pane(pilot, "manifest")
        await until(pilot, '"layers": [')
        await pilot.press("minus")
        await until_gone(pilot, f"› linux/arm64 {arm[7:19]}")


async def test_an_index_shows_the_config_and_the_findings_of_a_platform(env: ImageEnv) -> None:
    async with running(env.embedded, f"{REPOSITORY}:v1", size=(140, 40)) as pilot:
        await until(pilot, "1 overview")
        await pilot.press("i")
        screen = await until(pilot, "labels ")
        assert "name: one" in screen
        assert "linux/amd64" in screen
    async with running(env.embedded, REPOSITORY, size=(140, 40)) as pilot:
        await until(pilot, "2 images")
        await pilot.press("slash", *"multi", "enter")
        await until(pilot, "1 match")
        await pilot.press("i")
        await until(pilot, f"{REPOSITORY} › multi › linux/amd64")
        await until(pilot, "platform  linux/amd64")
        await pilot.press("greater_than_sign")
        await until(pilot, f"{REPOSITORY} › multi › linux/arm64")
        await until(pilot, "platform  linux/arm64")
        await pilot.press("f")
        await until(pilot, "linux/amd64, linux/arm64: not scanned")
        assert "findings not known" in await until(pilot, "No findings are known")
        await pilot.press("less_than_sign", "3")
        await until(pilot, "platform  linux/amd64")


async def test_referrers_that_cannot_be_listed_do_not_hide_the_image(env: ImageEnv) -> None:
    fault = env.embedded.faults.add(
        "ListImageReferrers:error:code=AccessDeniedException:message=not for you \x1b]0;owned\x07[/]"
    )
    try:
        async with running(env.embedded, f"{REPOSITORY}:v1", size=(140, 40)) as pilot:
            await open_pane(pilot, "manifest")
            screen = await until(pilot, "referrers · not permitted: ecr:BatchGetImage")
            assert '"schemaVersion": 2' in screen
            assert "layers · 3.0 kB · 2" in screen
            assert unsafe_characters(screen) == []
    finally:
        env.embedded.faults.remove(fault)


async def test_a_manifest_is_shown_when_nothing_else_is_known(env: ImageEnv) -> None:
    fault = env.embedded.faults.add("DescribeImages:error:code=AccessDeniedException:message=not for you")
    try:
        async with running(env.embedded, f"{REPOSITORY}@{env.image.digest}", size=(140, 40)) as pilot:
            await open_pane(pilot, "manifest")
            await until(pilot, '"schemaVersion": 2')
            await open_pane(pilot, "raw")
            await until(pilot, "not for you")
            await open_pane(pilot, "manifest")
            await until(pilot, '"schemaVersion": 2')
    finally:
        env.embedded.faults.remove(fault)


async def test_a_manifest_already_on_the_screen_is_not_read_again(env: ImageEnv) -> None:
    async with running(env.embedded, size=(140, 40)) as pilot:
        await until(pilot, "1 repository")
        fault = env.embedded.faults.add("BatchGetImage:error:code=AccessDeniedException")
        try:
            image = env.image
            app = cast(EcrTuiApp, pilot.app)
            prepared = prepare_manifest(image.manifest)
            app.push_app_screen(ImageScreen(app.connect, REPOSITORY, image.digest, prepared, pane="manifest"))
            await until(pilot, "referrers · 1")
            assert '"schemaVersion": 2' in screen_text(app)
            assert not fault.hits
        finally:
            env.embedded.faults.remove(fault)


async def test_the_manifest_is_requested_before_the_screen_is_built() -> None:
    env = ImageEnv()
    calls = env.embedded.calls
    async with running(env.embedded, size=(140, 40)) as pilot:
        await until(pilot, "1 repository")
        app = cast(EcrTuiApp, pilot.app)
        await app.on_open_image(OpenImage(app.connect, REPOSITORY, env.image.digest, pane="manifest"))
        wait_for(lambda: calls["BatchGetImage"] == 1)  # nothing is built meanwhile
        await until(pilot, '"schemaVersion": 2')
        assert calls["BatchGetImage"] == 1


async def test_image_facts_are_shown_when_the_manifest_cannot_be_read(env: ImageEnv) -> None:
    fault = env.embedded.faults.add("BatchGetImage:error:code=AccessDeniedException:message=not for you")
    try:
        async with running(env.embedded, f"{REPOSITORY}@{env.image.digest}", size=(140, 40)) as pilot:
            await until(pilot, "last pulled")
            await open_pane(pilot, "manifest")
            await until(pilot, "not for you")
            env.embedded.faults.remove(fault)
            await pilot.press("r")
            screen = await until(pilot, "referrers · 1")
            assert '"schemaVersion": 2' in screen
    finally:
        env.embedded.faults.remove(fault)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("GetDownloadUrlForLayer:error:code=LayerInaccessibleException", "Layer unavailable"),
        ("DownloadLayer:cut", "was cut short"),
    ],
)
async def test_an_unreadable_config_is_reported_and_the_screen_stays(fault: str, words: str, env: ImageEnv) -> None:
    added = env.embedded.faults.add(fault)
    try:
        async with running(env.embedded, f"{REPOSITORY}:v1", size=(140, 40)) as pilot:
            await until(pilot, "1 overview")
            await pilot.press("i")
            await until(pilot, words)
            assert added.hits
            await open_pane(pilot, "manifest")
            await until(pilot, '"schemaVersion": 2')
    finally:
        env.embedded.faults.remove(added)


async def test_a_manifest_that_does_not_match_its_digest_is_never_shown() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, REPOSITORY)
    image = push_image(client, REPOSITORY, "one", "v1")
    with embedded.database.write() as connection:
        connection.execute("UPDATE manifests SET manifest = ?", (image.manifest.replace("2,", "3,"),))
    async with running(embedded, f"{REPOSITORY}:v1", size=(140, 30)) as pilot:
        await open_pane(pilot, "manifest")
        screen = await until(pilot, lambda screen: "✗" in screen)
        assert "digest" in row_of(screen, "✗")
        assert '"schemaVersion"' not in screen
        await pilot.press("escape")
        await until(pilot, "1 image ·")


async def test_a_manifest_of_four_megabytes_is_shown_searched_and_tagged() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, REPOSITORY)
    small = manifest_text(client, REPOSITORY, "big", annotations={"last": "the very end"}, indent=0)
    room = 4 * 1024 * 1024 - len(small) - 40
    big = put(client, REPOSITORY, small.replace('"last"', f'"padding": "{"x" * room}",\n"last"'), "big")
    assert len(big.manifest) > 4_000_000
    async with running(embedded, f"{REPOSITORY}:big", size=(100, 30)) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, '"schemaVersion": 2')
        await pilot.press("G")
        await until(pilot, '"last": "the very end"')
        await pilot.press("g", "t")
        await until(pilot, "new tags, separated")
        await fill_in(pilot, "copy")
        await until_planned(pilot)
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert tags_of(client, REPOSITORY)["copy"] == big.digest


async def test_the_preview_never_shows_the_manifest_of_another_image() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, REPOSITORY)
    archived = push_image(client, REPOSITORY, "archived", "archived")
    push_image(client, REPOSITORY, "active", "active", annotations={"is": "the active one"})
    client.update_image_storage_class(
        repositoryName=REPOSITORY, imageId={"imageDigest": archived.digest}, targetStorageClass="ARCHIVE"
    )
    async with running(embedded, REPOSITORY, size=(160, 30)) as pilot:
        await until(pilot, "2 images")
        await pilot.press("o")
        await until(pilot, "the active one")
        await pilot.press("j")
        await until(pilot, lambda screen: "archived" in cursor_row(screen))
        await until_gone(pilot, "the active one")
