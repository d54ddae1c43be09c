"""Images out of public bug reports in the application: what the screens say about them is true."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from textual.pilot import Pilot

from ecrtui.ecr.digest import short_digest
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui.messages import OpenImage
from tests.support.cases import CASE_NAMES, load_case
from tests.support.embedded import PushedImage, client_for, new_embedded, push_image, put, tags_of
from tests.support.screen import (
    app_of,
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

WRITTEN = ("bad-tags", "no-layers", "sparse-layout", "surrogate", "undo-index")
"""The cases of ``test_cases_writing.py``."""


class Cases(NamedTuple):
    """A registry with a repository for each case; the tests only read it."""

    embedded: EmbeddedRegistry
    client: Any
    images: dict[str, dict[str, PushedImage]]


@pytest.fixture(scope="module")
def cases() -> Cases:
    embedded = new_embedded()
    client = client_for(embedded)
    return Cases(embedded, client, {name: dict(load_case(client, name, name)) for name in CASE_NAMES})


async def press_until(pilot: Pilot[None], key: str, wanted: str) -> str:
    """Press a key, and wait until a text is on the screen."""
    await pilot.press(key)
    return await until(pilot, wanted)


@pytest.mark.parametrize("name", [name for name in CASE_NAMES if name not in WRITTEN])
async def test_every_case_opens_with_its_exact_manifest(name: str, cases: Cases) -> None:
    async with running(cases.embedded, name, size=(200, 60)) as pilot:
        for image in cases.images[name].values():
            app_of(pilot).post_message(OpenImage(app_of(pilot).connect, name, image.digest, pane="manifest"))
            await until(pilot, lambda screen: getattr(pilot.app.screen, "subject", "") == image.digest)  # noqa: B023
            screen = await until(pilot, "last pulled")
            assert image.manifest.splitlines()[0][:100] in screen


async def test_a_digest_in_an_annotation_is_tagged_and_opened_as_the_image_that_it_is() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    images = load_case(client, "team/app", "base-digest")
    base, app = images["base.json"].digest, images["app.json"].digest
    async with running(embedded, "team/app:app", size=(200, 45)) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, "annotations · 2")
        await pilot.press("tab", "tab", "tab")
        await until(pilot, "a digest in the annotation org.opencontainers.image.base.digest")
        await pilot.press("t")
        screen = await until(pilot, "new tags, separated")
        assert f"Retag {base[7:19]} in team/app" in screen
        assert f"base.digest of {app[7:19]} names this image; it is not {app[7:19]} itself" in screen
        await fill_in(pilot, "copy")
        await until_planned(pilot)
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert tags_of(client, "team/app") == {"base": base, "app": app, "copy": base}
        await pilot.press("enter")
        await until_gone(pilot, "✓ done")
        await pilot.press("enter")
        await until(pilot, "Repositories › team/app › base")


@pytest.mark.parametrize("pane", ["manifest", "contents"])
async def test_a_digest_that_is_no_image_of_the_repository_tags_and_opens_nothing(pane: str) -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    client.create_repository(repositoryName="team/app")
    unknown = "sha256:" + "1" * 64
    push_image(
        client, "team/app", "one", "v1", annotations={"containerd.io/snapshot/stargz/toc.digest": unknown, "note": "x"}
    )
    async with running(embedded, "team/app:v1", size=(200, 45)) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, "annotations · 2")
        if pane == "manifest":
            await pilot.press("tab", "tab", "tab")
        else:
            await pilot.press("o", "G", "enter", "j")
        await until(pilot, "a digest in the annotation containerd.io/snapshot/stargz/toc.digest")
        for key in ("t", "enter"):
            await pilot.press(key)
            await until(pilot, "No image of team/app")
            pilot.app.clear_notifications()
            await until_gone(pilot, "No image of team/app")
        assert "Retag" not in screen_text(pilot.app)
        if pane == "contents":
            await pilot.press("j", "t")
            await until(pilot, "Only images can be tagged or opened")


async def test_the_cursor_of_the_focused_pane_decides(cases: Cases) -> None:
    images = cases.images["sigstore-bundle"]
    config = json.loads(images["image.json"].manifest)["config"]["digest"]
    async with running(cases.embedded, "sigstore-bundle:v1", size=(200, 45)) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, "referrers · 4")
        await pilot.press("tab")
        await until(pilot, "is          config")
        await pilot.press("o", "G")
        await until(pilot, "is           referrer (")
        await pilot.press("o")
        await until(pilot, "is          config")
        assert config in cursor_row(screen_text(pilot.app))
        await press_until(pilot, "t", "Only images can be tagged")


async def test_referrers_are_distinguished_by_their_predicate_type(cases: Cases) -> None:
    images = cases.images["sigstore-bundle"]
    kinds = {"sign.json": "signature", "slsa.json": "provenance", "sbom.json": "sbom", "vex.json": "vex"}
    async with running(cases.embedded, "sigstore-bundle:v1", size=(240, 45)) as pilot:
        await open_pane(pilot, "manifest")
        screen = await until(pilot, "referrers · 4")
        for file, kind in kinds.items():
            assert f"{kind}  {short_digest(images[file].digest)}" in screen
        await pilot.press("o", "G", "t")
        screen = await until(pilot, "new tags, separated")
        assert f"that refers to {short_digest(images['image.json'].digest)}, not" in screen
        assert "index" not in row_of(screen, "that refers to")
    for file, kind in kinds.items():
        async with running(cases.embedded, f"sigstore-bundle@{images[file].digest}", size=(240, 45)) as pilot:
            await open_pane(pilot, "manifest")
            await until(pilot, f"{kind} {short_digest(images[file].digest)}")


async def test_layers_without_a_size_have_an_unknown_size(cases: Cases) -> None:
    async with running(cases.embedded, "schema1:plain", size=(200, 45)) as pilot:
        await open_pane(pilot, "manifest")
        screen = await until(pilot, "layers · ")
        assert "layers · – · 3" in screen
        assert f"image {short_digest(cases.images['schema1']['plain.json'].digest)}" in screen


async def test_platforms_that_differ_in_os_version_alone_have_different_names(cases: Cases) -> None:
    async with running(cases.embedded, "win-version:multi", size=(240, 45)) as pilot:
        await open_pane(pilot, "manifest")
        screen = await until(pilot, "platforms · 2")
        assert "windows(10.0.17763.6414)/amd64" in screen
        assert "windows(10.0.20348.2762)/amd64" in screen
        await pilot.press("tab")
        await until(pilot, "windows(10.0.17763.6414+win32k)/amd64")
        await pilot.press("t")
        await until(pilot, "This is windows(10.0.17763.6414)/amd64 alone")
        await type_text(pilot, "multi")
        await until(pilot, "would lose windows(10.0.20348.2762)/amd64")


async def test_names_of_annotations_never_look_like_facts() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    client.create_repository(repositoryName="team/app")
    image = push_image(client, "team/app", "one", "v1")
    document = json.loads(image.manifest)
    document["layers"][0]["annotations"] = {"digest": "sha256:" + "2" * 64, "size": "1 B\nplatform  linux/fake"}
    put(client, "team/app", json.dumps(document), "v2")
    async with running(embedded, "team/app:v2", size=(200, 45)) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, "layers · ")
        await pilot.press("tab", "tab")
        screen = await until(pilot, '"digest": "sha256:2222')
        facts = [line.partition("│")[2] for line in screen.splitlines()]
        assert sum(line.startswith(" digest ") for line in facts) == 1
        assert not any(line.strip().startswith("platform") for line in facts)


@pytest.mark.parametrize(
    ("name", "tag", "shown"),
    [
        ("helm-config", "chart", ['"name": "shop"', '"version": "1.4.0"', '"appVersion": "9.1"']),
        (
            "config-unlisted",
            "health",
            [
                'health check  {"Test": ["CMD", "/alive"], "Interval": 30000000000}',
                'shell         ["powershell", "-Command"]',
                "on build      COPY . /src",
                'os features   ["win32k"]',
                "os version    10.0.20348.2762",
            ],
        ),
        (
            "label-newline",
            "lines",
            ["user         1000", "NOTE=a␊user  root", "RUN /bin/sh -c <<EOF␊set -e␊make install"],
        ),
        ("schema1", "plain", ["platform  linux/amd64", 'command   ["/app"]', "created   2015-11-03T10:00:00Z"]),
        ("schema1", "signed", ["platform  linux/amd64", 'command   ["/app"]']),
    ],
)
async def test_the_config_shows_every_member(name: str, tag: str, shown: list[str], cases: Cases) -> None:
    async with running(cases.embedded, f"{name}:{tag}", size=(160, 45)) as pilot:
        await until(pilot, "1 overview")
        await pilot.press("i")
        screen = await until(pilot, shown[0])
        for text in shown:
            assert text in screen
        assert not any(line.strip(" │").startswith("user  root") for line in screen.splitlines())
