"""Retagging one image: planning, confirming, writing and the result."""

from __future__ import annotations

import asyncio
import itertools
import re
import threading
from typing import Any

import pytest
from textual.await_remove import AwaitRemove
from textual.widgets import Input

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.errors import UsageError
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.retag.plan_form_state import PlanFormState
from ecrtui.tui.retag.retag_form import RetagForm
from ecrtui.tui.table.table import Table
from tests.support.embedded import (
    client_for,
    create_repository,
    new_embedded,
    push_image,
    push_index,
    put,
    tags_of,
)
from tests.support.screen import (
    TIMEOUT,
    below,
    cursor_row,
    fill_in,
    open_pane,
    paste,
    retag,
    row_of,
    running,
    type_text,
    until,
    until_gone,
    until_planned,
)


async def test_a_tag_moves_and_the_put_image_response_appears_inline(embedded: EmbeddedRegistry, client: Any) -> None:
    old = push_image(client, "team/app", "old", "rc")
    new = push_image(client, "team/app", "new", "v2")
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "2 images")
        await pilot.press("slash")
        await type_text(pilot, "v2")
        await until(pilot, "1 match")
        await pilot.press("enter")
        screen = await retag(pilot, "rc")
        assert row_of(screen, "moves").split()[:3] == ["rc", "moves", old.digest[7:19]]
        assert f"{old.digest[7:19]} becomes untagged" in screen
        await pilot.press("enter")
        screen = await until(pilot, "✓ done")
        for label, value in (
            ("registry id", "123456789012"),
            ("repository", "team/app"),
            ("image digest", new.digest),
            ("image tag", "rc"),
            ("media type", new.media_type),
        ):
            assert f"  {label:<12}  {value}" in screen
        assert "request id" in screen
        assert tags_of(client, "team/app") == {"rc": new.digest, "v2": new.digest}


async def test_a_click_on_the_list_leaves_the_focus_in_the_form(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "one", "v1")
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "1 image")
        await retag(pilot, "rc")
        await pilot.click(Table, offset=(10, 1))
        await type_text(pilot, "-2")
        await until(pilot, "rc-2  new")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.click(Table, offset=(10, 1))
        await pilot.press("escape")
        await until_gone(pilot, "✓ done")


async def test_the_list_is_updated_after_a_retag_without_a_reload(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "old", "rc")
    new = push_image(client, "team/app", "new", "v2")
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "2 images · 2 tagged")
        push_image(client, "team/app", "later", "v3")  # only a reload would show it
        await retag(pilot, "rc")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        screen = await until(pilot, "2 images · 1 tagged")
        assert "<untagged>" in screen
        assert cursor_row(screen).split()[1:4] == ["rc", "v2", new.digest[7:19]]
        await pilot.press("enter")
        screen = await until_gone(pilot, "✓ done")
        assert "v3" not in screen
        await pilot.press("ctrl+r")
        await until(pilot, "3 images · 2 tagged")


async def test_the_returned_manifest_can_be_viewed(embedded: EmbeddedRegistry, client: Any) -> None:
    new = push_image(client, "team/app", "new", "v2")
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "1 image ·")
        await retag(pilot, "rc")
        await pilot.press("enter")
        await until(pilot, f"{len(new.manifest)} bytes, unchanged")
        await pilot.press("m")
        screen = await until(pilot, '"schemaVersion": 2')
        assert new.digest in screen
        await pilot.press("escape")
        await until(pilot, "enter close")


async def test_several_tags_can_be_added_at_once(embedded: EmbeddedRegistry, client: Any) -> None:
    new = push_image(client, "team/app", "new", "v2")
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "1 image ·")
        form = below(await retag(pilot, "one", "two", "v2"), "Retag")
        assert len(re.findall("new +→ ", form)) == 2
        assert "already there" in row_of(form, "v2   ")
        await pilot.press("enter")
        screen = await until(pilot, "enter close")
        assert screen.count("✓ done") == 2
        assert "✓ already there" in screen
        assert tags_of(client, "team/app") == dict.fromkeys(("one", "two", "v2"), new.digest)


