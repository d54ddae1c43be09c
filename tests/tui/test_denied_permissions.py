"""What ECR has denied, and the policy that allows it."""

from __future__ import annotations

import gc
from copy import copy
from weakref import ref

import pytest

from ecrtui.connections import SessionFactory
from ecrtui.ecr.permissions import Denial
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import app_of, running, type_text, until


def registry_with_an_image() -> EmbeddedRegistry:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "v1")
    return embedded


async def test_the_palette_shows_what_was_denied_and_copies_the_policy_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/9")  # the clipboard of the terminal, not that of the developer
    embedded = registry_with_an_image()
    async with running(embedded, "team/app", size=(120, 35)) as pilot:
        app = app_of(pilot)
        assert isinstance(app.connect, SessionFactory)
        app.connect.talk_through(app)
        await until(pilot, "v1")
        await pilot.press("colon")
        await type_text(pilot, "permissions")
        await until(pilot, "Show what ECR has denied")
        await pilot.press("enter")
        await until(pilot, "ECR has denied no request over this connection.")
        embedded.faults.add("GetLifecyclePolicy:error:code=AccessDeniedException")
        await pilot.press("escape", "enter")
        await until(pilot, "ecr:GetLifecyclePolicy")
        await pilot.press("colon")
        await type_text(pilot, "permissions")
        await until(pilot, "Show what ECR has denied")
        await pilot.press("enter")
        screen = await until(pilot, "ecr:GetLifecyclePolicy  to say what a lifecycle policy would do")
        assert "in team/app" in screen
        await pilot.press("c")
        await until(pilot, "IAM policy")
        await pilot.press("1")
        await until(pilot, "Copy IAM policy: not confirmed")
        assert '"Resource": "arn:aws:ecr:eu-west-1:123456789012:repository/team/app"' in app.clipboard


async def test_what_was_denied_does_not_keep_a_connection_that_was_left() -> None:
    async with running(registry_with_an_image(), "team/app") as pilot:
        app = app_of(pilot)
        await until(pilot, "v1")
        source = copy(app.connect)
        app.note_denial(source, Denial("PutImage"), denied=True)
        assert app.denials_of(source) == (Denial("PutImage"),)
        left = ref(source)
        del source
        gc.collect()
        assert left() is None
