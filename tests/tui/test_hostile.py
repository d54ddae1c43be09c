"""Text from the registry is data: on no screen can it style, move the cursor, hide text or crash."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.embedded import (
    client_for,
    create_repository,
    manifest_text,
    new_embedded,
    push_image,
    put,
    upload_blob,
)
from tests.support.screen import (
    fill_in,
    open_pane,
    running,
    screen_text,
    type_text,
    unsafe_characters,
    until,
    until_planned,
)

REPOSITORY = "team/app"
MARKUP = "[b]bold[/b] [/] [@click=app.quit]x[/] [$primary] \\["
ESCAPES = "\x1b]0;owned\x07 \x1b[31m \x9b31m \x1b]52;c;b3duZWQ=\x07 \x1b[?1049l \x85 \x00"
BIDI = "abc\u202edcb\u2066 \u200b\ufeff\u00ad"
HOSTILE = f"{MARKUP} {ESCAPES} {BIDI}"
LONG = "x" * 10_000


class HostileEnv:
    """A registry full of hostile text."""

    def __init__(self) -> None:
        self.embedded = new_embedded()
        self.client = client_for(self.embedded)
        create_repository(self.client, REPOSITORY)
        arn = self.client.describe_repositories()["repositories"][0]["repositoryArn"]
        self.client.tag_resource(resourceArn=arn, tags=[{"Key": "owner", "Value": "[/] <b> $primary"}])
        manifest = manifest_text(self.client, REPOSITORY, annotations={HOSTILE: HOSTILE, "long": LONG})
        raw = json.dumps(json.loads(manifest), ensure_ascii=False, indent=2)
        self.image = put(self.client, REPOSITORY, raw, "hostile")
        config = {"os": "linux", "architecture": HOSTILE, "config": {"Labels": {HOSTILE: HOSTILE}, "Cmd": [LONG]}}
        other = json.loads(manifest_text(self.client, REPOSITORY, "other"))
        other["config"] |= upload_blob(self.client, REPOSITORY, json.dumps(config).encode())
        put(self.client, REPOSITORY, json.dumps(other), "config")
        # ECR refuses this text. A service that only imitates ECR could return it.
        with self.embedded.database.write() as connection:
            connection.execute("UPDATE images SET artifact_media_type = ?, media_type = media_type", (HOSTILE,))
            connection.execute("UPDATE resource_tags SET value = ?", (HOSTILE,))
            connection.execute("UPDATE repositories SET lifecycle_policy = ?", (json.dumps({"rules": HOSTILE}),))
            image_id = connection.execute("SELECT id FROM images WHERE digest = ?", (self.image.digest,)).fetchone()[0]
            repository_id = connection.execute("SELECT id FROM repositories").fetchone()[0]
            for tag in (MARKUP, ESCAPES, BIDI):
                connection.execute(
                    "INSERT INTO tags (repository_id, tag, image_id) VALUES (?, ?, ?)", (repository_id, tag, image_id)
                )


@pytest.fixture(scope="module")
def env() -> HostileEnv:
    return HostileEnv()


async def check(pilot: Any, wanted: str, literal: str = "") -> None:
    """Wait for a text. Check that the screen is safe and shows markup literally."""
    screen = await until(pilot, wanted)
    assert unsafe_characters(screen) == []
    assert literal in screen.replace("\n", "")
    assert pilot.app.is_running


@pytest.mark.parametrize(
    ("start", "wanted", "keys", "overlay", "literal"),
    [
        ("", "1 repository", ["d"], "repositoryArn", "[b]bold[/b] [/]"),
        ("team/app", "2 images", ["g", "d"], "imageTags", "[@click=app.quit]x[/]"),
        ("team/app", "2 images", ["g", "y"], "imageTags:", "[b]bold[/b] [/]"),
        ("team/app", "2 images", ["g", "c"], "digest URI", ""),
        ("team/app:hostile", "mutable · AES256", ["c"], "digest URI", ""),
        ("team/app:hostile", "mutable · AES256", ["2", "c"], "digest URI", ""),
        ("team/app:config", "last pulled", ["i"], "command ", "[b]bold[/b] [/]"),
    ],
)
async def test_hostile_text_is_shown_and_does_nothing(
    start: str, wanted: str, keys: Sequence[str], overlay: str, literal: str, env: HostileEnv
) -> None:
    async with running(env.embedded, start, size=(200, 50)) as pilot:
        await check(pilot, wanted)
        await pilot.press(*keys)
        await check(pilot, overlay, literal)
        await pilot.press("G", "pagedown")
        await check(pilot, "")


async def test_hostile_annotations_are_shown_literally_in_manifest_and_tree(env: HostileEnv) -> None:
    async with running(env.embedded, "team/app:hostile", size=(200, 50)) as pilot:
        await open_pane(pilot, "manifest")
        await check(pilot, "annotations · 2", "[@click=app.quit]x[/]")
        await pilot.press("o", "G", "enter")
        await check(pilot, "[b]bold[/b]")
        await pilot.press("o", "w", "G")
        await check(pilot, "}")


async def test_hostile_tags_are_shown_literally_in_a_plan(env: HostileEnv) -> None:
    async with running(env.embedded, "team/app", size=(200, 50)) as pilot:
        await check(pilot, "2 images")
        await pilot.press("slash", *"hostile", "enter", "t")
        await check(pilot, "new tags, separated", "Retag")
        await type_text(pilot, MARKUP)
        await check(pilot, "cannot", "[b]bold[/b]")


async def test_a_hostile_error_is_shown_and_does_nothing() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, REPOSITORY)
    push_image(client, REPOSITORY, "one", "v1")
    words = HOSTILE.replace(":", ";")
    embedded.faults.add(f"DescribeRepositories:error:code=AccessDeniedException:message={words}:times=1")
    async with running(embedded, size=(200, 40)) as pilot:
        await check(pilot, "Access denied", "[b]bold[/b] [/] [@click")
        await pilot.press("r")
        await check(pilot, "1 repository")
        embedded.faults.add(f"GetLifecyclePolicy:error:code=AccessDeniedException:message={words}")
        await pilot.press("d")
        await check(pilot, "Access denied", "[b]bold[/b]")
    embedded.faults.clear()
    embedded.faults.add(f"PutImage:error:code=AccessDeniedException:message={words}")
    async with running(embedded, f"{REPOSITORY}:v1", size=(200, 40)) as pilot:
        await check(pilot, "last pulled")
        await pilot.press("t")
        await until(pilot, "new tags, separated")
        await fill_in(pilot, "rc")
        await until_planned(pilot)
        await pilot.press("enter")
        await check(pilot, "✗ ", "[b]bold[/b] [/] [@click")
        await pilot.press("escape", "a")
        await check(pilot, "1 write", "")
        await pilot.press("d")
        await check(pilot, "digestAfter", "[b]bold[/b]")


async def test_hostile_text_typed_by_the_user_does_nothing(env: HostileEnv) -> None:
    async with running(env.embedded, "team/app", size=(100, 30)) as pilot:
        await until(pilot, "2 images")
        await pilot.press("slash")
        await type_text(pilot, MARKUP)
        await until(pilot, MARKUP)
        assert unsafe_characters(screen_text(pilot.app)) == []
        assert pilot.app.is_running