async def test_tagging_a_platform_warns_that_it_is_not_the_index(embedded: EmbeddedRegistry, client: Any) -> None:
    index = push_index(client, "team/app", None, "multi")
    async with running(embedded, "team/app:multi", size=(140, 40)) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, "platforms · 2")
        await pilot.press("o", "down", "down", "down")
        await until(pilot, "platform    linux/arm64")
        await pilot.press("t")
        await until(pilot, f"not the index {index.digest[7:19]}")
        await fill_in(pilot, "arm")
        await until_planned(pilot)
        await pilot.press("enter")
        await until(pilot, "✓ done")
        arm = tags_of(client, "team/app")["arm"]
        assert arm in index.manifest


async def test_the_selected_digest_of_the_manifest_is_tagged(embedded: EmbeddedRegistry, client: Any) -> None:
    children = {
        "linux/amd64": push_image(client, "team/app", "amd"),
        "linux/arm64": push_image(client, "team/app", "arm"),
    }
    push_index(client, "team/app", children, "multi")
    async with running(embedded, "team/app:multi", size=(140, 40)) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, "platforms · 2")
        await pilot.press("tab", "tab")
        await until(pilot, "platform    linux/arm64")
        screen = await retag(pilot, "arm")
        assert "linux/arm64 alone, not the index" in screen
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert tags_of(client, "team/app")["arm"] == children["linux/arm64"].digest


async def test_without_a_selected_digest_the_image_itself_is_tagged(embedded: EmbeddedRegistry, client: Any) -> None:
    index = push_index(client, "team/app", None, "multi")
    async with running(embedded, "team/app:multi", size=(140, 40)) as pilot:
        await until(pilot, "linux/arm64")
        await retag(pilot, "again")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert tags_of(client, "team/app") == {"multi": index.digest, "again": index.digest}
        await pilot.press("enter")
        await until(pilot, "again   multi")


async def test_tags_are_validated_while_typing(shared_registry: EmbeddedRegistry) -> None:
    async with running(shared_registry, "team/app") as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("t")
        for typed, complaint in (
            ("-x", "cannot start with"),
            ("a/b", "cannot contain '/'"),
            ("ok a@b", "cannot contain '@'"),
            ("x" * 129, "128"),
        ):
            await until(pilot, "new tags, separated")
            await paste(pilot, typed)
            screen = await until(pilot, complaint)
            assert "enter apply" not in screen
            await pilot.press("enter")
            await until(pilot, complaint)
            await pilot.press("ctrl+u")
        assert shared_registry.calls["PutImage"] == PUSHED


async def test_esc_closes_the_form_without_writing(shared_registry: EmbeddedRegistry) -> None:
    async with running(shared_registry, "team/app") as pilot:
        await until(pilot, "1 image ·")
        await retag(pilot, "new")
        await pilot.press("escape")
        await until_gone(pilot, "Retag")
        await until(pilot, "1 image ·")
        assert shared_registry.calls["PutImage"] == PUSHED


async def test_a_tag_that_is_already_there_succeeds_without_a_write(shared_registry: EmbeddedRegistry) -> None:
    async with running(shared_registry, "team/app") as pilot:
        await until(pilot, "1 image ·")
        screen = await retag(pilot, "v1")
        assert "already there" in screen
        await pilot.press("enter")
        await until(pilot, "✓ already there")
        assert shared_registry.calls["PutImage"] == PUSHED


PUSHED = 1
"""PutImage calls that the shared registry has had when a test begins."""


@pytest.fixture(scope="module")
def shared_registry() -> EmbeddedRegistry:
    """A registry of one image, for tests that only read."""
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "v1")
    return embedded


async def test_an_immutable_tag_is_refused_with_its_filter(embedded: EmbeddedRegistry, client: Any) -> None:
    create_repository(client, "team/frozen", "IMMUTABLE_WITH_EXCLUSION", ["dev*"])
    old = push_image(client, "team/frozen", "old", "v1")
    dev = push_image(client, "team/frozen", "dev", "dev-1")
    new = push_image(client, "team/frozen", "new", "v2")
    async with running(embedded, "team/frozen", size=(140, 30)) as pilot:
        await until(pilot, "3 images")
        form = below(await retag(pilot, "v1", "dev-1"), "Retag")
        assert "refused: the tag exists" in row_of(form, "v1   ")
        assert "no exclusion filter matches" in row_of(form, "refused")
        assert dev.digest[7:19] in row_of(form, "moves")
        assert "enter apply" not in form
        await pilot.press("enter")
        await until(pilot, "Cannot apply: a step is refused")
        await pilot.press(*["backspace"] * len("v1 dev-1"))
        await fill_in(pilot, "dev-1")
        assert "refused" not in await until_planned(pilot)
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert tags_of(client, "team/frozen") == {"v1": old.digest, "v2": new.digest, "dev-1": new.digest}


