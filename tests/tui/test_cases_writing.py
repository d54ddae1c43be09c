"""Tags and images out of public bug reports that are written, refused or put back in the application."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Input

from ecrtui.emulator.layout.importing import import_image
from ecrtui.emulator.layout.layout import open_layout
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.cases import CASES, RefusedManifest, load_case, refused_manifests
from tests.support.embedded import REGION, client_for, digests_of, new_embedded, tags_of
from tests.support.screen import below, paste, retag, running, type_text, until, until_gone


@pytest.fixture
def embedded() -> EmbeddedRegistry:
    return new_embedded()


@pytest.fixture
def client(embedded: EmbeddedRegistry) -> Any:
    return client_for(embedded)


async def test_each_invalid_tag_is_refused_while_it_is_typed(embedded: EmbeddedRegistry, client: Any) -> None:
    image = load_case(client, "team/app", "bad-tags")["manifest.json"]
    reasons = {
        "1.0+build": "a tag cannot contain '+'",
        "feature/x": "a tag cannot contain '/'",
        "é": "U+00E9 LATIN SMALL LETTER E WITH ACUTE",
        ".x": "a tag cannot start with '.'",
    }
    async with running(embedded, "team/app:v1", size=(200, 45)) as pilot:
        await until(pilot, "last pulled")
        await pilot.press("t")
        await until(pilot, "new tags, separated")
        for tag, reason in reasons.items():
            await pilot.press("ctrl+u")
            await paste(pilot, f"good {tag}")
            screen = await until(pilot, reason)
            assert tag in below(screen, "Retag ")
            await pilot.press("enter")
            assert "✓ done" not in screen
    assert tags_of(client, "team/app") == {"v1": image.digest}


@pytest.mark.parametrize("refused", refused_manifests(), ids=lambda refused: refused.file.stem)
async def test_the_form_says_in_the_words_of_ecr_why_a_manifest_is_refused(
    refused: RefusedManifest, embedded: EmbeddedRegistry, client: Any
) -> None:
    load_case(client, "team/app", refused.case)
    async with running(embedded, "team/app", size=(200, 45)) as pilot:
        await until(pilot, "0 images")
        await pilot.press("colon")
        await until(pilot, "Search")
        await type_text(pilot, "put image")
        await until(pilot, lambda screen: "Put an image: the manifest" in screen and "Quit" not in screen)
        await pilot.press("enter")
        await until(pilot, "a manifest is required")
        for name, value in (("file", str(refused.file)), ("tag", refused.tag)):
            pilot.app.screen.query_one(f"#{name}", Input).focus()
            await paste(pilot, value)
        await until(pilot, "from the file")
        await pilot.press("f2")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        assert "failed to satisfy constraint: 'I" in await until(pilot, "Invalid parameter at")
    assert not digests_of(client, "team/app")


async def test_an_index_that_a_clean_up_deleted_comes_back(embedded: EmbeddedRegistry, client: Any) -> None:
    images = load_case(client, "team/app", "undo-index")
    async with running(embedded, "team/app:rc", size=(160, 40)) as pilot:
        await until(pilot, "last pulled")
        await retag(pilot, "main")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.press("enter")
        await until_gone(pilot, "✓ done")
        for file in ("old.json", "old-amd64.json", "old-arm64.json"):
            client.batch_delete_image(repositoryName="team/app", imageIds=[{"imageDigest": images[file].digest}])
        await pilot.press("a")
        await until(pilot, "1 write")
        await pilot.press("u")
        await until(pilot, "its manifest is restored from the journal")
        await pilot.press("enter")
        await until(pilot, "enter close")  # the row of the first write says "done"
    assert tags_of(client, "team/app")["main"] == images["old.json"].digest
    assert digests_of(client, "team/app") == {image.digest for image in images.values()}


async def test_the_platform_of_a_sparse_layout_opens_and_is_tagged(embedded: EmbeddedRegistry, client: Any) -> None:
    with open_layout(str(CASES / "sparse-layout" / "layout")) as layout:
        imported = import_image(embedded.database, layout, "team/app", "v1", platform="linux/amd64", region=REGION)
    async with running(embedded, "team/app:v1", size=(160, 40)) as pilot:
        await until(pilot, "last pulled")
        await pilot.press("i")
        await until(pilot, "linux/amd64")
        await retag(pilot, "copy")
        await pilot.press("enter")
        await until(pilot, "✓ done")
    assert tags_of(client, "team/app") == {"v1": imported.digest, "copy": imported.digest}
