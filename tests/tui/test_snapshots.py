"""Every screen as text, at two sizes, compared with its stored snapshot.

``UPDATE_SNAPSHOTS=1`` writes new snapshots. Read the difference before you commit it.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ecrtui.inspect.comparison.comparison import SECTIONS
from tests.support.aws_profiles import EVERY_KIND, write_config
from tests.support.compared import REPOSITORY, push_releases
from tests.support.embedded import OCI_INDEX, client_for, create_repository, new_embedded, push_image, push_index, put
from tests.support.host import resize
from tests.support.screen import TIMEOUT, fill_in, open_pane, retag, running, screen_text, until, until_gone

SNAPSHOTS = Path(__file__).parent / "snapshots"
SIZES = ((160, 50), (80, 24))
PICKER_SIZES = ((120, 35), (80, 24))
DAY = 86_400
CHANGING = (
    (
        re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        "00000000-0000-0000-0000-000000000000",
    ),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), "2026-01-01 00:00:00 UTC"),
    # A time in whole seconds is shorter. The blanks behind it keep the width.
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6}\+00:00|\+00:00 {7})"), "2026-01-01T00:00:00.000000+00:00"),
    (re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}"), "20260101-000000-000000"),
    # An age is at the left of its column where the digest before, or that there was none, follows.
    (re.compile(r"\d s ago (?= +(the tag was|[0-9a-f]{12} · by))"), "just now"),
    (re.compile(r"just now| \d s ago|\d\d s ago"), "just now"),
)
"""Replacements for text that differs from run to run, of the same width."""


@dataclass
class Clock:
    """The clock of the embedded registry, which sets the age of each image."""

    days_ago: float = 0.0

    def __call__(self) -> float:
        return time.time() - self.days_ago * DAY - 60


class SnapshotEnv:
    """A registry with a little of everything, pushed at fixed ages."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.embedded = new_embedded(clock=self.clock)
        self.client = client_for(self.embedded)
        self.at(400, create_repository, self.client, "platform/base")
        self.at(300, create_repository, self.client, "team/app")
        self.at(30, create_repository, self.client, "team/frozen", "IMMUTABLE_WITH_EXCLUSION", ["dev*"])
        self.at(200, push_image, self.client, "team/app", "old", "release-2026.10", layers=[b"o" * 90_000])
        self.at(100, push_image, self.client, "team/app", "prod", "prod", annotations={"team": "checkout"})
        parts = {
            platform: self.at(days, push_image, self.client, "team/app", platform, platform=platform)
            for platform, days in (("linux/amd64", 9.2), ("linux/arm64", 9.1))
        }
        self.at(9, push_index, self.client, "team/app", parts, "multi")
        new = self.at(2, push_image, self.client, "team/app", "new", "release-2026.11", layers=[b"n" * 90_000])
        self.at(2, put, self.client, "team/app", new.manifest, "rc")
        self.at(1, push_image, self.client, "team/frozen", "one", "v1")
        self.clock.days_ago = 0

    def at(self, days_ago: float, action: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Run a function as if it were some days ago."""
        self.clock.days_ago = days_ago
        return action(*arguments, **options)


PANE_SIZES = ((120, 35), (80, 24))
OWN_PANES = {"manifest": "referrers · 1", "tags": "journal of this machine", "raw": "referrers:"}
"""What shows that a pane is read, by its id."""

UNKNOWN_FINDINGS = re.compile(r"  \?(?=\s|│|$)", re.MULTILINE)
"""A cell of the findings column whose scan was not read yet."""

Steps = Callable[[Any], Awaitable[object]]


@dataclass(frozen=True)
class View:
    """A screen: the steps that open it, and the text that shows that it is open."""

    name: str
    start: str
    wanted: str
    steps: list[Steps] = field(default_factory=list)


def press(*keys: str) -> Steps:
    """Return a step that presses keys."""
    return lambda pilot: pilot.press(*keys)


def see(words: str) -> Steps:
    """Return a step that waits for a text."""
    return lambda pilot: until(pilot, words)


def write(text: str) -> Steps:
    """Return a step that types a text."""
    return lambda pilot: fill_in(pilot, text)


def plan(*tags: str) -> Steps:
    """Return a step that opens the retag form and waits for the plan of these tags."""
    return lambda pilot: retag(pilot, *tags)


VIEWS = (
    View("repositories", "", "3 repositories"),
    View("repository-details", "", "3 repositories", [press("j", "d"), see("repositoryArn")]),
    View("images", "team/app", "index 2"),
    View("images-filtered", "team/app", "index 2", [press("slash"), write("release size>50kB"), see("2 match")]),
    View("images-filter-wrong", "team/app", "index 2", [press("slash"), write("size>banana"), see("Use size>100MB")]),
    View("no-such-image", "team/app:nothing", "has no tag nothing"),
    View("retag-plan", "team/app", "index 2", [press("G"), plan("rc", "next", "release-2026.10")]),
    View("retag-refused", "team/frozen", "1 image", [press("t"), see("new tags,"), write("-x"), see("!")]),
    View("retag-protected", "team/app", "index 2", [plan("prod"), press("enter"), see("to confirm")]),
    View(
        "promote-plan",
        "team/app",
        "index 2",
        [press("p"), see("repository[:tag]"), write("platform/base"), see("enter apply")],
    ),
    View("copy", "team/app", "index 2", [press("c"), see("docker pull")]),
    View("help", "team/app", "index 2", [press("question_mark"), see("Keyboard shortcuts")]),
    View("palette", "team/app", "index 2", [press("colon"), see("Describe")]),
    View(
        "plan",
        "team/app",
        "index 2",
        [press("space", "j", "space", "t"), see("Plan ›"), write("{tag}-x"), press("enter"), see("-x ")],
    ),
    View("activity-empty", "", "3 repositories", [press("a"), see("No writes recorded")]),
)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
async def test_the_screen_matches_its_snapshot(view: View) -> None:
    async with running(SnapshotEnv().embedded, view.start, size=SIZES[0]) as pilot:
        await until(pilot, "user/embedded")
        await until(pilot, view.wanted)
        await until(pilot, lambda screen: not view.start or not UNKNOWN_FINDINGS.search(screen))
        for step in view.steps:
            await step(pilot)
        await compare(pilot, view.name)


async def test_the_panes_of_an_image_match_their_snapshots() -> None:
    env = SnapshotEnv()
    multi = env.client.describe_images(repositoryName="team/app", imageIds=[{"imageTag": "multi"}])
    digest = multi["imageDetails"][0]["imageDigest"]
    subject = {"mediaType": OCI_INDEX, "digest": digest, "size": 1}
    push_image(
        env.client,
        "team/app",
        "signature",
        subject=subject,
        config_media_type="application/vnd.cncf.notary.signature",
    )
    still = 10 * TIMEOUT  # "read now" stays, however long the walk takes
    async with running(env.embedded, "team/app:multi", size=PANE_SIZES[0], age_interval=still) as pilot:
        await until(pilot, "Notation · present, not verified")
        await until(pilot, "not written from here")
        await until(pilot, lambda screen: screen.count("not scanned") == 2)
        await until(pilot, lambda screen: screen.count("not set") == 4)  # user and time of both platforms
        await until(pilot, "read now")
        await compare(pilot, "pane-overview", PANE_SIZES)
        for pane, wanted in OWN_PANES.items():
            await open_pane(pilot, pane)
            await until(pilot, wanted)
            await compare(pilot, f"pane-{pane}", PANE_SIZES)


async def test_a_retag_and_its_journal_match_their_snapshots() -> None:
    async with running(SnapshotEnv().embedded, "team/app", size=SIZES[0]) as pilot:
        await until(pilot, "index 2")
        await until(pilot, lambda screen: not UNKNOWN_FINDINGS.search(screen))
        await retag(pilot, "next", "prod")
        await pilot.press("enter")
        await until(pilot, "to confirm")
        await fill_in(pilot, "prod")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await compare(pilot, "retag-done")
        await pilot.press("enter", "a")
        await until(pilot, "2 writes")
        await compare(pilot, "activity")


async def test_the_comparison_matches_its_snapshots() -> None:
    env = SnapshotEnv()
    push_releases(env.client, env.at)
    async with running(env.embedded, f"{REPOSITORY}:v2", size=PICKER_SIZES[0]) as pilot:
        await until(pilot, "user/embedded")
        await pilot.press("D")
        await until(pilot, "or repository:tag")
        await fill_in(pilot, "v1")
        await pilot.press("enter")
        await until(pilot, "to pull")
        await until_gone(pilot, "reading…")
        for number, section in enumerate(SECTIONS, 1):
            await pilot.press(str(number))
            await until(pilot, f"‹{number} {section}")
            await compare(pilot, f"compare-{section}", PICKER_SIZES)
            await resize(pilot, *PICKER_SIZES[0])


async def test_the_dry_run_of_a_policy_matches_its_snapshots() -> None:
    env = SnapshotEnv()
    newest = {
        "tagStatus": "tagged",
        "tagPatternList": ["release-*"],
        "countType": "imageCountMoreThan",
        "countNumber": 1,
    }
    old = {"countType": "sinceImagePushed", "countUnit": "days"}
    rules = [newest, {**old, "tagStatus": "untagged", "countNumber": 7}, {**old, "tagStatus": "any", "countNumber": 50}]
    text = json.dumps(
        {
            "rules": [
                {"rulePriority": number, "description": "kept", "selection": rule, "action": {"type": "expire"}}
                for number, rule in enumerate(rules, 1)
            ]
        }
    )
    env.client.put_lifecycle_policy(repositoryName="team/app", lifecyclePolicyText=text)
    async with running(env.embedded, "team/app", size=PICKER_SIZES[0]) as pilot:
        await until(pilot, "index 2")
        await pilot.press("L")
        await until(pilot, "rule 1 would expire")
        await pilot.press("j", "j")
        await until(pilot, "rule 3 would expire")
        await compare(pilot, "lifecycle", PICKER_SIZES)


async def test_the_connection_picker_matches_its_snapshot(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    write_config(own_home, EVERY_KIND)
    async with running(None, size=PICKER_SIZES[0], elsewhere=True) as pilot:
        await until(pilot, "AdministratorAccess")
        await compare(pilot, "connections", PICKER_SIZES)


async def compare(pilot: Any, name: str, sizes: Sequence[tuple[int, int]] = SIZES, lines: slice = slice(None)) -> None:
    """Compare the screen, or some lines of it, with its snapshots, from the largest size to the smallest."""
    different = []
    for columns, rows in sizes:
        await resize(pilot, columns, rows)
        screen = "\n".join((await settled(pilot)).split("\n")[lines])
        different += difference(f"{name}-{columns}x{rows}", screen)
    await resize(pilot, *sizes[0])
    if different:
        pytest.fail("\n".join([*different, "UPDATE_SNAPSHOTS=1 keeps it as it is now"]), pytrace=False)


async def settled(pilot: Any) -> str:
    """Return the screen once it no longer changes and nothing is in progress."""
    before = ""
    for _ in range(100):
        await pilot.pause(0.1)
        now = screen_text(pilot.app)
        if now == before and not pilot.app.workers:
            return now
        before = now
    return before


def difference(name: str, screen: str) -> list[str]:
    """Return the lines that differ from the snapshot of this name, except for text that differs from run to run."""
    for pattern, instead in CHANGING:
        screen = pattern.sub(instead, screen)
    file = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        file.write_text(screen + "\n")
    kept = file.read_text() if file.exists() else ""
    before, now = kept.removesuffix("\n").split("\n"), screen.split("\n")
    return list(difflib.unified_diff(before, now, f"{file.name}, kept", "now", lineterm=""))


def test_every_snapshot_belongs_to_a_screen() -> None:
    names = [*(view.name for view in VIEWS), "retag-done", "activity"]
    expected = {f"{name}-{columns}x{rows}" for columns, rows in SIZES for name in names}
    expected |= {f"compare-{section}-{columns}x{rows}" for columns, rows in PICKER_SIZES for section in SECTIONS}
    panes = ["pane-config", "pane-layers", "pane-findings", "pane-artifacts", "pane-artifacts-sbom", "pane-packages"]
    panes += [f"pane-{pane}" for pane in ("overview", *OWN_PANES)]
    expected |= {
        f"{name}-{columns}x{rows}" for columns, rows in PICKER_SIZES for name in ("connections", "lifecycle", *panes)
    }
    assert {file.stem for file in SNAPSHOTS.glob("*.txt")} == expected
