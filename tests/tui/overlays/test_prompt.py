"""The prompt for an MFA code."""

from __future__ import annotations

import asyncio

import pytest

from ecrtui.errors import CredentialsError
from ecrtui.tui import blocking
from ecrtui.tui.base_screen import AppScreen
from tests.support.embedded import new_embedded
from tests.support.screen import TIMEOUT, app_of, running, type_text, until


async def test_an_mfa_code_is_requested_on_the_screen() -> None:
    async with running(new_embedded()) as pilot:
        waiting = asyncio.ensure_future(
            blocking.run_blocking(app_of(pilot).ask_for_code, "MFA code of arn:aws:iam::1:mfa/me: ")
        )
        await until(pilot, "MFA code of")
        await pilot.press("enter")
        await until(pilot, "Nothing is typed yet. Press esc to cancel.")
        await type_text(pilot, "123456")
        await pilot.press("enter")
        assert await waiting == "123456"


async def test_a_prompt_that_opens_while_its_screen_is_left_stays_open() -> None:
    async with running(new_embedded()) as pilot:
        left = app_of(pilot).screen
        assert isinstance(left, AppScreen)
        waiting = asyncio.ensure_future(blocking.run_blocking(app_of(pilot).ask_for_code, "MFA code: "))
        await until(pilot, "MFA code")
        left.action_back()  # the key came first, and its message comes now
        await pilot.pause()
        await type_text(pilot, "123456")
        await pilot.press("enter")
        assert await asyncio.wait_for(waiting, TIMEOUT) == "123456"


async def test_without_an_mfa_code_signing_in_fails_with_the_next_step() -> None:
    async with running(new_embedded()) as pilot:
        waiting = asyncio.ensure_future(blocking.run_blocking(app_of(pilot).ask_for_code, "MFA code: "))
        await until(pilot, "MFA code")
        await pilot.press("escape")
        with pytest.raises(CredentialsError) as refused:
            await waiting
        assert refused.value.hint
