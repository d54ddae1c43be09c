"""The pane with findings: one walk over an index with a scanned platform and one that was not scanned."""

from __future__ import annotations

import csv
import json
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ecrtui.emulator.operations import scans
from ecrtui.tui.saving import FileField
from tests.support.embedded import PushedImage, client_for, create_repository, new_embedded, push_image, push_index
from tests.support.host import resize
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
from tests.tui.test_snapshots import PICKER_SIZES, Clock, compare

pytestmark = pytest.mark.usefixtures("no_sdk_retries")

OPERATION = "DescribeImageScanFindings"
HOUR = 3_600.0


def finding(
    name: str, severity: str, package: str, score: float, fixed_in: str = "", *, layer: str = "sha256:" + "5" * 64
) -> Mapping[str, object]:
    """Return a finding of an enhanced scan."""
    vulnerable = {
        "name": package,
        "version": "1.0",
        "packageManager": "OS",
        "fixedInVersion": fixed_in or "NotAvailable",
        "sourceLayerHash": layer,
    }
    return {
        "title": f"{name} - {package}",
        "severity": severity,
        "description": f"A fault of {package}.",
        "score": score,
        "fixAvailable": "YES" if fixed_in else "NO",
        "exploitAvailable": "YES" if score > 9 else "NO",
        "firstObservedAt": time.time() - 2 * HOUR,
        "packageVulnerabilityDetails": {
            "vulnerabilityId": name,
            "sourceUrl": f"https://example.com/{name}",
            "vulnerablePackages": [vulnerable],
        },
    }


CURL = finding("CVE-2023-38545", "CRITICAL", "curl", 9.8, "8.4.0")
SSL = finding("CVE-2014-0160", "HIGH", "openssl", 7.5, "1.0.1g")
NCURSES = finding("CVE-2023-50495", "MEDIUM", "ncurses", 6.5)


class FindingsPaneEnv:
    """The index ``app:prod``, and images with other findings."""

    def __init__(self) -> None:
        self.embedded = new_embedded(clock=Clock(days_ago=2))  # their age stays while a test runs
        self.client = client_for(self.embedded)
        create_repository(self.client, "app")
        names = ("linux/amd64", "linux/arm64")
        platforms = {name: push_image(self.client, "app", name, platform=name) for name in names}
        self.amd, self.arm = platforms.values()
        push_index(self.client, "app", platforms, tag="prod")
        self.store(push_image(self.client, "app", "old", "old"), CURL)
        self.store(push_image(self.client, "app", "fixed", "fixed"))
        push_image(self.client, "app", "new", "new")
        self.store(self.arm, CURL, SSL, NCURSES)

    def store(self, image: PushedImage, *findings: Mapping[str, object]) -> None:
        """Give an image a finished enhanced scan with these findings."""
        with self.embedded.database.write() as connection:
            (image_id,) = connection.execute("SELECT id FROM images WHERE digest = ?", (image.digest,)).fetchone()
            counts = Counter(str(finding["severity"]) for finding in findings)
            scans.store_scan(connection, image_id, findings, counts, kind=scans.ENHANCED, at=time.time() - HOUR)

    def fail(self, image: PushedImage) -> None:
        """Let the scan of an image end without a result."""
        with self.embedded.database.write() as connection:
            connection.execute(
                "UPDATE scans SET status = 'FAILED', description = 'no such OS'"
                " WHERE image_id = (SELECT id FROM images WHERE digest = ?)",
                (image.digest,),
            )


async def test_a_layer_has_the_findings_in_its_packages() -> None:
    env = FindingsPaneEnv()
    image = push_image(env.client, "app", "layers", "layers", layers=[b"base", b"app"])
    base = json.loads(image.manifest)["layers"][0]["digest"]
    env.store(image, finding("CVE-2023-38545", "CRITICAL", "curl", 9.8, layer=base))
    async with running(env.embedded, "app:layers", size=(120, 35)) as pilot:
        await until(pilot, "CRITICAL CVE-2023-38545")
        await open_pane(pilot, "layers")
        await until(pilot, "findings    CRITICAL CVE-2023-38545  curl 1.0")
        await pilot.press("j")
        await until(pilot, "findings    none")


