"""The panes with what is in an image: config, layers, artifacts, packages."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from ecrtui.ecr import csv_cells
from ecrtui.ecr.digest import digest_of
from ecrtui.inspect import findings
from ecrtui.inspect.packages import Package, PackageList
from ecrtui.tui.inspector import artifact_rows, findings_columns, findings_pane, packages_pane, split_pane
from ecrtui.tui.inspector.artifacts_pane import ArtifactsPane
from ecrtui.tui.inspector.package_table import PackageTable
from ecrtui.tui.saving import FileField
from tests.support.demo_images import CHART, CHECKOUT, checkout_registry
from tests.support.embedded import (
    PushedImage,
    client_for,
    create_repository,
    new_embedded,
    push_image,
    push_index,
    put,
    upload_blob,
)
from tests.support.screen import (
    cursor_row,
    open_pane,
    row_of,
    running,
    screen_text,
    type_text,
    until,
    until_gone,
    until_idle,
)
from tests.tui.test_snapshots import compare

pytestmark = pytest.mark.usefixtures("no_sdk_retries")

SIZES = ((120, 35), (80, 24))
PANE = slice(3, -1)
"""The lines of the screen between the tabs and the keys."""


async def choose(pilot: Pilot[None], platform: str) -> None:
    """Select a platform of the index. Without a choice, it is the one with the worst findings that are known."""
    await until_idle(pilot, "load")
    if f"› {platform}" not in await until(pilot, "› linux/"):
        await pilot.press("greater_than_sign")
    await until(pilot, f"› {platform}")


async def test_the_panes_of_a_release_match_their_snapshots() -> None:
    """One walk: the platform differs from the other one, and the key of a pane shows what is of this platform."""
    async with running(checkout_registry(), f"{CHECKOUT}:prod", size=SIZES[0], prefetch=False) as pilot:
        await until(pilot, "prod   release-2026.11   staging")
        await pilot.press("3")
        for platform in ("linux/amd64", "linux/arm64"):  # both are at hand then, when their layers are compared
            await choose(pilot, platform)
            await until(pilot, f"config of  {platform}")
        await compare(pilot, "pane-config", SIZES, PANE)
        await pilot.press("4")
        await until(pilot, "in 6 layers")
        await pilot.press("j", "j")
        await until(pilot, "layer 3 of 6")
        await compare(pilot, "pane-layers", SIZES, PANE)
        await choose(pilot, "linux/amd64")
        await until(pilot, "in 5 layers")

        await pilot.press("6")
        await until(pilot, "SOCI index")
        await pilot.press("enter")
        await until(pilot, "notation-go")
        await compare(pilot, "pane-artifacts", SIZES, PANE)
        await pilot.press("slash")
        await type_text(pilot, "Example Signing CA")
        await pilot.press("enter", "p")
        await until(pilot, '{"payload":')
        await pilot.press("o", "j", "j", "enter")
        await until(pilot, "46 packages")
        await compare(pilot, "pane-artifacts-sbom", SIZES, PANE)

        await pilot.press("8")
        await until(pilot, "of linux/amd64, in the index")
        await compare(pilot, "pane-packages", SIZES, PANE)
        await pilot.press("slash")
        await type_text(pilot, "type:maven spring")
        await until_gone(pilot, "zlib")
        await until(pilot, lambda screen: "spring-boot" in screen and "spring-web" in screen)
        await pilot.press("enter", "s")
        await until(pilot, "version ▲")
        await pilot.press("S")
        await until(pilot, "version ▼")
        await pilot.press("slash")
        await type_text(pilot, "ty")
        await until(pilot, "/ type:")
        await type_text(pilot, "-no")
        await until(pilot, "none of 46 packages match")


async def test_all_that_a_narrow_table_cuts_is_below_it() -> None:
    async with running(checkout_registry(), f"{CHECKOUT}:prod", size=SIZES[1], prefetch=False) as pilot:
        await until(pilot, "prod   release-2026.11   staging")
        await pilot.press("8")
        await until(pilot, "packages:")
        await pilot.press("slash")
        await type_text(pilot, "adduser")
        await pilot.press("enter")
        screen = await until(pilot, "─ adduser 3.134 ─")
        assert "GPL-2.0-…" in cursor_row(screen)
        below = screen.partition("─ adduser 3.134 ─")[2]
        assert "license  GPL-2.0-only" in below
        assert re.search(r"purl     pkg:deb/debian/adduser@3\.134\?arch=\w+&distro=debian-12", below)
        await pilot.press("enter", "o")  # to the text and back
        assert cursor_row(screen_text(pilot.app)) == cursor_row(screen)

        await pilot.press("6")
        screen = await until(pilot, "─ signature ")
        row = cursor_row(screen)
        assert "kind     signature · Notation · not verified" in screen
        assert "type     application/vnd.cncf.notary.signature" in screen
        await pilot.press("k")
        assert "prod  release-2026.11  staging" in await until(pilot, "─ index ")
        await pilot.press("j", "enter")
        await until(pilot, "envelope     JWS")
        assert cursor_row(screen_text(pilot.app)) == row
        await pilot.press("j")
        await until(pilot, "the tag sha256-")
        assert "envelope" not in screen_text(pilot.app)


@contextmanager
def calls_of_the_event_loop(*modules: ModuleType) -> Iterator[Counter[str]]:
    """Count the calls of functions of these modules in the thread of the event loop."""
    files = {module.__file__ for module in modules}
    called: Counter[str] = Counter()

    def record(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename in files:
            called[frame.f_code.co_name] += 1

    sys.setprofile(record)  # in this thread alone
    try:
        yield called
    finally:
        sys.setprofile(None)


async def test_long_work_on_many_rows_runs_in_a_thread() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    names = [f"linux/p{number}" for number in range(30)]
    parts = {name: push_image(client, "team/app", name, platform=name) for name in names}
    index = push_index(client, "team/app", parts, "multi")
    packages = [{"name": f"package-{number}", "versionInfo": "1"} for number in range(30)]
    sbom = json.dumps({"spdxVersion": "SPDX-2.3", "packages": packages}).encode()
    attach(client, "team/app", index, sbom, "application/spdx+json")
    client.start_image_scan(repositoryName="team/app", imageId={"imageDigest": parts["linux/p1"].digest})
    async with running(embedded, "team/app:multi", size=SIZES[0], prefetch=False) as pilot:
        await open_pane(pilot, "artifacts")
        await until(pilot, "linux/p9")
        await pilot.press("slash")
        with calls_of_the_event_loop(split_pane) as called:
            await type_text(pilot, "linux/p29")
            await pilot.press("enter", "n")
            screen = await until(pilot, lambda screen: "linux/p29" in cursor_row(screen))
        assert "_step_row" in called
        assert called["_has"] < len(names), "the other rows are searched in a thread"
        assert "not found" not in screen
        await pilot.press("escape")
        await open_pane(pilot, "packages")
        await until(pilot, "package-20")
        with calls_of_the_event_loop(packages_pane, csv_cells) as called:
            await pilot.press("c")
            await until(pilot, "packages shown, as CSV")
        assert "texts" in called
        assert not {"as_csv", "csv_lines"} & called.keys()
        await pilot.press("escape")
        with calls_of_the_event_loop(findings_pane, findings, findings_columns) as called:
            await open_pane(pilot, "findings")
            await until(pilot, "CVE-")
        assert "present" in called
        assert not {"join_findings", "finding_columns"} & called.keys()


async def test_the_tree_of_artifacts_is_laid_out_in_a_thread() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_index(client, "team/app", tag="multi")
    async with running(embedded, "team/app:multi", size=SIZES[0], prefetch=False) as pilot:
        await until(pilot, "1 over")
        with calls_of_the_event_loop(artifact_rows) as called:
            await pilot.press("6")
            await until(pilot, "no artifacts")
    assert "_name" in called, "the cells of the rows on the screen are made here"
    assert "_subject_row" not in called


def has_other_cursor_row(row: str, screen: str) -> bool:
    return cursor_row(screen) != row


async def move_to(pilot: Pilot[None], words: str, key: str) -> None:
    """Move the cursor of the table up (``k``) or down (``j``), to the row with these words."""
    for _ in range(10):
        row = cursor_row(screen_text(pilot.app))
        if words in row:
            return
        await pilot.press(key if words in screen_text(pilot.app) else "j")
        await until(pilot, partial(has_other_cursor_row, row))
    raise AssertionError(f"no row with {words}")


def bytes_of(file: Path) -> bytes:
    return file.read_bytes()


async def save(pilot: Pilot[None], endings: str, file: Path) -> bytes:
    """Save the content under a name, and return what the file has."""
    await pilot.press("x")
    await until(pilot, f"file name, ending in {endings}")
    await type_text(pilot, str(file))
    await pilot.press("enter")
    await until(pilot, "Saved")
    pilot.app.clear_notifications()
    await until_gone(pilot, "Saved")
    return bytes_of(file)


async def test_all_layers_are_saved(tmp_path: Path) -> None:
    async with running(checkout_registry(), f"{CHECKOUT}:prod", size=SIZES[0], prefetch=False) as pilot:
        await until(pilot, "prod   release-2026.11   staging")
        await pilot.press("4")
        await choose(pilot, "linux/amd64")
        await until(pilot, "in 5 layers")
        lines = (await save(pilot, ".txt", tmp_path / "layers.txt")).decode().splitlines()
        assert len(lines) == 7
        assert re.fullmatch(r" +5 +3\.0 MB  sha256:[0-9a-f]{64}  COPY /out /srv # buildkit", lines[5])
        assert lines[6].endswith('ENTRYPOINT ["java", "-jar", "/srv/checkout.jar"]')


async def test_a_search_stays_on_a_match_when_another_platform_is_shown() -> None:
    async with running(checkout_registry(), f"{CHECKOUT}:prod", size=SIZES[0], prefetch=False) as pilot:
        await until(pilot, "prod   release-2026.11   staging")
        await pilot.press("4")
        await until(pilot, "layer 1 of")
        await until_idle(pilot, "load")  # the scans select a platform
        await pilot.press("slash")
        await type_text(pilot, "COPY /out")
        await pilot.press("enter")
        for platform in ("amd64", "arm64", "amd64", "arm64"):  # one of them has a step more
            await until(pilot, lambda text: "COPY /out" in text.partition(" layer ")[2])
            await pilot.press(*(["greater_than_sign"] if f"linux/{platform} · " not in screen_text(pilot.app) else []))
            await until(pilot, f"linux/{platform} · ")
        await until(pilot, lambda text: "COPY /out" in text.partition(" layer ")[2])


async def test_a_search_that_begins_before_the_rows_are_read_finds_them() -> None:
    embedded, asked, go_on = checkout_registry(), threading.Event(), threading.Event()
    async with running(embedded, f"{CHECKOUT}:prod", size=SIZES[0], prefetch=False) as pilot:
        await until(pilot, "prod   release-2026.11   staging")
        await until_idle(pilot)
        embedded.faults.before("BatchGetImage", lambda: go_on.wait(60))
        embedded.faults.before("BatchGetImage", asked.set)
        await pilot.press("4")
        await until(pilot, lambda _: asked.is_set())
        await pilot.press("slash")
        await type_text(pilot, "COPY /out")
        await until(pilot, lambda _: bool(pilot.app.screen.query("FilterBar Static")))  # the search has found nothing
        go_on.set()
        await until(pilot, lambda text: "COPY /out" in text.partition(" layer ")[2])
        await until_gone(pilot, "not found")


async def test_a_search_finds_the_rows_of_a_table_and_esc_ends_it_before_it_leaves() -> None:
    async with running(checkout_registry(), f"{CHECKOUT}:prod", size=SIZES[0], prefetch=False) as pilot:
        await until(pilot, "prod   release-2026.11   staging")
        await pilot.press("4")
        await until(pilot, "layer 1 of")
        await pilot.press("slash")
        await type_text(pilot, "COPY /out")
        await pilot.press("enter")
        screen = await until(pilot, lambda text: "COPY /out" in text.partition(" layer ")[2])
        assert "not found" not in screen
        await pilot.press("escape")
        await until_gone(pilot, "/ COPY /out")
        await until(pilot, "‹4 layers")
        await pilot.press("6")
        await until(pilot, "SOCI index")
        await pilot.press("slash")
        await type_text(pilot, "SOCI")
        await until(pilot, lambda text: "SOCI index" in cursor_row(text))
        await pilot.press("enter", "escape")
        await until_gone(pilot, "/ SOCI")
        await pilot.press("escape")
        await until_gone(pilot, "‹6 artifacts")


@pytest.mark.parametrize("from_table", [True, False], ids=["in the table", "in the text"])
async def test_n_goes_to_the_next_row_with_a_match(from_table: bool) -> None:
    async with running(checkout_registry(), f"{CHECKOUT}:prod", size=SIZES[0], prefetch=False) as pilot:
        await until(pilot, "prod   release-2026.11   staging")
        await pilot.press("4")
        await until(pilot, "layer 1 of")
        await until_idle(pilot, "load")  # the scans select a platform
        await pilot.press("slash")
        await type_text(pilot, "RUN")
        await pilot.press("enter")
        if from_table:
            await pilot.press("o")
        rows = [cursor_row(await until(pilot, lambda text: "RUN" in cursor_row(text)))]
        for key in ("n",) * 12:
            if rows.count(rows[0]) > 1:
                break
            await pilot.press(key)
            found = cursor_row(screen_text(pilot.app))
            if found != rows[-1]:
                rows.append(found)
        assert len(rows) > 2
        assert rows[-1] == rows[0]  # after the last row it starts over
        assert all("RUN" in row for row in rows)
        await pilot.press("o") if not from_table else None
        await pilot.press("N")
        await until(pilot, lambda text: cursor_row(text) == rows[-2])


async def test_a_chart_and_contents_of_every_size_are_read_on_request(tmp_path: Path) -> None:
    embedded = checkout_registry()
    client = client_for(embedded)
    chart = client.describe_images(repositoryName=CHART, imageIds=[{"imageTag": "1.1.0"}])["imageDetails"][0]
    contents = [b"first", b"second\x1b[2J", b"large " * 300_000]
    subject = {"mediaType": chart["imageManifestMediaType"], "digest": chart["imageDigest"], "size": 5}

    def attach(kind: str, *layers: bytes) -> None:
        config = {"mediaType": "application/vnd.oci.empty.v1+json", **upload_blob(client, CHART, b"{}")}
        named = {"annotations": {"org.opencontainers.image.title": "docs/notes.md"}} if len(layers) > 1 else {}
        described = [{"mediaType": "text/plain", **upload_blob(client, CHART, layer), **named} for layer in layers]
        document = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "artifactType": kind, "config": config, "layers": described, "subject": subject}  # fmt: skip
        put(client, CHART, json.dumps(document))

    attach("a/two", *contents[:2])
    attach("a/large", contents[2])
    attach("a/huge", huge := b"huge " * 1_000_000)
    attach("a/json", long := b"[" + b"1, " * 1_500_000 + b"1]")
    read: list[int] = []
    embedded.faults.before("GetDownloadUrlForLayer", lambda: read.append(1), times=None)
    async with running(embedded, f"{CHART}:1.1.0", size=(110, 40), prefetch=False) as pilot:
        await until(pilot, "1.1.0")
        await pilot.press("5")
        screen = await until(pilot, "not scanned. ECR scans images with an operating system. It does not scan charts")
        assert "ask again" not in screen
        await pilot.press("6")
        await until(pilot, "a/large")
        assert not read

        reading, read_on = threading.Event(), threading.Event()
        embedded.faults.before("BatchGetImage", lambda: read_on.wait(60))
        embedded.faults.before("BatchGetImage", reading.set)
        await move_to(pilot, "a/two", "j")
        await pilot.press("enter")
        await until(pilot, lambda _: reading.is_set())
        attach("a/late", b"late")
        await pilot.press("ctrl+r")
        await until(pilot, "a/late")
        read_on.set()
        await pilot.press("g", "j")
        assert "a/late" in screen_text(pilot.app), "the earlier read does not put the earlier tree back"

        await pilot.press("enter")
        await until(pilot, "replicaCount: 2")
        await until(pilot, "file checkout/Chart.yaml")
        saved = await save(pilot, ".txt or .tgz", tmp_path / "chart.tgz")
        (manifest,) = client.batch_get_image(repositoryName=CHART, imageIds=[{"imageTag": "1.1.0"}])["images"]
        assert digest_of(saved) == json.loads(manifest["imageManifest"])["layers"][0]["digest"]
        await pilot.press("p")
        assert await save(pilot, ".tgz", tmp_path / "exact.tgz") == saved

        await move_to(pilot, "a/two", "j")
        await pilot.press("enter")
        await until(pilot, "This artifact has 2 contents. Select one.")
        await pilot.press("j", "j", "enter")
        await until(pilot, "second␛[2J")
        assert await save(pilot, ".md", tmp_path / "second.md") == contents[1]
        assert pilot.app.screen.query_one(ArtifactsPane).saved_text == "second␛[2J", "copied without indentation"

        before = len(read)
        await move_to(pilot, "a/large", "j")
        await pilot.press("enter")
        await until(pilot, "This content has 1.8 MB. enter again reads it.")
        assert len(read) == before
        await pilot.press("enter")
        await until(pilot, "large large large")

        await move_to(pilot, "a/huge", "k")
        await pilot.press("enter")
        screen = await until(pilot, "These are the first 1.0 MB of 5.0 MB.")
        assert "5.0 MB · only the first part, its digest was not checked" in screen
        assert await save(pilot, ".txt", tmp_path / "huge.txt") == huge

        await move_to(pilot, "a/json", "j")
        await pilot.press("enter")
        await until(pilot, "These are the first 1.0 MB of 4.5 MB.")
        assert await save(pilot, ".json", tmp_path / "long.json") == long


async def test_what_is_denied_names_the_permission_and_leaves_the_rest() -> None:
    embedded = checkout_registry()
    denied = embedded.faults.add("GetDownloadUrlForLayer:error:code=AccessDeniedException:message=no blobs for you")
    unlisted = embedded.faults.add("ListImageReferrers:error:code=AccessDeniedException:message=no list for you")
    async with running(embedded, f"{CHECKOUT}:prod", size=(140, 40), prefetch=False) as pilot:
        await until(pilot, "prod   release-2026.11   staging")
        await pilot.press("3")
        screen = await until(pilot, "no blobs for you")
        assert "ecr:GetDownloadUrlForLayer" in screen
        await pilot.press("4")
        await until(pilot, "The steps are not known.")
        screen = await until(pilot, "tar+gzip")
        assert " layers · " in screen
        assert "IAM permission ecr:GetDownloadUrlForLayer" in " ".join(screen.split())
        await pilot.press("6")
        screen = await until(pilot, "referrers: not known.")
        assert "IAM permission ecr:BatchGetImage" in " ".join(screen.split())
        assert "no list for you" in screen
        await pilot.press("enter")
        await until(pilot, "no blobs for you")
        denied.times = denied.hits
        await pilot.press("enter")
        await until(pilot, "Rekor entry")
        unlisted.times = unlisted.hits
        await pilot.press("ctrl+r")
        await until_gone(pilot, "referrers: not known.")
        await until(pilot, "SOCI index")
        await pilot.press("1")
        await until(pilot, "SPDX (3), CycloneDX · present, not verified")


async def test_the_overview_keeps_the_artifacts_that_a_pane_has_read_while_they_are_read_again() -> None:
    embedded = checkout_registry()
    async with running(embedded, f"{CHECKOUT}:prod", size=(140, 40), prefetch=False) as pilot:
        await until(pilot, "2 attestations in the index · 6 reads them")
        await pilot.press("6")
        await until(pilot, "SOCI index")
        await pilot.press("1")
        await until(pilot, "SPDX (3), CycloneDX · present, not verified")
        asked = embedded.calls["ListImageReferrers"]
        await pilot.press("ctrl+r")
        screens: list[str] = []

        def is_read(screen: str) -> bool:
            screens.append(screen)
            return embedded.calls["ListImageReferrers"] >= asked + 2  # the index, and a platform

        await until(pilot, is_read)
        screens.append(await until_idle(pilot, "artifacts"))
        assert all("SPDX (3), CycloneDX · present, not verified" in screen for screen in screens)


def attach(client: Any, repository: str, subject: PushedImage, content: bytes, media_type: str) -> PushedImage:
    """Attach an artifact with one content to an image."""
    document = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": media_type,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", **upload_blob(client, repository, b"{}")},
        "layers": [{"mediaType": media_type, **upload_blob(client, repository, content)}],
        "subject": {"mediaType": subject.media_type, "digest": subject.digest, "size": len(subject.manifest)},
    }
    return put(client, repository, json.dumps(document))


async def test_the_overview_shows_what_an_attestation_states_once_it_was_read() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    image = push_image(client, "team/app", "one", "v1")
    build = {"buildDefinition": {"buildType": "make"}, "runDetails": {"builder": {"id": "ci"}}}
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": build,
    }
    attach(client, "team/app", image, json.dumps(statement).encode(), "application/vnd.in-toto+json")
    attach(client, "team/app", image, json.dumps({"version": "2.1.0", "runs": []}).encode(), "application/json")
    async with running(embedded, "team/app:v1", size=(120, 35), prefetch=False) as pilot:
        await until(pilot, lambda screen: "not known until read: 1 attestation" in row_of(screen, "provenance"))
        await pilot.press("6")
        await until(pilot, "attestation")
        await pilot.press("enter")
        await until(pilot, "build type")
        await pilot.press("j", "enter")
        await until(pilot, "· SARIF ·")
        await pilot.press("1")
        await until(pilot, lambda screen: "SLSA v1 · present, not verified" in row_of(screen, "provenance"))
        await until(pilot, "artifact      SARIF · present, not verified")
        await pilot.press("ctrl+r")
        screen = await until_idle(pilot)
        assert "until read" not in screen
        assert "artifact      SARIF · present, not verified" in screen


async def test_without_an_sbom_only_packages_with_findings_are_known() -> None:
    async with running(checkout_registry(), f"{CHECKOUT}:hotfix-2026.10.1", size=(110, 30), prefetch=False) as pilot:
        await until(pilot, "hotfix-2026.10.1")
        await pilot.press("8")
        await until(pilot, "This image has no SBOM. Only packages with findings are known.")
        await pilot.press("6")
        await until(pilot, "This image has no signature, SBOM or other artifact.")


def push_large_sbom(client: Any) -> bytes:
    """Attach an SBOM of 5.5 MB with 2,500 packages to the chart, and return it."""
    chart = client.describe_images(repositoryName=CHART, imageIds=[{"imageTag": "1.1.0"}])["imageDetails"][0]
    packages = [{"name": f"package-{number}", "versionInfo": f"1.{number}"} for number in range(2_500)]
    files = [{"fileName": f"/app/{number}.class", "checksum": "a" * 40} for number in range(60_000)]
    sbom = json.dumps({"spdxVersion": "SPDX-2.3", "name": "checkout", "files": files, "packages": packages}).encode()
    config = {"mediaType": "application/vnd.oci.empty.v1+json", **upload_blob(client, CHART, b"{}")}
    layer = {"mediaType": "application/spdx+json", **upload_blob(client, CHART, sbom)}
    subject = {"mediaType": chart["imageManifestMediaType"], "digest": chart["imageDigest"], "size": 5}
    document = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "artifactType": "application/spdx+json", "config": config, "layers": [layer],
                "subject": subject}  # fmt: skip
    put(client, CHART, json.dumps(document))
    return sbom


async def test_a_large_sbom_is_read_after_its_size_was_shown(tmp_path: Path) -> None:
    embedded = checkout_registry()
    sbom = push_large_sbom(client_for(embedded))
    reading, read_on = threading.Event(), threading.Event()
    async with running(embedded, f"{CHART}:1.1.0", size=(110, 40), prefetch=False) as pilot:
        await until(pilot, "1.1.0")
        embedded.faults.before("GetDownloadUrlForLayer", lambda: read_on.wait(60))
        embedded.faults.before("GetDownloadUrlForLayer", reading.set)
        await pilot.press("8")
        await until(pilot, "reading an SBOM of 5.5 MB…")
        await until(pilot, lambda _: reading.is_set())
        await pilot.press("6")
        await until(pilot, "sbom")
        read_on.set()
        await pilot.press("8")
        await until(pilot, "2,500 packages")
        await pilot.press("6")
        await move_to(pilot, "sbom", "j")
        await pilot.press("enter")
        await until(pilot, "This content has 5.5 MB. enter again reads it.")
        await pilot.press("enter")
        await until(pilot, "2,500 packages")
        assert "5.5 MB · matches its digest" in screen_text(pilot.app)
        await pilot.press("p")
        await until(pilot, '{"spdxVersion":')
        assert await save(pilot, ".json", tmp_path / "sbom.json") == sbom


async def test_packages_that_are_opened_again_are_filtered_only_by_what_the_field_has() -> None:
    async with running(checkout_registry(), f"{CHECKOUT}:prod", size=SIZES[0], prefetch=False) as pilot:
        await open_pane(pilot, "artifacts")
        await until(pilot, "SOCI index")
        await move_to(pilot, "sbom", "j")
        await pilot.press("enter")
        await until(pilot, "adduser")
        await pilot.press("slash")
        await type_text(pilot, "spring")
        await until_gone(pilot, "adduser")
        await pilot.press("enter", "p")
        await until(pilot, '"SPDXID":')
        await pilot.press("p")
        await until(pilot, "▸ spring-boot")
        assert "adduser" not in screen_text(pilot.app)
        await pilot.press("j")
        await until_gone(pilot, "46 packages")
        await pilot.press("escape", "k", "enter")
        await until(pilot, "adduser")


async def test_only_packages_that_match_are_saved_though_they_are_still_filtered() -> None:
    packages = PackageList(packages=tuple(Package(f"package-{number}") for number in range(50_000)))
    embedded = checkout_registry()
    push_large_sbom(client_for(embedded))  # to an image without platforms, so that no scan selects another one
    async with running(embedded, f"{CHART}:1.1.0", size=SIZES[0], prefetch=False) as pilot:
        await open_pane(pilot, "packages")
        await until(pilot, "2,500 packages")
        await until_idle(pilot)
        table = pilot.app.screen.query_one(PackageTable)
        table.show(packages)
        await until(pilot, lambda _: len(table.table.rows) == 50_000)
        await pilot.press("slash")
        for key in (*"package-12345", "enter", "x"):
            pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, "file name, ending in")
        contents = pilot.app.screen.query_one(FileField)._contents
    assert str(contents[".csv"]()).split() == ["name,version,type,license,purl", "package-12345,,,,"]


async def test_the_user_can_leave_an_image_while_its_sbom_is_looked_for() -> None:
    embedded = checkout_registry()
    push_large_sbom(client_for(embedded))
    asked, go_on, found = (threading.Event() for _ in range(3))
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    async with running(embedded, f"{CHART}:1.1.0", size=(110, 40), prefetch=False) as pilot:
        await until(pilot, "1.1.0")
        await open_pane(pilot, "artifacts")
        await until(pilot, "sbom")
        embedded.faults.before("GetDownloadUrlForLayer", found.set)
        embedded.faults.before("BatchGetImage", lambda: go_on.wait(60))
        embedded.faults.before("BatchGetImage", asked.set)
        await pilot.press("8")
        await until(pilot, lambda _: asked.is_set())
        await pilot.press("escape")
        await until(pilot, "1 image ·")
        go_on.set()
        await until(pilot, lambda _: found.is_set())
        await pilot.pause()
        assert failures == []


async def test_an_index_without_platforms_and_one_in_an_index_say_what_to_open() -> None:
    embedded = checkout_registry()
    client = client_for(embedded)
    (inner,) = client.describe_images(repositoryName=CHECKOUT, imageIds=[{"imageTag": "prod"}])["imageDetails"]
    (chart,) = client.describe_images(repositoryName=CHART, imageIds=[{"imageTag": "1.1.0"}])["imageDetails"]

    def push(repository: str, tag: str, part: Any, **more: str) -> None:
        entry = {"mediaType": part["imageManifestMediaType"], "digest": part["imageDigest"], "size": 9, **more}
        media_type = "application/vnd.oci.image.index.v1+json"
        put(client, repository, json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": [entry]}), tag)

    push(CHECKOUT, "nested", inner)
    push(CHART, "charts", chart, artifactType="application/vnd.cncf.helm.config.v1+json")
    for image, said in (
        (f"{CHECKOUT}:nested", "is an index in the index."),
        (f"{CHART}:charts", "Open one of its entries in the manifest pane."),
    ):
        async with running(embedded, image, size=(110, 30), prefetch=False) as pilot:
            await until(pilot, "nested" if "nested" in image else "charts")
            await pilot.press("3")
            await until(pilot, said)
            await pilot.press("4")
            await until(pilot, lambda screen, said=said: "‹4 layers›" in screen and said in screen)  # type: ignore[misc]
            if "charts" in image:
                await pilot.press("6")
                assert "index" in await until(pilot, "Helm chart")


async def test_a_chart_that_is_read_keeps_its_digest_in_the_heading_and_has_no_count() -> None:
    embedded = checkout_registry()
    async with running(embedded, f"{CHART}:1.1.0", size=(110, 30), prefetch=False) as pilot:
        await until(pilot, "1.1.0")
        await pilot.press("6")
        screen = await until(pilot, "enter reads it")
        assert "‹6 artifacts›" in screen
        (heading,) = re.findall(r"─ (helm chart [0-9a-f]{12}) ─", screen)
        await pilot.press("enter")
        await until(pilot, f"─ {heading} · Helm chart · ")
