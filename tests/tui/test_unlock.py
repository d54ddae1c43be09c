"""A read-only registry is unlocked for some minutes. The header shows how long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.paths import settings_file
from ecrtui.tui.textual_fixes.footer import Footer
from tests.support.embedded import push_image
from tests.support.screen import app_of, retag, running, type_text, until


async def unlock(pilot: Any, answer: str) -> None:
    """Ask to allow writes, and answer the question."""
    await pilot.press("exclamation_mark")
    await until(pilot, "Type yes")
    await type_text(pilot, answer)
    await pilot.press("enter")


def dimmed(pilot: Any) -> set[str]:
    """Return the labels that the footer dims."""
    return {hint.label for hint in pilot.app.screen.query_one(Footer).hints if not hint.enabled}


async def test_actions_that_write_say_why_they_do_not_work_now(one_image: EmbeddedRegistry, own_home: Path) -> None:
    file = settings_file()
    file.parent.mkdir(parents=True)
    file.write_text("unlock_minutes = 61\n[accounts.123456789012]\nread_only = true\n")
    reason = "Read-only: ecrtui writes nothing in 123456789012, eu-west-1. Press ! to allow writes"
    async with running(one_image, "team/app", size=(140, 60)) as pilot:
        await until(pilot, "READ-ONLY")
        await until(pilot, "1 image ·")
        await pilot.press("t")
        await until(pilot, "Read-only: ecrtui writes nothing")
        assert dimmed(pilot) == {"tag", "undo"}
        await pilot.press("colon")
        await type_text(pilot, "remove tags")
        await until(pilot, f"Not now: {reason}")
        await pilot.press("escape", "question_mark")
        screen = await until(pilot, "Keyboard shortcuts")
        assert reason in screen
        lines = screen.splitlines()
        assert "✗ t " in next(line for line in lines if "Give this image another tag" in line)
        assert "✗" not in next(line for line in lines if "Copy this image, or the marked ones" in line), (
            "it writes there"
        )
        await pilot.press("escape")
        await unlock(pilot, "yes")
        await until(pilot, "READ-WRITE 1 h")
        assert dimmed(pilot) == set()
        await retag(pilot, "new")


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
        await until(pilot, "Writes are still refused: the answer was not yes.")
        await until(pilot, "READ-ONLY")
        await unlock(pilot, "yes")
        await until(pilot, "READ-WRITE 1 h 0 min")
        assert not app_of(pilot).connect().engine.read_only
        await pilot.press("exclamation_mark")
        await until(pilot, "READ-ONLY")
        assert app_of(pilot).connect().engine.read_only


async def test_a_plan_keeps_its_removed_rows_when_writes_are_refused_again(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    for name in ("one", "two"):
        push_image(client, "team/app", name, name)
    file = settings_file()
    file.parent.mkdir(parents=True)
    file.write_text("[accounts.123456789012]\nread_only = true\n")
    async with running(embedded, "team/app", size=(140, 30)) as pilot:
        await until(pilot, "2 images")
        await unlock(pilot, "yes")
        await until(pilot, "READ-WRITE")
        await pilot.press("asterisk", "t")
        await until(pilot, "Plan ›")
        await type_text(pilot, "{tag}-x")
        await pilot.press("enter")
        await until(pilot, "2 tags")
        await pilot.press("x")
        await until(pilot, "1 tag")
        await pilot.press("exclamation_mark")
        screen = await until(pilot, "ecrtui is in read-only mode")
        assert "one-x" in screen
        assert "two-x" not in screen


async def test_a_flag_cannot_be_unlocked(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, size=(140, 30), read_only=True) as pilot:
        await until(pilot, "READ-ONLY")
        await pilot.press("exclamation_mark")
        screen = await until(pilot, "Writes cannot be unlocked")
        assert "read_only was set by --read-only." in " ".join(screen.replace("▌", " ").split())
        assert "Type yes" not in screen
