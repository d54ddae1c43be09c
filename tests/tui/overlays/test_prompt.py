"""Overlays: the comparison of two images, and the prompt for an MFA code."""

from __future__ import annotations

import asyncio

import pytest

from ecrtui.errors import CredentialsError
from ecrtui.tui import blocking
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import app_of, running, type_text, until


async def test_the_image_under_the_cursor_is_compared_with_the_marked_one() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    old, new = push_image(client, "team/app", "old", "v1"), push_image(client, "team/app", "new", "v2")
    async with running(embedded, "team/app", size=(140, 40)) as pilot:
        await until(pilot, "2 images")
        await pilot.press("D")
        await until(pilot, "Mark one image")
        await pilot.press("g", "space", "D")
        screen = await until(pilot, f"{new.digest[7:19]} → {old.digest[7:19]}")
        assert "config.config.Labels.name" in screen
        assert '- "new"' in screen
        assert '+ "old"' in screen


async def test_an_mfa_code_is_requested_on_the_screen() -> None:
    async with running(new_embedded()) as pilot:
        waiting = asyncio.ensure_future(
            blocking.run_blocking(app_of(pilot).ask_for_code, "MFA code of arn:aws:iam::1:mfa/me: ")
        )
        await until(pilot, "MFA code of")
        await type_text(pilot, "123456")
        await pilot.press("enter")
        assert await waiting == "123456"


async def test_without_an_mfa_code_signing_in_fails_with_the_next_step() -> None:
    async with running(new_embedded()) as pilot:
        waiting = asyncio.ensure_future(blocking.run_blocking(app_of(pilot).ask_for_code, "MFA code: "))
        await until(pilot, "MFA code")
        await pilot.press("escape")
        with pytest.raises(CredentialsError) as refused:
            await waiting
        assert refused.value.hint
