"""An incomplete frame after an input waits for the rest, but not for long; all other frames are written at once."""

from __future__ import annotations

import asyncio

import pytest
from rich.console import RenderableType
from textual._compositor import ChopsUpdate
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static

from ecrtui.tui.textual_fixes.frame_hold import FrameHold, HeldFrames, is_complete
from ecrtui.tui.textual_fixes.frame_timer import PromptFrames


class WaitingScreen(Screen[None]):
    awaits_content = True
    arranges_content = False

    def compose(self) -> ComposeResult:
        yield Vertical(Static("text"), id="box")


class HeldScreen(PromptFrames, HeldFrames, WaitingScreen):
    """A screen that does not draw a frame that is held."""


class HeldApp(App[None]):
    """An application that holds frames as a test wants."""

    is_holding = False

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[RenderableType] = []
        """What was drawn."""

    def get_default_screen(self) -> Screen[None]:
        return HeldScreen()

    def holds_frame(self, screen: Screen[None]) -> bool:
        return self.is_holding

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if renderable is not None:
            self.drawn.append(renderable)
        super()._display(screen, renderable)


async def test_a_held_frame_is_not_drawn_and_the_next_one_shows_its_changes() -> None:
    app = HeldApp()
    async with app.run_test() as pilot:
        text = app.screen.query_one(Static)
        await pilot.pause()
        app.drawn.clear()
        app.is_holding = True
        for number in range(3):
            text.update(f"new {number}")
            await pilot.pause()
        assert not app.drawn
        app.is_holding = False
        app.screen._compositor_refresh()
        (update,) = app.drawn
        assert isinstance(update, ChopsUpdate)
        assert "new 2" in "".join(strip.text for line in update.chops for strip in line.values() if strip is not None)


class HoldApp(App[None]):
    def get_default_screen(self) -> Screen[None]:
        return WaitingScreen()


@pytest.mark.parametrize(
    ("events", "held"),
    [
        (["incomplete"], False),
        (["input", "complete"], False),
        (["input", "incomplete"], True),
        (["input", "incomplete", "complete"], False),
        (["input", "complete", "incomplete"], True),
        (["input", "incomplete", "expired", "incomplete"], False),
        (["input", "incomplete", "expired", "input", "incomplete"], True),
    ],
)
async def test_only_an_incomplete_frame_after_an_input_is_held(events: list[str], held: bool) -> None:
    async with HoldApp().run_test() as pilot:
        released = asyncio.Event()
        hold = FrameHold(released.set, longest=0)
        screen = pilot.app.screen
        assert isinstance(screen, WaitingScreen)
        for event in events:
            if event == "input":
                hold.input_arrived()
            elif event == "expired":
                await released.wait()
            else:
                screen.awaits_content = event == "incomplete"
                hold.frame_due(screen)
        assert hold.is_active is held


async def test_a_frame_is_incomplete_until_its_widgets_exist() -> None:
    async with HoldApp().run_test() as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, WaitingScreen)
        screen.awaits_content = False
        assert is_complete(screen)
        mounting = screen.query_one("#box").mount(Static("more"))
        assert not is_complete(screen)
        await mounting
        assert is_complete(screen)


def hold_arranging(app: App[None], released: asyncio.Event, longest: float, longest_work: float) -> WaitingScreen:
    """Hold a frame of a screen that the application itself works on. Return the screen."""
    screen = app.screen
    assert isinstance(screen, WaitingScreen)
    screen.arranges_content = True
    hold = FrameHold(released.set, longest, longest_work)
    hold.input_arrived()
    hold.frame_due(screen)
    assert hold.is_active
    return screen


@pytest.mark.parametrize("end", ["the work is done", "another screen is on top"])
async def test_a_frame_is_held_for_longer_while_the_application_itself_works(end: str) -> None:
    async with HoldApp().run_test() as pilot:
        released = asyncio.Event()
        screen = hold_arranging(pilot.app, released, longest=0, longest_work=1)
        for _ in range(5):
            await asyncio.sleep(0)
        assert not released.is_set()
        if end == "the work is done":
            screen.arranges_content = False
        else:
            await pilot.app.push_screen(Screen())
        await released.wait()


async def test_no_frame_is_held_for_ever() -> None:
    async with HoldApp().run_test() as pilot:
        released = asyncio.Event()
        hold_arranging(pilot.app, released, longest=0.001, longest_work=0.002)
        await released.wait()


class FailingScreen(WaitingScreen):
    """A screen that fails when its hold expires."""

    def __init__(self) -> None:
        super().__init__()
        self.holds = False
        self.failed = asyncio.Event()

    @property
    def arranges_content(self) -> bool:  # type: ignore[override]
        if self.holds:
            self.failed.set()
            raise ValueError("a defect")
        return True


async def test_an_exception_does_not_keep_the_frames_held() -> None:
    async with HoldApp().run_test() as pilot:
        screen = FailingScreen()
        await pilot.app.push_screen(screen)
        hold = FrameHold(lambda: None, longest=0)
        hold.input_arrived()
        hold.frame_due(screen)
        assert hold.is_active
        screen.holds = True
        await screen.failed.wait()
        assert not hold.is_active