async def test_the_filter_that_makes_a_tag_immutable_is_named(embedded: EmbeddedRegistry, client: Any) -> None:
    create_repository(client, "team/mixed", "MUTABLE_WITH_EXCLUSION", ["release-*"])
    push_image(client, "team/mixed", "old", "release-1")
    push_image(client, "team/mixed", "new", "v2")
    async with running(embedded, "team/mixed") as pilot:
        await until(pilot, "2 images")
        form = below(await retag(pilot, "release-1"), "Retag")
        assert "release-*" in row_of(form, "refused")


async def test_immutability_set_after_planning_shows_the_service_error(embedded: EmbeddedRegistry, client: Any) -> None:
    old = push_image(client, "team/app", "old", "rc")
    push_image(client, "team/app", "new", "v2")
    async with running(embedded, "team/app", size=(140, 30)) as pilot:
        await until(pilot, "2 images")
        await retag(pilot, "rc")
        client.put_image_tag_mutability(repositoryName="team/app", imageTagMutability="IMMUTABLE")
        await pilot.press("enter")
        screen = await until(pilot, "✗ refused")
        assert "The tag is immutable" in screen
        assert "next: " in screen
        assert tags_of(client, "team/app")["rc"] == old.digest
        await pilot.press("r")
        await until(pilot, "the tag exists, and the repository is immutable")


async def test_a_tag_that_moved_after_planning_is_left_alone(embedded: EmbeddedRegistry, client: Any) -> None:
    old = push_image(client, "team/app", "old", "rc")
    other = push_image(client, "team/app", "other", "v1")
    push_image(client, "team/app", "new", "v2")
    writes = embedded.calls["PutImage"]
    async with running(embedded, "team/app", size=(140, 30)) as pilot:
        await until(pilot, "3 images")
        await retag(pilot, "rc")
        put(client, "team/app", other.manifest, "rc", other.media_type)
        await pilot.press("enter")
        await until(pilot, "✗ moved by someone else")
        screen = await until(pilot, lambda screen: "r try again" in screen.splitlines()[-1])
        row = row_of(screen, "✗ moved")
        assert old.digest[7:19] in row
        assert other.digest[7:19] in row
        assert "nothing was written" in screen
        assert tags_of(client, "team/app")["rc"] == other.digest
        assert embedded.calls["PutImage"] == writes + 1  # the other one's
        await pilot.press("r")  # plans again from where the tag is now
        form = below(await until(pilot, "enter apply"), "Retag ")
        assert other.digest[7:19] in row_of(form, "moves")
        await pilot.press("enter")
        await until(pilot, "✓ done")


async def test_a_plan_is_applied_once_however_often_it_is_confirmed(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "content", "v1")
    writes, reply = itertools.count(), threading.Event()

    def hold() -> None:
        next(writes)
        reply.wait(TIMEOUT)

    embedded.faults.before("PutImage", hold, times=None)
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "1 image")
        await retag(pilot, "rc")
        await pilot.press("end")
        field = pilot.app.screen.query_one(RetagForm).field
        for _ in range(2):  # as two keys of which the second one did not wait
            field.post_message(Input.Submitted(field, field.value))
        await until(pilot, "writing…")
        reply.set()
        await until(pilot, "✓ done")
        await until(pilot, lambda screen: "writing" not in screen)
        assert next(writes) == 1


async def test_a_write_with_a_lost_reply_is_reported_as_done(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "old", "rc")
    new = push_image(client, "team/app", "new", "v2")
    embedded.faults.add("PutImage:drop-after:times=1")
    async with running(embedded, "team/app", size=(140, 30)) as pilot:
        await until(pilot, "2 images")
        await retag(pilot, "rc")
        await pilot.press("enter")
        screen = await until(pilot, "✓ done")
        assert "the write was applied" in screen
        assert tags_of(client, "team/app")["rc"] == new.digest
        await until(pilot, "<untagged>")


