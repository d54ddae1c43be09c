"""One table of bad values, in the replies behind each screen: the error is named, and the good rows stay.

``tests.registry.test_bad_replies`` puts each value into each member. Here all values meet a screen together.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from ecrtui.ecr.manifest import OCI_MANIFEST
from ecrtui.emulator.faults import Fault
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.bad_replies import BAD_VALUES, MISSING
from tests.support.edited_replies import EditedReply, edited
from tests.support.embedded import client_for, create_repository, manifest_text, new_embedded, push_image, put
from tests.support.screen import (
    app_of,
    cursor_row,
    open_pane,
    retag,
    running,
    screen_text,
    type_text,
    unsafe_characters,
    until,
    until_gone,
)

pytestmark = pytest.mark.usefixtures("no_sdk_retries")

Row = dict[str, Any]


def with_bad_rows(rows: list[Row], identity: str, fresh: Callable[[int], object]) -> None:
    """Add to a list of rows: for each member and each bad value, a copy of the first row with that value.

    Args:
        rows: the rows of a reply.
        identity: the member that identifies a row.
        fresh: returns an identity for each copy by its number.
    """
    good = copy.deepcopy(rows[0])
    for member in good:
        for value in BAD_VALUES.values():
            row = {**copy.deepcopy(good), identity: fresh(len(rows))}
            row[member] = value
            rows.append({name: entry for name, entry in row.items() if entry is not MISSING})


def digest_of_number(number: int) -> str:
    return "sha256:" + hashlib.sha256(str(number).encode()).hexdigest()


class BadRowsEnv:
    """A registry with the repository ``app``: an image with everything, and faults for the replies about it."""

    def __init__(self) -> None:
        self.embedded = new_embedded()
        self.client = client_for(self.embedded)
        create_repository(self.client, "app")
        self.image = push_image(self.client, "app", "one", "good")
        self.client.start_image_scan(repositoryName="app", imageId={"imageTag": "good"})
        subject = {"mediaType": OCI_MANIFEST, "digest": self.image.digest, "size": len(self.image.manifest)}
        put(self.client, "app", manifest_text(self.client, "app", "sig", subject=subject, artifactType="a/signature"))

    @contextmanager
    def edited(self, operation: str, edit: Callable[[Row], object]) -> Iterator[None]:
        fault = self.embedded.faults.add(Fault(operation, EditedReply(edit)))
        yield
        self.embedded.faults.remove(fault)


@pytest.fixture(scope="module")
def env() -> BadRowsEnv:
    return BadRowsEnv()


def check(pilot: Pilot[None]) -> None:
    """Check that the application runs, and that the screen has no text that could act on the terminal."""
    assert app_of(pilot).is_running
    assert unsafe_characters(screen_text(pilot.app)) == []


async def test_lists_keep_their_good_rows_and_name_the_bad_ones(env: BadRowsEnv) -> None:
    def repositories(reply: Row) -> None:
        with_bad_rows(reply["repositories"], "repositoryName", lambda number: f"bad-{number}")

    def images(reply: Row) -> None:
        with_bad_rows(reply["imageDetails"], "imageDigest", digest_of_number)

    async with running(env.embedded, size=(140, 40)) as pilot:
        await until(pilot, "1 repository")
        with env.edited("DescribeRepositories", repositories):
            await pilot.press("ctrl+r")
            await until(pilot, "rows of the response could not be read")
            await pilot.press("slash")
            await type_text(pilot, "name=app")
            await until(pilot, "1 match")
            check(pilot)
        await pilot.press("down", "ctrl+r")
        await until_gone(pilot, "could not be read")
        await pilot.press("enter")
        await until(pilot, "1 image · 1 tagged · 1 part")
        with env.edited("DescribeImages", images):
            await pilot.press("ctrl+r")
            await until(pilot, "rows of the response could not be read")
            await pilot.press("slash")
            await type_text(pilot, f"digest:{env.image.digest[7:19]}")
            screen = await until(pilot, "1 match")
            assert env.image.digest[7:19] in screen
            check(pilot)
        await pilot.press("down", "ctrl+r")
        await until_gone(pilot, "could not be read")
        await until(pilot, "1 image · 1 tagged · 1 part")


BAD_LISTS = {
    label: BAD_VALUES[label]
    for label in ("null", "number", "10^400", "half a surrogate pair", "control characters", "list", "object")
}
"""Bad values in place of the one list that the Image screen cannot do without."""


async def test_the_image_screen_names_what_it_cannot_read_and_continues(env: BadRowsEnv) -> None:
    def referrers(reply: Row) -> None:
        with_bad_rows(reply["referrers"], "digest", digest_of_number)

    def findings(reply: Row) -> None:
        reply["imageScanFindings"]["findings"] = [{"name": "CVE-good", "severity": "LOW"}]
        with_bad_rows(reply["imageScanFindings"]["findings"], "name", lambda number: f"CVE-{number}")

    async with running(env.embedded, "app:good", size=(140, 40)) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, "referrers · 1")
        with env.edited("ListImageReferrers", referrers), env.edited("DescribeImageScanFindings", findings):
            await pilot.press("ctrl+r")
            await until(
                pilot, lambda text: "referrers · " in text and "referrers · 1 " not in f"{text} ".replace("\n", " ")
            )
            await pilot.press("o", "G")
            await until(pilot, "unreadable")
            check(pilot)
            await pilot.press("g", "f")
            await until(pilot, "CVE-good")
            check(pilot)
            await open_pane(pilot, "manifest")
        for label, value in BAD_LISTS.items():
            calls = env.embedded.calls["DescribeImages"]

            def spoil(reply: Row, value: object = value) -> None:
                reply["imageDetails"] = value

            with env.edited("DescribeImages", spoil):
                await pilot.press("ctrl+r")
                screen = await until(
                    pilot,
                    lambda text, calls=calls: env.embedded.calls["DescribeImages"] > calls and "✗ " in text,  # type: ignore[misc]
                )
            assert '"schemaVersion": 2' in screen, label
            check(pilot)
        await pilot.press("ctrl+r")
        await until_gone(pilot, "✗ ")
        await until(pilot, "referrers · 1")


POLICY = (
    '{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", '
    '"countNumber": 77}, "action": {"type": "expire"}}]}'
)

DETAILS = {
    "tags": ("ListTagsForResource", "tags"),
    "lifecyclePolicyText": ("GetLifecyclePolicy", "lifecyclePolicyText"),
}
"""By the fact in the details of a repository: the operation that reads it, and the member of its reply."""

DEEP_POLICY = '{"rules": ' + '{"a": [' * 5_000
"""A text that is nested too deeply to be read as JSON."""


def with_member(member: str, value: object) -> Callable[[Row], None]:
    """Return an edit that puts a value into a member of a reply."""

    def edit(reply: Row) -> None:
        reply[member] = value

    return edit


async def test_the_details_of_a_repository_name_what_they_cannot_read(env: BadRowsEnv) -> None:
    arn = env.client.describe_repositories(repositoryNames=["app"])["repositories"][0]["repositoryArn"]
    env.client.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "team-good"}])
    env.client.put_lifecycle_policy(repositoryName="app", lifecyclePolicyText=POLICY)
    known = {"tags": "team-good", "lifecyclePolicyText": '"countNumber": 77'}
    async with running(env.embedded, size=(140, 40)) as pilot:
        await until(pilot, "1 repository")
        for fact, (operation, member) in DETAILS.items():
            for label in ("10^400", "half a surrogate pair", "list"):
                with env.edited(operation, with_member(member, BAD_VALUES[label])):
                    await pilot.press("d")
                    screen = " ".join((await until(pilot, "repositoryArn")).replace("│", "").split())
                assert f"{fact} not known: Unexpected response: {operation}: " in screen, (fact, label)
                assert ". Check the endpoint URL" in screen
                assert all(text in screen for other, text in known.items() if other != fact)
                check(pilot)
                await pilot.press("escape")
                await until(pilot, "1 repository")
        with env.edited("GetLifecyclePolicy", with_member("lifecyclePolicyText", DEEP_POLICY)):
            await pilot.press("d")
            await until(pilot, "team-good")
            check(pilot)


ACTIVITY_REPLIES = {
    "a list of anything": with_member("imageDetails", BAD_VALUES["list"]),
    "a digest that is no text": lambda reply: reply["imageDetails"][0].update(imageDigest="a\ud800"),
    "tags that are a number": lambda reply: reply["imageDetails"][0].update(imageTags=5),
    "another repository": lambda reply: reply["imageDetails"][0].update(repositoryName="other"),
}
"""Bad replies to the request by which Activity finds out what a tag points to."""


async def test_activity_names_what_it_cannot_read_and_keeps_its_rows(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "old", "rc")
    push_image(client, "team/app", "new", "v2")
    async with running(embedded, "team/app", size=(140, 40)) as pilot:
        await until(pilot, "2 images")
        await retag(pilot, "rc")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.press("enter")
        await retag(pilot, "rc2")
        embedded.faults.add("PutImage:drop-after")
        embedded.faults.before("PutImage", lambda: embedded.faults.add("DescribeImages:unavailable"))
        await pilot.press("enter")
        await until(pilot, "? unknown")
        await pilot.press("enter", "a")
        await until(pilot, "2 writes")
        embedded.faults.clear()
        for label, edit in ACTIVITY_REPLIES.items():
            fault = embedded.faults.add(edited("DescribeImages", edit))
            for keys in (["g", "f"], ["G", "u"]):  # resolve the unknown write; undo the other one
                pilot.app.clear_notifications()
                await pilot.press(*keys)
                screen = await until(pilot, "response")
                assert screen.count("? unknown  ") == screen.count("✓ done  ") == 1, label
                check(pilot)
            embedded.faults.remove(fault)
        await pilot.press("g", "f")
        await until(pilot, lambda screen: "✓ done" in cursor_row(screen))