async def test_findings_are_read_filtered_sorted_and_exported(tmp_path: Path) -> None:
    env = FindingsPaneEnv()
    async with running(env.embedded, "app", size=(120, 35)) as pilot:
        await until(pilot, "4 images")
        await pilot.press("slash", *"prod", "enter")
        await until(pilot, "1 match")
        await pilot.press("f")
        await until(pilot, "MEDIUM")
        screen = await until(pilot, "findings 1C 1H ?")
        assert "linux/amd64: not scanned. Start a scan" in screen
        assert cursor_row(screen).split()[:6] == ["▸", "CRITICAL", "CVE-2023-38545", "curl", "1.0", "8.4.0"]
        assert "https://example.com/CVE-2023-38545" in screen
        assert "no fix" in row_of(screen, "ncurses")
        await until(pilot, "read now")
        await compare(pilot, "pane-findings", PICKER_SIZES)

        await pilot.press("j")
        await until(pilot, "─ CVE-2014-0160 · score 7.5 ─")
        await pilot.press("e")
        await until(pilot, lambda text: "2 match" in text and "MEDIUM" not in text)
        await pilot.press("escape")
        await until(pilot, "MEDIUM")
        await pilot.press("slash")
        await type_text(pilot, "score<7")
        await until(pilot, "1 match")
        await pilot.press("enter", "x")
        await until(pilot, "file name, ending in")
        await type_text(pilot, str(tmp_path / "one.csv"))
        await pilot.press("enter")
        await until(pilot, "Saved")
        (row,) = csv.DictReader((tmp_path / "one.csv").read_text().splitlines())
        assert (row["vulnerabilityId"], row["platforms"]) == ("CVE-2023-50495", "linux/arm64")
        pilot.app.clear_notifications()
        await until_gone(pilot, "Saved")
        await pilot.press("escape", "s", "S", "x")
        await until(pilot, "file name, ending in")
        await type_text(pilot, str(tmp_path / "all.json"))
        await pilot.press("enter")
        await until(pilot, "Saved")
        ids = [entry["vulnerabilityId"] for entry in json.loads((tmp_path / "all.json").read_text())["findings"]]
        assert ids == ["CVE-2023-50495", "CVE-2023-38545", "CVE-2014-0160"]

        await pilot.press("c")
        await until(pilot, "line for a ticket")
        await pilot.press("escape", "g", "j")
        calls = env.embedded.calls[OPERATION]
        await pilot.press("asterisk")
        answers = ("also in old", "not in fixed", "not known: new (not scanned)")
        await until(pilot, lambda text: all(words in text for words in answers))
        assert env.embedded.calls[OPERATION] == calls + 3


@pytest.mark.parametrize("keys", [("e",), ("slash", *"fix:yes")], ids=["with a key", "typed"])
async def test_a_filter_that_is_given_while_the_scans_are_read_applies_to_them(keys: Sequence[str]) -> None:
    env = FindingsPaneEnv()
    asked, go_on = threading.Event(), threading.Event()
    async with running(env.embedded, "app:prod", size=(120, 35)) as pilot:
        await until(pilot, "CRITICAL")
        await until_idle(pilot)
        env.embedded.faults.before(OPERATION, lambda: go_on.wait(60), times=None)
        env.embedded.faults.before(OPERATION, asked.set)
        await pilot.press("5")
        await until(pilot, lambda _: asked.is_set())
        await pilot.press(*keys)
        go_on.set()
        screen = await until(pilot, "2 match · 3 findings")
        assert "MEDIUM" not in screen


@pytest.mark.parametrize(
    ("pane", "suffix", "words"), [("findings", ".csv", "CVE-2014-0160"), ("raw", ".txt", "imageTags")]
)
async def test_what_is_saved_is_kept_when_the_key_is_pressed(pane: str, suffix: str, words: str) -> None:
    async with running(FindingsPaneEnv().embedded, "app:prod", size=(120, 35)) as pilot:
        await open_pane(pilot, pane)
        await until(pilot, words)
        await pilot.press("x")
        await until(pilot, "file name, ending in")
        contents = pilot.app.screen.query_one(FileField)._contents
    assert words in str(contents[suffix]()), "a thread writes the file, and the pane is gone"


async def test_suppressed_and_closed_findings_are_marked_and_do_not_count() -> None:
    env = FindingsPaneEnv()
    env.store(env.amd)
    env.store(env.arm, {**CURL, "status": "SUPPRESSED"}, {**SSL, "status": "ACTIVE"}, {**NCURSES, "status": "CLOSED"})
    async with running(env.embedded, "app:prod", size=(80, 24)) as pilot:
        await until(pilot, "over")
        await pilot.press("5")
        await until(pilot, "1 finding  1H · 1 suppressed, 1 closed")
        screen = await until(pilot, "find 1H›")
        assert cursor_row(screen).split()[:3] == ["▸", "HIGH", "CVE-2014-0160"]
        assert row_of(screen, "curl").split()[:2] == ["(CRITICAL)", "CVE-2023-38545"]
        await resize(pilot, 120, 35)
        screen = await until(pilot, "status")
        assert row_of(screen, "curl").split()[:3] == ["(CRITICAL)", "suppressed", "CVE-2023-38545"]
        assert row_of(screen, "ncurses").split()[:2] == ["(MEDIUM)", "closed"]
        await pilot.press("j")
        await until(pilot, "suppressed by a rule of Amazon Inspector; it does not count")
        await pilot.press("slash")
        await type_text(pilot, "status:suppressed")
        await until(pilot, "1 match · 1 finding · 1 suppressed, 1 closed")


async def test_each_state_is_shown_in_its_place() -> None:
    env = FindingsPaneEnv()
    env.fail(env.arm)
    async with running(env.embedded, "app:prod", size=(120, 35)) as pilot:
        await until(pilot, "overview")
        await pilot.press("5")
        screen = await until(pilot, "linux/arm64: failed. no such OS")
        assert "linux/amd64: not scanned" in screen
        assert "No findings are known." in screen
        env.embedded.faults.add(f"{OPERATION}:error:code=AccessDeniedException")
        await pilot.press("ctrl+r")
        screen = await until(pilot, "ecr:DescribeImageScanFindings")
        assert "No findings are known." not in screen
        env.embedded.faults.clear()
        env.store(env.amd)
        env.store(env.arm)
        await pilot.press("r")
        screen = await until(pilot, "The scans found nothing.")
        assert "not scanned" not in screen_text(pilot.app)
        env.store(env.arm, CURL, SSL)
        await pilot.press("ctrl+r")
        assert "9.8" in row_of(await until(pilot, "CVE-2014-0160"), "CVE-2023-38545"), "the new scan tells scores"
        await pilot.press("escape")
        await until_gone(pilot, "CVE-2014-0160")