async def test_a_write_without_an_answer_is_unknown_and_can_be_retried(embedded: EmbeddedRegistry, client: Any) -> None:
    old = push_image(client, "team/app", "old", "rc")
    new = push_image(client, "team/app", "new", "v2")
    embedded.faults.add("PutImage:drop-before:times=1")
    async with running(embedded, "team/app", size=(140, 30)) as pilot:
        await until(pilot, "2 images")
        await retag(pilot, "rc")
        await pilot.press("enter")
        screen = await until(pilot, "? unknown")
        assert "not applied so far, but the service may still apply it" in " ".join(screen.split())
        assert tags_of(client, "team/app")["rc"] == old.digest
        await pilot.press("r")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert tags_of(client, "team/app")["rc"] == new.digest


async def test_a_write_that_cannot_be_confirmed_is_unknown(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "old", "rc")
    push_image(client, "team/app", "new", "v2")
    async with running(embedded, "team/app", size=(140, 30)) as pilot:
        await until(pilot, "2 images")
        await retag(pilot, "rc")
        embedded.faults.add("PutImage:drop-after")
        embedded.faults.before("PutImage", lambda: embedded.faults.add("DescribeImages:unavailable"))
        await pilot.press("enter")
        screen = await until(pilot, "? unknown")
        assert "✓ done" not in screen
        assert "could not confirm the result" in screen


async def test_permanent_throttling_fails_with_the_service_error(embedded: EmbeddedRegistry, client: Any) -> None:
    old = push_image(client, "team/app", "old", "rc")
    push_image(client, "team/app", "new", "v2")
    requests, go = itertools.count(1), threading.Event()
    throttle = embedded.faults.add("PutImage:throttle:message=Rate exceeded for PutImage")
    # The client itself repeats a request a few times. This holds a request of a later attempt.
    embedded.faults.before("PutImage", lambda: next(requests) < 6 or go.wait(), times=None)
    async with running(embedded, "team/app", size=(140, 30), unhurried=False) as pilot:
        await until(pilot, "2 images")
        await retag(pilot, "rc")
        await pilot.press("enter")
        await until(pilot, "! ECR is throttling requests: Rate exceeded for PutImage. Trying again.")
        go.set()
        screen = await until(pilot, "✗ failed")
        assert "ECR is throttling requests" in screen
        assert "Rate exceeded" in screen
        assert throttle.hits > 1
        assert tags_of(client, "team/app")["rc"] == old.digest
        embedded.faults.clear()
        await pilot.press("r")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "✓ done")


async def test_temporary_throttling_is_retried_silently(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "new", "v2")
    embedded.faults.add("PutImage:throttle:times=2")
    async with running(embedded, "team/app", unhurried=False) as pilot:
        await until(pilot, "1 image ·")
        await retag(pilot, "rc")
        await pilot.press("enter")
        assert "fewer requests" not in await until(pilot, "✓ done")


@pytest.mark.parametrize(
    ("fault", "title", "words"),
    [
        (
            "PutImage:error:code=ExpiredTokenException:message=The security token included in the request is expired",
            "The credentials have expired",
            "security token",
        ),
        (
            "PutImage:error:code=AccessDeniedException:message=User jane is not authorized to perform PutImage",
            "Access denied",
            "User jane is not authorized",
        ),
        (
            "BatchGetImage:error:code=AccessDeniedException:message=User jane is not authorized to read",
            "nothing was sent",
            "User jane is not authorized",
        ),
    ],
)
async def test_access_denied_is_shown_once_with_a_hint_and_can_be_retried(
    fault: str, title: str, words: str, embedded: EmbeddedRegistry, client: Any
) -> None:
    push_image(client, "team/app", "new", "v2")
    embedded.faults.add(fault)
    async with running(embedded, "team/app", size=(140, 30)) as pilot:
        await until(pilot, "1 image ·")
        await retag(pilot, "rc rc-2")
        await pilot.press("enter")
        screen = await until(pilot, title)
        assert screen.count(words) == 1
        assert "✗ " in screen
        assert "next: " in screen
        embedded.faults.clear()
        await pilot.press("r")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "✓ done")


async def test_a_planning_error_appears_in_the_form_and_can_be_retried(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "new", "v2")
    async with running(embedded, "team/app", size=(140, 30)) as pilot:
        await until(pilot, "1 image ·")
        embedded.faults.add("DescribeImages:unavailable")
        await pilot.press("t")
        await until(pilot, "new tags, separated")
        await type_text(pilot, "rc")
        screen = await until(pilot, "The service failed")
        assert "enter apply" not in screen
        assert "esc cancel enter try again" in await until(pilot, "try again"), "the field takes r as text"
        embedded.faults.clear()
        await pilot.press("enter")
        await until(pilot, "enter apply")


