"""A read-only registry is unlocked for some minutes. The header shows how long."""

from __future__ import annotations

from typing import Any

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.paths import settings_file
from tests.support.screen import app_of, running, type_text, until, until_gone


async def unlock(pilot: Any, answer: str) -> None:
    """Ask to allow writes, and answer the question."""
    await pilot.press("exclamation_mark")
    await until(pilot, "Type yes")
    await type_text(pilot, answer)
    await pilot.press("enter")


async def test_read_only_is_unlocked_and_locked_again(one_image: EmbeddedRegistry) -> None:
    file = settings_file()
    file.parent.mkdir(parents=True)
    file.write_text('unlock_minutes = 61\n[accounts."1234*"]\nread_only = true\n')
    async with running(one_image, size=(140, 30)) as pilot:
        await until(pilot, "READ-ONLY")
        await pilot.press("exclamation_mark")
        await until(pilot, "eu-west-1 for 61 min? Type yes.")
        await pilot.press("escape")
        await unlock(pilot, "no")
        await until(pilot, "READ-ONLY")
        await unlock(pilot, "yes")
        await until(pilot, "READ-WRITE 1 h 0 min")
        assert not app_of(pilot).connect().engine.read_only
        await pilot.press("exclamation_mark")
        await until(pilot, "READ-ONLY")
        assert app_of(pilot).connect().engine.read_only


async def test_a_flag_cannot_be_unlocked(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, size=(140, 30), read_only=True) as pilot:
        await until(pilot, "READ-ONLY")
        await unlock(pilot, "yes")
        await until(pilot, "Writes cannot be unlocked")
        await until_gone(pilot, "Type yes")
