"""Frames follow a change at once, and there are not too many of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.screen import UPDATE_PERIOD, Screen
from textual.widgets import Static

from ecrtui.tui.textual_fixes.frame_hold import HeldFrames
from ecrtui.tui.textual_fixes.frame_timer import GATHER, FramePace, PromptFrames


def test_two_frames_follow_each_other_without_a_pause() -> None:
    pace = FramePace()
    first = pace.due(10.0)
    pace.drawn(first)
    assert first == 10.0 + GATHER
    assert pace.due(first) == first + GATHER


@given(changes=st.lists(st.floats(0, 0.05), min_size=3, max_size=60))
def test_no_three_frames_are_drawn_within_the_time_of_two(changes: list[float]) -> None:
    """Each number is the time from a frame to the next change."""
    pace, now = FramePace(), 100.0
    frames = []
    for pause in changes:
        now = pace.due(now + pause)
        pace.drawn(now)
        frames.append(now)
    assert all(third - first >= 2 * UPDATE_PERIOD - 1e-9 for first, third in zip(frames, frames[2:], strict=False))


class PromptScreen(PromptFrames, Screen[None]):
    """A screen with one text."""

    def compose(self) -> ComposeResult:
        yield Failing("one")


class Failing(Static):
    """A text that cannot be drawn once it is "fail"."""

    def render_line(self, y: int) -> Any:
        if self.content == "fail":
            raise RuntimeError(self.content)
        return super().render_line(y)


class ChangingScreen(PromptScreen):
    """A screen that says some times after :meth:`start` that it changes soon."""

    _left = 0
    drawn: asyncio.Future[bool] | None = None
    """Gets whether the screen said so when a frame was drawn."""

    def start(self) -> asyncio.Future[bool]:
        self._left = 10
        self.drawn = asyncio.get_running_loop().create_future()
        return self.drawn

    @property
    def changes_soon(self) -> bool:
        self._left -= 1
        return self._left > 0

    def _on_timer_update(self) -> None:
        if self.drawn is not None and not self.drawn.done():
            self.drawn.set_result(self._left > 0)
        super()._on_timer_update()


class PromptApp(App[None]):
    """An application with such a screen."""

    def __init__(self, screen: type[PromptScreen] = PromptScreen) -> None:
        super().__init__()
        self._first_screen = screen

    def get_default_screen(self) -> Screen[Any]:
        return self._first_screen()


async def test_each_change_is_drawn() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        for text in ("two", "three", "four", "five"):
            app.screen.query_one(Failing).update(text)
            await pilot.pause()
            strips = app.screen._compositor.render_strips()
            assert strips[0].text.startswith(text)


async def test_a_frame_waits_while_the_screen_changes_soon() -> None:
    app = PromptApp(ChangingScreen)
    async with app.run_test() as pilot:
        screen = app.screen
        assert isinstance(screen, ChangingScreen)
        await pilot.pause()
        for text in ("two", "three"):
            drawn = screen.start()
            screen.query_one(Failing).update(text)
            assert not await drawn


class HeldScreen(HeldFrames, PromptScreen):
    """A screen that does not draw a frame that is held. It tells when one was due."""

    def __init__(self) -> None:
        super().__init__()
        self.due = asyncio.Event()

    def _compositor_refresh(self) -> None:
        super()._compositor_refresh()
        self.due.set()


class HeldApp(PromptApp):
    """An application that can hold all frames."""

    is_holding = False

    def holds_frame(self, screen: Screen[Any]) -> bool:
        return self.is_holding


@pytest.mark.parametrize("held", [False, True])
async def test_only_a_frame_that_is_drawn_delays_later_ones(held: bool) -> None:
    app = HeldApp(HeldScreen)
    async with app.run_test() as pilot:
        await pilot.pause()
        screen, app.is_holding = app.screen, held
        assert isinstance(screen, HeldScreen)
        timer = screen._update_timer
        timer._pace = FramePace()
        for number in range(5):
            screen.due.clear()
            screen.query_one(Failing).update(f"{number}")
            await screen.due.wait()
        assert (timer._pace.due(0.0) == GATHER) is held


async def test_an_error_while_a_frame_is_drawn_ends_the_application() -> None:
    app = PromptApp()
    with pytest.raises(RuntimeError, match="fail"):
        async with app.run_test() as pilot:
            app.screen.query_one(Failing).update("fail")
            await pilot.pause()