async def test_a_protected_tag_must_be_typed_to_confirm(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "old", "prod")
    new = push_image(client, "team/app", "new", "v2")
    async with running(embedded, "team/app", size=(140, 30)) as pilot:
        await until(pilot, "2 images")
        screen = await retag(pilot, "prod")
        assert "protected" in row_of(screen, "moves")
        await pilot.press("enter")
        await until(pilot, "Type prod to confirm")
        await type_text(pilot, "pro")
        await pilot.press("enter")
        await until(pilot, "not confirmed: prod")
        assert tags_of(client, "team/app")["prod"] != new.digest
        await type_text(pilot, "d")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert tags_of(client, "team/app")["prod"] == new.digest


async def test_esc_at_the_confirmation_returns_to_the_plan(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "new", "v2")
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "1 image ·")
        await retag(pilot, "prod")
        await pilot.press("enter")
        await until(pilot, "Type prod to confirm")
        await pilot.press("escape")
        await until_gone(pilot, "to confirm")
        await until(pilot, "enter apply")
        await pilot.press("escape")
        await until_gone(pilot, "Retag")
        assert "prod" not in tags_of(client, "team/app")


async def test_a_plan_or_an_error_for_earlier_tags_or_a_closed_form_is_ignored(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    push_image(client, "team/app", "content", "v1")
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "1 image")
        await retag(pilot, "rc")
        form = pilot.app.screen.query_one(PlanForm)
        plan = form.state.plan
        assert plan is not None
        form.request_plan(("rc-1",))
        form.show_plan(plan, ("rc",))
        form.show_error(UsageError("The service failed"), ("rc",))
        assert (form.state.plan, form.state.error, form.state.planning) == (None, None, True)
        removal = asyncio.ensure_future(_finished(form.remove()))
        while not removal.done():
            form.state = PlanFormState()
            form.show_plan(plan)
            await asyncio.sleep(0)
        screen = await until_gone(pilot, "Retag")
        assert "defect" not in screen
        assert "1 image" in screen


async def _finished(removal: AwaitRemove) -> None:
    await removal


@pytest.mark.parametrize("tags_before", ["", "rc"])
async def test_enter_before_the_plan_is_reported_and_writes_nothing(
    embedded: EmbeddedRegistry, client: Any, tags_before: str
) -> None:
    push_image(client, "team/app", "content", "v1")
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "1 image")
        await pilot.press("t", *tags_before)
        if tags_before:
            await until(pilot, f"{tags_before}  new")
        plan = threading.Event()
        embedded.faults.before("DescribeImages", plan.wait, times=None)
        await pilot.press(*"rc", "enter")
        await until(pilot, "enter came before the plan")
        plan.set()
        screen = await until(pilot, f"{tags_before}rc  new")
        assert "enter came before the plan" in screen
        assert list(tags_of(client, "team/app")) == ["v1"]
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert sorted(tags_of(client, "team/app")) == [f"{tags_before}rc", "v1"]


async def test_the_form_shows_the_last_plan_until_the_next_one_is_made(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, "team/app", "content", "v1")
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "1 image")
        await retag(pilot, "rc rd")
        form = pilot.app.screen.query_one(RetagForm)
        form.plan_delay = 3600
        plan = threading.Event()
        embedded.faults.before("DescribeImages", plan.wait, times=None)
        await pilot.press("space")
        assert not form.state.planning
        before = await until(pilot, "enter apply")
        await pilot.press("backspace", "2")
        after = await until(pilot, "rc rd2")
        assert after.replace("rd2", "rd") == before
        plan.set()
        before = await until(pilot, "rd2  new")
        plan.clear()
        embedded.faults.before("DescribeImages", plan.wait, times=None)
        form.plan_delay = 0
        await pilot.press("3")
        after = await until(pilot, "checking current tags…")
        assert "rd2  new" not in after
        assert "enter …     esc cancel" in after
        assert row_number(after, " Retag ") == row_number(before, " Retag ")
        plan.set()
        assert "enter apply esc cancel" in await until(pilot, "rd23  new")


def row_number(screen: str, words: str) -> int:
    return screen.splitlines().index(row_of(screen, words))
