"""The totals of repositories in their list."""

from __future__ import annotations

import json
from typing import Any

import pytest
from textual.pilot import Pilot

from ecrtui.catalog.totals.image_totals import ImageCounts
from ecrtui.catalog.totals.repository_totals import RepositoryTotals
from ecrtui.connections import SessionFactory
from ecrtui.ecr.findings import ImageScan
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.settings import Connection, load
from ecrtui.tui.connections.combined_source import CombinedSource
from ecrtui.tui.lists.repository_columns import findings_cell
from ecrtui.tui.screens.side_by_side import SideBySideScreen
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index
from tests.support.screen import app_of, row_of, running, type_text, until

TOTALS = RepositoryTotals(ImageCounts(3, 1, 0, complete=False), 1, None, None, None, 3, 0.0)


@pytest.mark.parametrize(
    ("scan", "unknown", "cell"),
    [
        (None, 3, "?"),
        (ImageScan("COMPLETE", (("CRITICAL", 1), ("HIGH", 2), ("LOW", 1))), 0, "1C 2H"),
        (ImageScan("COMPLETE", (("CRITICAL", 1),)), 2, "1C+"),
        (ImageScan("COMPLETE", ()), 0, "✓"),
        (ImageScan("COMPLETE", ()), 1, "?"),
        (ImageScan("NOT_SCANNED"), 0, "·"),
        (ImageScan("NOT_SCANNED"), 2, "?"),
        (ImageScan("FAILED"), 1, "failed"),
    ],
)
def test_findings_of_a_repository_are_marked_while_scans_are_not_known(
    scan: ImageScan | None, unknown: int, cell: str
) -> None:
    totals = TOTALS._replace(scan=scan, unknown_scans=unknown)
    assert str(findings_cell(totals)) == cell


async def rows_kept(pilot: Pilot[Any]) -> None:
    """Wait until a list that is shown is kept: that comes after its last row."""
    workers = pilot.app.workers
    await workers.wait_for_complete([worker for worker in workers if worker.group in ("load", "counts")])


async def test_totals_are_counted_when_asked_for_kept_and_shown() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    for name, images in (("team/app", 3), ("team/empty", 0), ("team/web", 1)):
        create_repository(client, name)
        for number in range(images):
            push_image(client, name, str(number), f"v{number}")
    platforms = {name: push_image(client, "team/web", name, platform=name) for name in ("linux/amd64", "linux/arm64")}
    push_index(client, "team/web", platforms, "multi")
    async with running(embedded, size=(120, 24), prefetch=False) as pilot:
        screen = await until(pilot, "3 repositories")
        assert row_of(screen, "team/app").split()[1:8] == ["team/app", *"??????"]
        assert embedded.calls["DescribeImages"] == 0

        await pilot.press("G", "enter")  # opening a repository counts it
        await until(pilot, "4 images · 2 tagged · 2 orphans or parts")
        await rows_kept(pilot)
        await pilot.press("escape")
        screen = await until(pilot, "1 counted · ≤4 images")  # the sums are of one repository
        assert row_of(screen, "team/web").split()[2:4] == ["≤4", "2"], screen
        await pilot.press("enter")
        await until(pilot, "2 orphans or parts")
        await pilot.app.screen.run_action("read_indexes")
        await until(pilot, "2 images · 2 tagged · 2 parts")
        await rows_kept(pilot)
        await pilot.press("escape")
        screen = await until(pilot, "1 counted · 2 images")
        assert row_of(screen, "team/web").split()[2:4] == ["2", "2"], screen

        embedded.faults.add("DescribeImages:error:code=AccessDeniedException:message=no:times=1")
        await pilot.press("z")
        screen = await until(
            pilot, lambda text: "not permitted: ecr:DescribeImages" in text and " of 3 counted" not in text
        )
        assert sum("?" in row_of(screen, name) for name in ("team/app", "team/empty")) <= 1
        await pilot.press("z")  # the others are new: only the refused one is counted
        screen = await until(pilot, "counted now")
        assert "5 images" in screen
        assert "never" in row_of(screen, "team/empty")
        await pilot.press("s")
        await until(pilot, "images ▼")
        screen = await until(pilot, lambda text: text.index("team/app") < text.index("team/web"))

        await pilot.press("d")
        await until(pilot, "imageCount")


async def test_totals_say_how_many_lifecycle_rules_there_are_and_a_filter_finds_them() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    for name in ("team/app", "team/web"):
        create_repository(client, name)
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 9}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    client.put_lifecycle_policy(repositoryName="team/app", lifecyclePolicyText=json.dumps({"rules": [rule]}))
    async with running(embedded, size=(120, 24)) as pilot:
        await until(pilot, "2 repositories")
        await pilot.press("slash")
        await type_text(pilot, "lifecycle:none")
        screen = await until(pilot, "unknown for 2")
        note = "No match so far: too little is known of 2 repositories. Press z to count the images and read the"
        assert note in " ".join(screen.split())
        await pilot.press("enter", "z")
        screen = await until(pilot, "1 match")
        assert "none  mutable" in row_of(screen, "team/web")
        await pilot.press("escape")
        screen = await until(pilot, "team/app")
        assert "1 rule  mutable" in row_of(screen, "team/app")

        embedded.faults.add("GetLifecyclePolicy:error:code=AccessDeniedException:message=no")
        await pilot.press("z")  # all are new, so all are counted again
        screen = await until(pilot, lambda text: "1 rule" not in text and "none" not in text)
        assert row_of(screen, "team/app").split()[2:] == ["0", "0", "0", "B", "never", "never", "–", "?", "mutable"]


async def test_who_comes_back_does_not_cause_another_count_of_new_totals() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    for name in ("team/app", "team/web"):
        create_repository(client, name)
    async with running(embedded, size=(120, 24), totals=True) as pilot:
        await until(pilot, "counted now")
        calls = embedded.calls["DescribeImages"]
        await pilot.press("z")  # all are new, so all are counted again
        await until(pilot, lambda _: embedded.calls["DescribeImages"] == calls + 2)
        await pilot.app.workers.wait_for_complete()
        await pilot.press("enter")
        await until(pilot, "This repository has no images")
        await pilot.press("escape")
        await until(pilot, "counted now")
        await pilot.app.workers.wait_for_complete()
        assert embedded.calls["DescribeImages"] == calls + 3


async def test_totals_of_several_registries_are_counted_side_by_side() -> None:
    def source(registry_id: str, images: int) -> SessionFactory:
        embedded = EmbeddedRegistry(open_database(None), registry_id=registry_id, region="eu-west-1")
        client = client_for(embedded)
        create_repository(client, "team/app")
        for number in range(images):
            push_image(client, "team/app", str(number), f"v{number}")
        return SessionFactory(Connection(), load({}), embedded=embedded)

    first, second = source("111111111111", 2), source("222222222222", 3)
    async with running(new_embedded(), size=(120, 24)) as pilot:
        await until(pilot, "has no repositories")
        app_of(pilot).push_app_screen(SideBySideScreen(CombinedSource([first, second])))
        await until(pilot, "2 repositories")
        await pilot.press("z")
        screen = await until(pilot, "5 images")
        words = " ".join(screen.split())
        assert "111111111111 eu-west-1 team/app 2 " in words
        assert "222222222222 eu-west-1 team/app 3 " in words


async def test_the_demo_is_counted_without_a_key() -> None:
    async with running(None, connection=Connection(demo=True)) as pilot:
        await until(pilot, "447 GB")
