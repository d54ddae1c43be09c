"""A change is drawn when its waiting ends."""

from __future__ import annotations

import asyncio
from typing import Any

from textual.app import App, ComposeResult
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Static

from ecrtui.tui.textual_fixes.drawn_changes import draw_changes
from ecrtui.tui.textual_fixes.frame_timer import PromptFrames


class Drawn(Static):
    """A text that knows what of it was drawn."""

    text = ""

    def render_line(self, y: int) -> Any:
        self.text = str(self.content)
        return super().render_line(y)


class WatchingScreen(PromptFrames, Screen[None]):
    """A screen that shows its value in a coroutine."""

    value: var[str] = var("")

    def compose(self) -> ComposeResult:
        yield Drawn()

    async def watch_value(self, value: str) -> None:
        self.query_one(Drawn).update(value)

    async def after_refresh(self) -> None:
        drawn = asyncio.Event()
        self.call_after_refresh(drawn.set)
        await drawn.wait()


async def test_a_change_is_drawn_when_its_waiting_ends() -> None:
    async with App[None]().run_test() as pilot:
        screen = WatchingScreen()
        await pilot.app.push_screen(screen)
        await pilot.pause()
        text = screen.query_one(Drawn)
        screen.value = "one"
        await draw_changes(screen)
        assert text.text == "one"
        screen.value = "two"
        await screen.after_refresh()
        assert text.text == "one", "delete drawn_changes.py"  # the canary
