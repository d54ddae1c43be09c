"""What the application writes to the terminal: nothing at rest, and nothing for a mouse that stays in its row."""

from __future__ import annotations

from rich.color import ColorSystem
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot
from textual.widgets import Input

from ecrtui.tui.table.table import Table
from ecrtui.tui.textual_fixes.cell_frame import CellFrame
from ecrtui.tui.textual_fixes.cell_looks import LookTable
from ecrtui.tui.textual_fixes.terminal_app import TerminalApp
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import running, until, until_idle

SIZE = (100, 30)


class Output:
    """The output for a terminal that shows the last frame."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self._pilot = pilot
        self._frame = CellFrame(*SIZE, LookTable(ColorSystem.TRUECOLOR))

    async def next(self) -> str:
        """Wait until the application is at rest; return what it writes."""
        await self._pilot.pause()
        self._frame.draw(self._pilot.app.screen._compositor.render_full_update())
        return self._frame.take_changes((0, 0))


async def test_only_another_row_under_the_mouse_and_no_open_field_writes() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    for tag in ("one", "two", "three"):
        push_image(client, "team/app", tag, tag)
    async with running(embedded, "team/app", size=SIZE) as pilot:
        await until(pilot, lambda screen: "3 images" in screen and screen.count("  ·  ") == 3)
        await until_idle(pilot)
        output = Output(pilot)
        await pilot.hover(Table, offset=(5, 2))
        assert await output.next()
        for x in (6, 30, 80):
            await pilot.hover(Table, offset=(x, 2))
            assert await output.next() == ""
        await pilot.hover(Table, offset=(30, 3))
        assert 0 < len(await output.next()) < 600
        await pilot.press("slash")
        assert await output.next()
        assert not pilot.app.screen.query_one(Input).cursor_blink
        assert await output.next() == ""


class RecordingDriver(HeadlessDriver):
    """A driver that keeps what the application writes."""

    written = ""

    def write(self, data: str) -> None:
        self.written += data


async def test_the_shape_of_the_pointer_is_sent_when_it_changes() -> None:
    app = TerminalApp()
    app._driver = driver = RecordingDriver(app)
    for shape in ("default", "text", "text", "default", "default"):
        app._set_pointer_shape(shape)
    assert driver.written == "\x1b]22;text\x07\x1b]22;default\x07"
