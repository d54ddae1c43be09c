"""Findings in the list of images, on a registry whose listing tells nothing of scans, as on AWS today."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import pytest
from textual.strip import Strip

from ecrtui.ecr.findings import ImageScan
from ecrtui.tui.screens.images import ImagesScreen
from tests.support.edited_replies import edited
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import (
    cursor_row,
    fill_in,
    row_of,
    running,
    screen_text,
    type_text,
    until,
    until_gone,
    until_idle,
    until_planned,
)

pytestmark = pytest.mark.usefixtures("no_sdk_retries")

OPERATION = "DescribeImageScanFindings"
WIDE = (140, 30)


class ScannedListEnv:
    """The repository ``app``; ``v0`` is the newest image, and ``s0`` and so on were scanned."""

    def __init__(self, images: int = 2, scanned: int = 3) -> None:
        self.embedded = new_embedded()
        self.client = client_for(self.embedded)
        create_repository(self.client, "app")
        names = [f"v{number}" for number in range(images)]
        self.scanned = [f"s{number}" for number in range(scanned)]
        self.digests = {name: push_image(self.client, "app", name, name).digest for name in [*names, *self.scanned]}
        for number, name in enumerate(self.scanned):
            self.client.start_image_scan(repositoryName="app", imageId={"imageTag": name})
            self.set_scan(name, severity_counts=f'{{"CRITICAL": {number}, "LOW": 7}}' if number else "{}")
        with self.embedded.database.write() as connection:
            for number, digest in enumerate(self.digests.values()):
                connection.execute("UPDATE images SET pushed_at = ? WHERE digest = ?", (9_000 - number, digest))

    def set_scan(self, name: str, **columns: object) -> None:
        assignments = ", ".join(f"{column} = ?" for column in columns)
        with self.embedded.database.write() as connection:
            connection.execute(
                f"UPDATE scans SET {assignments} WHERE image_id = (SELECT id FROM images WHERE digest = ?)",  # noqa: S608
                (*columns.values(), self.digests[name]),
            )

    @property
    def requests(self) -> int:
        calls: int = self.embedded.calls[OPERATION]
        return calls


@pytest.fixture
def env() -> ScannedListEnv:
    return ScannedListEnv()


def list_of(text: str) -> str:
    """Return the list without the facts beside it."""
    return "\n".join(line.partition("│")[0] for line in text.splitlines())


def are_known(text: str, names: Iterable[str]) -> bool:
    """Return True if the list shows the findings of these images. Several are read at the same time, in any order."""
    rows = [row_of(list_of(text), f" {name} ") for name in names]
    return all(row and "?" not in row for row in rows)


def wait_for_readers() -> None:
    """Wait until no thread reads scans."""
    for thread in threading.enumerate():
        if thread.name == "scans":
            thread.join(120)


async def test_the_rows_in_view_show_their_findings_and_each_state_is_different(env: ScannedListEnv) -> None:
    for name, status in (("slow", "IN_PROGRESS"), ("broken", "FAILED"), ("odd", "UNSUPPORTED_IMAGE")):
        env.digests[name] = push_image(env.client, "app", name, name).digest
        env.client.start_image_scan(repositoryName="app", imageId={"imageTag": name})
        env.set_scan(name, status=status)
    async with running(env.embedded, "app", size=WIDE) as pilot:
        screen = list_of(await until(pilot, lambda text: are_known(text, env.digests)))
        assert "2C 7L" in row_of(screen, " s2 ")
        assert "unsupported" in row_of(screen, " odd ")
        assert "·" in row_of(screen, " v0 ")
        assert "✓" in row_of(screen, " s0 ")
        assert "1C 7L" in row_of(screen, " s1 ")
        assert "scanning" in row_of(screen, " slow ")
        assert "failed" in row_of(screen, " broken ")
    assert env.requests in (8, 9), "a scan in progress is asked for again when the rows are grouped meanwhile"


async def test_a_scan_draws_only_its_own_row_again(env: ScannedListEnv) -> None:
    async with running(env.embedded, "app", size=WIDE) as pilot:
        await until(pilot, lambda text: are_known(text, env.digests))
        screen = pilot.app.screen
        assert isinstance(screen, ImagesScreen)
        table, lines = screen.table, range(len(screen.rows))

        def strips() -> list[Strip]:
            return [table._painter.row(line, hovered=False, highlight=None)[0] for line in lines]

        await until(pilot, lambda text: table.has_focus)
        before = strips()
        screen.show_scans({env.digests["v1"]: ImageScan("COMPLETE", (("HIGH", 345),))})
        await until(pilot, "345H")
        changed = [line for line, (old, new) in enumerate(zip(before, strips(), strict=True)) if old is not new]
        assert [screen.rows.key_at(line) for line in changed] == [env.digests["v1"]]


async def test_only_the_rows_in_view_are_asked_for() -> None:
    env = ScannedListEnv(images=30, scanned=1)
    async with running(env.embedded, "app", size=(140, 16)) as pilot:
        await until(pilot, "31 images")
        screen = await until(pilot, lambda text: text.count("  ·  ") >= 12)
        first = env.requests
        assert first <= screen.count("  ·  ") + 1 < 16
        await pilot.press("G")
        await until(pilot, lambda text: "✓" in cursor_row(text))
        assert first < env.requests < 31


async def test_a_list_without_the_column_asks_for_nothing(env: ScannedListEnv) -> None:
    async with running(env.embedded, "app", size=(60, 24), columns={"images": ["tag", "pushed"]}) as pilot:
        await until(pilot, "5 images")
        await pilot.press("j", "j")
        assert "findings" not in screen_text(pilot.app)
        await pilot.press("d")
        await until(pilot, "CRITICAL: 1" if "s1" in cursor_row(screen_text(pilot.app)) else "imageScanStatus")
        assert env.requests == 1


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("severity>=critical", ["s1", "s2"]),
        ("!severity>=critical", ["s0"]),
        ("severity:none", ["s0"]),
        ("is:scanned", ["s0", "s1", "s2"]),
        ("is:unscanned", ["v0", "v1"]),
    ],
)
async def test_a_filter_asks_for_all_rows_that_it_needs(env: ScannedListEnv, text: str, matches: list[str]) -> None:
    async with running(env.embedded, "app", size=(60, 24), columns={"images": ["tag", "pushed"]}) as pilot:
        await until(pilot, "5 images")
        await pilot.press("slash")
        await type_text(pilot, text)
        screen = await until(pilot, lambda text: f"{len(matches)} match" in text and "findings known for" not in text)
        assert [name for name in env.digests if row_of(screen, f" {name} ")] == matches
    assert env.requests == 5


async def test_only_rows_that_the_other_terms_let_through_are_asked_for(env: ScannedListEnv) -> None:
    async with running(env.embedded, "app", size=(60, 24), columns={"images": ["tag", "pushed"]}) as pilot:
        await until(pilot, "5 images")
        await pilot.press("slash")
        await type_text(pilot, "tag=s2 severity>=low")
        await until(pilot, lambda text: "1 match" in text and env.requests > 0)
    assert env.requests == 1


async def test_a_sort_by_findings_asks_for_all_rows(env: ScannedListEnv) -> None:
    async with running(env.embedded, "app", size=WIDE) as pilot:
        await until(pilot, "5 images")
        await pilot.press("s", "s", "s")

        def is_sorted(text: str) -> bool:
            places = [list_of(text).find(f" {name} ") for name in ("s2", "s1", "s0", "v0")]
            return "findings ▼" in text and are_known(text, env.digests) and places == sorted(places)

        await until(pilot, is_sorted)


async def test_progress_is_shown_and_what_is_unknown_matches_nothing(env: ScannedListEnv) -> None:
    held = threading.Event()
    env.embedded.faults.before(OPERATION, lambda: held.wait(120), times=None)
    async with running(env.embedded, "app", size=(110, 24)) as pilot:
        await until(pilot, "5 images")
        await pilot.press("slash")
        await type_text(pilot, "severity:none")
        wanted = ("findings known for 0 of 5", "0 match", "No match so far")
        await until(pilot, lambda text: all(part in text for part in wanted))
        held.set()
        await until(pilot, "1 match")
        assert "findings known for" not in await until_gone(pilot, "findings known for")


async def test_the_reading_stops_when_the_filter_is_cleared_or_the_screen_is_left() -> None:
    env = ScannedListEnv(images=60, scanned=0)
    held = threading.Event()
    env.embedded.faults.before(OPERATION, lambda: held.wait(120), times=None)
    async with running(env.embedded, "app", size=(60, 24), columns={"images": ["tag", "pushed"]}) as pilot:
        await until(pilot, "60 images")
        await pilot.press("slash")
        await type_text(pilot, "severity:none")
        await until(pilot, "findings known for 0 of")
        await pilot.press("escape")
        await until_gone(pilot, "findings known for")
        held.set()
        await pilot.press("escape")
        await until(pilot, "1 repository")
        wait_for_readers()
        assert env.requests <= 8


async def test_a_denied_permission_is_shown_and_asked_for_once(env: ScannedListEnv) -> None:
    env.embedded.faults.add(f"{OPERATION}:error:code=AccessDeniedException")
    async with running(env.embedded, "app", size=(80, 24)) as pilot:
        screen = await until(pilot, "5 images · findings denied · 5 tagged")
        await until(pilot, lambda text: text.count("denied") >= 6)
        wait_for_readers()  # requests that were under way
        asked = env.requests
        await pilot.press("slash")
        await type_text(pilot, "severity:none")
        await until(pilot, "findings not known: access denied")
        await pilot.press("escape")
        await pilot.press("j", "j")
        assert env.requests == asked
        env.embedded.faults.clear()
        await pilot.press("ctrl+r")
        screen = await until(pilot, "2C 7L")
        assert "denied" not in screen


async def test_findings_that_cannot_be_read_are_not_known(env: ScannedListEnv) -> None:
    env.embedded.faults.add(f"{OPERATION}:unavailable")
    async with running(env.embedded, "app", size=WIDE) as pilot:
        screen = await until(pilot, "findings not known:")
        assert " ? " in row_of(screen, " s0 ") + " "
        assert "  ·  " not in screen
        assert "✓" not in row_of(screen, " s0 ")


async def test_a_malformed_reply_hides_one_row(env: ScannedListEnv) -> None:
    def spoil(reply: dict[str, Any]) -> None:
        if reply["imageId"]["imageDigest"] == env.digests["s1"]:
            reply["imageScanFindings"]["findingSeverityCounts"] = {"CRITICAL": []}

    env.embedded.faults.add(edited(OPERATION, spoil))
    async with running(env.embedded, "app", size=WIDE) as pilot:
        others = env.digests.keys() - {"s1"}
        await until(pilot, lambda text: are_known(text, others))
        screen = await until_idle(pilot)
        assert "?" in row_of(screen, " s1 ")
        assert "✓" in row_of(screen, " s0 ")
        asked = env.requests
        await pilot.press("j", "k")
        assert env.requests == asked


async def test_a_reload_asks_again(env: ScannedListEnv) -> None:
    async with running(env.embedded, "app", size=WIDE) as pilot:
        await until(pilot, "2C 7L")
        env.set_scan("s2", severity_counts='{"HIGH": 4}')
        await pilot.press("ctrl+r")
        await until(pilot, "4H")


async def test_findings_stay_when_an_image_is_tagged(env: ScannedListEnv) -> None:
    async with running(env.embedded, "app", size=WIDE) as pilot:
        await until(pilot, lambda text: are_known(text, env.digests))
        asked = env.requests
        await pilot.press("G", "t")
        await until(pilot, "new tags, separated")
        await fill_in(pilot, "more")
        await until_planned(pilot)
        await pilot.press("enter")
        screen = await until(pilot, lambda text: "more" in cursor_row(text))
        assert "2C 7L" in cursor_row(screen)
        assert env.requests == asked
