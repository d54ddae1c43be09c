"""The lifecycle dry run: the rules, their images, ECR's preview, an edited copy, and the export."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from ecrtui.emulator.faults import Fault
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.retag.plan import TagChange
from ecrtui.tui.screens.lifecycle import LifecycleScreen
from tests.support.edited_replies import EditedReply
from tests.support.embedded import push_image, push_index, tags_of
from tests.support.screen import (
    app_of,
    below,
    cursor_row,
    retag,
    row_of,
    running,
    screen_text,
    type_text,
    until,
    until_gone,
    until_idle,
)

REPOSITORY = "team/app"


def policy(count: int) -> str:
    untagged = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7}
    newest = {
        "tagStatus": "tagged",
        "tagPatternList": ["main-*"],
        "countType": "imageCountMoreThan",
        "countNumber": count,
    }
    rules = [
        {"rulePriority": number, "description": "kept", "selection": selection, "action": {"type": "expire"}}
        for number, selection in enumerate((newest, untagged), 1)
    ]
    return json.dumps({"rules": rules})


async def test_a_dry_run_is_evaluated_previewed_edited_and_saved(
    embedded: EmbeddedRegistry, client: Any, tmp_path: Path
) -> None:
    old, _, new = (push_image(client, REPOSITORY, f"n{number}", f"main-{number}") for number in range(3))
    push_index(client, REPOSITORY, tag="main-index")
    async with running(embedded, REPOSITORY, size=(80, 24), prefetch=False) as pilot:
        await until(pilot, "images ·")
        await pilot.press("L")
        await until(pilot, f"{REPOSITORY} has no lifecycle policy. Press e to write one")
        await pilot.press("escape")
        await until_gone(pilot, "lifecycle")

        client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=policy(2))
        await pilot.press("L")
        screen = await until(pilot, "oldest first · expire 2 now, then main-2")
        assert re.search(r"1  tagged main-\* +newest 2 +2 +≤ ", row_of(screen, "tagged main-"))
        assert re.search(r"2  untagged +7 d since push +0 +– ", row_of(screen, "untagged"))
        images = below(screen, "oldest first")
        assert images.index(old.digest[7:19]) < images.index("main-1")
        assert new.digest[7:19] not in images
        assert "2 images may be parts of an index, and then they stay. Press I to read" in screen
        await pilot.press("I")
        await until_gone(pilot, "may be parts")
        await pilot.press("j")
        await until(pilot, "This rule would act on no image now.")
        await pilot.press("k", "o", "j", "E")
        screen = await until(pilot, "ECR and ecrtui agree")
        assert "▸" in row_of(screen, "main-1"), "the preview leaves the cursor on its image"
        await pilot.press("o")
        assert re.search(r"newest 2 +2 +2 ", row_of(screen, "tagged main-"))
        assert re.search(r"expire +expire", row_of(screen, old.digest[7:19]))

        embedded.faults.add("StartLifecyclePolicyPreview:error:code=AccessDeniedException")
        await pilot.press("E")
        await until(pilot, "ecr:StartLifecyclePolicyPreview")
        embedded.faults.clear()

        await pilot.press("x")
        await until(pilot, "file name, ending in .md, .csv or .json")
        await type_text(pilot, str(tmp_path / "run.md"))
        await pilot.press("enter")
        await until(pilot, "Saved")
        await until_gone(pilot, "file name, ending in")
        screen_of_policy = pilot.app.screen
        assert isinstance(screen_of_policy, LifecycleScreen)
        screen_of_policy._edited("{}")  # a test has no terminal for an editor
        await until(pilot, "Could not evaluate the policy")
        screen = await until_gone(pilot, "tagged main-")  # what the other policy would do
        assert "export" not in screen.splitlines()[-1]
        screen_of_policy._edited(policy(3))
        await until(pilot, "changed copy")
        await until(pilot, lambda screen: bool(re.search(r"newest 3 +1 +≤ ", row_of(screen, "tagged main-"))))
        await pilot.press("r")
        await until_gone(pilot, "changed copy")
        await pilot.press("enter", "enter")
        await until(pilot, f"{REPOSITORY} › main-0")
        await pilot.press("L")  # on the image screen
        await until(pilot, "rule 1 would expire")
        assert cursor_row(screen_text(pilot.app))
    saved = (tmp_path / "run.md").read_text()
    assert f"| 1 | expire | {REPOSITORY} | {old.digest} | main-0 |" in saved
    assert json.loads(client.get_lifecycle_policy(repositoryName=REPOSITORY)["lifecyclePolicyText"]) == json.loads(
        policy(2)
    )


async def test_a_tag_that_no_rule_selects_keeps_an_image(embedded: EmbeddedRegistry, client: Any) -> None:
    old, kept, _ = (push_image(client, REPOSITORY, name) for name in ("a", "b", "c"))
    for number in range(3):
        push_image(client, REPOSITORY, f"n{number}", f"main-{number}")
    rules = json.loads(policy(2))["rules"]
    rules[1]["selection"] |= {"countType": "imageCountMoreThan", "countNumber": 1}
    del rules[1]["selection"]["countUnit"]
    client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=json.dumps({"rules": rules}))
    async with running(embedded, REPOSITORY, size=(120, 35)) as pilot:
        await until(pilot, "images ·")
        await pilot.press("L")
        screen = await until(pilot, "rule 1 would expire")
        assert "another policy" in row_of(screen, "main-0 ")
        await pilot.press("j")
        screen = await until(pilot, "rule 2 would expire")
        assert "a tag that no rule selects" in row_of(screen, old.digest[7:19])
        await pilot.press("t")
        await until(pilot, "Select an image of the rule first. Press o")
        pilot.app.clear_notifications()
        await pilot.press("o", "j")
        await until(pilot, lambda text: kept.digest[7:19] in cursor_row(below(text, "oldest first")))
        screen = await retag(pilot, "keep")
        assert kept.digest[7:19] in row_of(screen, "Retag")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.press("enter")
        screen = await until_gone(pilot, "expire 2 now")
        assert kept.digest[7:19] not in below(screen, "oldest first")
        assert old.digest[7:19] in cursor_row(below(screen, "oldest first"))
    assert tags_of(client, REPOSITORY)["keep"] == kept.digest


async def test_a_list_that_was_read_before_a_write_does_not_take_the_write_back(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    images = [push_image(client, REPOSITORY, f"n{number}", f"main-{number}") for number in range(3)]
    client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=policy(2))
    listed, go = threading.Event(), threading.Event()

    def hold(document: object) -> None:
        listed.set()
        go.wait()

    async with running(embedded, REPOSITORY, size=(120, 35)) as pilot:
        await until(pilot, "images ·")
        await pilot.press("L")
        await until(pilot, "rule 1 would expire")
        screen = pilot.app.screen
        assert isinstance(screen, LifecycleScreen)
        embedded.faults.add(Fault("DescribeImages", EditedReply(hold), times=1))
        await pilot.press("ctrl+r")
        await until(pilot, lambda _: listed.is_set())
        engine = app_of(pilot).connect().engine
        report = engine.apply(engine.plan([TagChange(REPOSITORY, "keep", images[0].digest)]))
        update = asyncio.ensure_future(screen.refresh_after_write(report))
        await asyncio.wait({update}, timeout=0.5)  # the update waits for the list: it must not come first
        go.set()
        await update
        await until_idle(pilot, "load")
        shown = {image.digest: image.tags for image in screen.all_images() or ()}
        assert set(shown[images[0].digest]) == {"main-0", "keep"}


@pytest.mark.parametrize("size", [(80, 24), (120, 35)])
async def test_the_newest_write_of_an_image_is_undone_and_redone(
    embedded: EmbeddedRegistry, client: Any, size: tuple[int, int]
) -> None:
    images = [push_image(client, REPOSITORY, f"n{number}", f"main-{number}") for number in range(3)]
    client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=policy(2))
    async with running(embedded, REPOSITORY, size=size) as pilot:
        await until(pilot, "images ·")
        await pilot.press("L")
        await until(pilot, "rule 1 would expire")
        await pilot.press("u")
        await until(pilot, "Select an image of the rule first.")
        pilot.app.clear_notifications()
        await pilot.press("o", "u")
        await until(pilot, "There is nothing to undo here")
        await pilot.press("escape")
        await retag(pilot, "mine")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.press("enter")
        await until(pilot, lambda text: "mine" in cursor_row(below(text, "oldest first")))
        await pilot.press("u")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert tags_of(client, REPOSITORY).keys() == {"main-0", "main-1", "main-2"}
        await pilot.press("enter")
        await until(pilot, lambda text: "mine" not in cursor_row(below(text, "oldest first")))
        await pilot.press("U")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "✓ done")
    assert tags_of(client, REPOSITORY)["mine"] == images[0].digest


async def test_an_image_that_a_rule_of_higher_priority_keeps_is_listed(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "old", "main-1")
    gone = push_image(client, REPOSITORY, "older", "x")
    rules = json.loads(policy(2))["rules"]
    newest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}
    rules[1]["selection"] = newest
    client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=json.dumps({"rules": rules}))
    push_image(client, REPOSITORY, "new", "y")
    async with running(embedded, REPOSITORY, size=(80, 24)) as pilot:
        await until(pilot, "images ·")
        await pilot.press("L")
        screen = await until(pilot, "rule 2 would expire")
        assert re.search(r"expire +rule 1: a tag main-\*", row_of(screen, gone.digest[7:19]))
        assert re.search(r"stays +rule 1: newest 2", row_of(screen, image.digest[7:19]))


async def test_the_rules_are_not_known_without_the_permission(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, REPOSITORY, "one", "v1")
    embedded.faults.add("GetLifecyclePolicy:error:code=AccessDeniedException")
    async with running(embedded, REPOSITORY, size=(80, 24)) as pilot:
        await until(pilot, "image ·")
        await pilot.press("L")
        await until(pilot, "ecr:GetLifecyclePolicy")
        await pilot.press("t")
        await until(pilot, "There is no image here.")


async def test_the_dry_run_of_an_image_starts_with_the_rule_that_decides(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    for number in range(3):
        push_image(client, REPOSITORY, f"n{number}", f"main-{number}")
    first, second, _ = (push_image(client, REPOSITORY, f"u{number}") for number in range(3))
    rules = json.loads(policy(2))["rules"]
    rules[1]["selection"] = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}
    client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=json.dumps({"rules": rules}))
    async with running(embedded, f"{REPOSITORY}@{second.digest}", size=(120, 35)) as pilot:
        await until(pilot, "lifecycle rule 2 expires")
        await pilot.press("L")
        screen = await until(pilot, "rule 2 would expire")
        images = below(screen, "rule 2 would expire")
        assert first.digest[7:19] in images
        assert second.digest[7:19] in cursor_row(images)


async def test_the_dry_run_starts_with_the_first_rule_that_would_act(embedded: EmbeddedRegistry, client: Any) -> None:
    for number in range(2):
        push_image(client, REPOSITORY, f"u{number}")
    push_image(client, REPOSITORY, "prod", "prod")
    rules = json.loads(policy(2))["rules"]
    rules[1]["selection"] = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}
    client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=json.dumps({"rules": rules}))
    async with running(embedded, f"{REPOSITORY}:prod", size=(120, 35)) as pilot:
        await until(pilot, "stays: no rule selects it")
        await pilot.press("L")
        await until(pilot, "rule 2 would expire")


async def test_the_dry_run_says_what_happens_to_referrers(embedded: EmbeddedRegistry, client: Any) -> None:
    old, new = (push_image(client, REPOSITORY, name, f"main-{name}") for name in ("old", "new"))
    for image in (old, new):
        subject = {"mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest.encode())}
        signature = push_image(client, REPOSITORY, f"of {image.digest}", subject=subject)
    with embedded.database.write() as connection:
        moved = [(30, signature.digest), (1, old.digest)]
        connection.executemany("UPDATE images SET pushed_at = pushed_at - 86400 * ? WHERE digest = ?", moved)
    client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=policy(1))
    doubt = "! referrers whose subject stays: 1; AWS does not document whether rules act on them"
    async with running(embedded, REPOSITORY, size=(120, 35)) as pilot:
        await until(pilot, "images ·")
        await pilot.press("L")
        screen = await until(pilot, doubt)
        assert "not listed, but going within 24 hours of the subject: 1 referrer" in screen
        await pilot.press("E")
        screen = await until(pilot, "ECR and ecrtui agree")
        assert doubt not in screen, "ECR has answered"
