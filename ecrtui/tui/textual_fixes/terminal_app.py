"""An application on :class:`TerminalDriver`.

Defect: Textual does not take the terminal back after an error in a block of ``App.suspend``, lets the cursor of a
field blink, which writes to the terminal for ever, and sends the shape of the pointer for each new screen.
Upstream: https://github.com/Textualize/textual/issues/6692 for the error,
https://github.com/Textualize/textual/issues/2394 for the cursor; no issue known for the pointer.
Delete this module with :mod:`ecrtui.tui.textual_fixes.terminal_driver`, when these defects are fixed too.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

from rich.console import RenderableType
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen

from ecrtui.tui.textual_fixes.one_shot_timers import keep_one_shot_timers
from ecrtui.tui.textual_fixes.removals import shield_removals
from ecrtui.tui.textual_fixes.terminal_driver import TerminalDriver
from ecrtui.tui.textual_fixes.terminal_input import PASTE_LIMIT


@runtime_checkable
class HasTextCursor(Protocol):
    """A field to type in."""

    cursor_blink: bool


class TerminalApp(App[None], inherit_bindings=False):
    """An application that writes only changed cells and ends with its terminal."""

    def __init__(self) -> None:
        keep_one_shot_timers()
        shield_removals()
        super().__init__(driver_class=TerminalDriver)
        self._sent_pointer_shape = "default"
        self._lends_since: float | None = None
        """The driver's ``reads_since`` when the terminal was last promised to another program."""

    @property
    def terminal_driver(self) -> TerminalDriver | None:
        """The driver of the terminal; None while the application has none, or is tested without one."""
        return self._driver if isinstance(self._driver, TerminalDriver) else None

    @property
    def can_suspend(self) -> bool:
        """True if a shell can stop the application and continue it."""
        return self._driver is not None and self._driver.can_suspend

    def lend_keys(self) -> None:
        """Let keys act on nothing until another program has had the terminal: they are meant for it."""
        if self.terminal_driver is not None:
            self._lends_since = self.terminal_driver.reads_since

    def is_for_others(self, event: events.Event) -> bool:
        """Return True for input that was typed before another program had the terminal, or is to have it."""
        driver = self.terminal_driver
        return driver is not None and (event.time < driver.reads_since or driver.reads_since == self._lends_since)

    def write_sequence(self, sequence: str) -> bool:
        """Write a control sequence to the terminal. Return False if there is no terminal."""
        if self._driver is None:
            return False
        self._driver.write(sequence)
        return True

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Show an update of the compositor; see :class:`~ecrtui.tui.textual_fixes.cell_frame.CellFrame`."""
        driver = self.terminal_driver
        if driver is None or not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            super()._display(screen, renderable)
            return
        if self._running and not self._closed and not self._batch_count:
            focused: object = self.focused
            cursor = None
            if isinstance(focused, HasTextCursor):  # an input method of the terminal shows its text there
                cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
            driver.display(renderable, screen._compositor.size, cursor, self._sync_available)
        self.post_display_hook()

    def holds_frame(self, screen: Screen[Any]) -> bool:
        """Return True if the frame that a screen would draw now is held."""
        return self.terminal_driver is not None and self.terminal_driver.holds_frame(screen)

    async def _shutdown(self) -> None:
        try:
            await super()._shutdown()
        finally:
            if self.terminal_driver is not None:
                self.terminal_driver.ignore_signals()

    def _set_pointer_shape(self, shape: str) -> None:
        """Set the shape of the mouse pointer if it changes. Textual sends it for each new screen."""
        if shape != self._sent_pointer_shape:
            self._sent_pointer_shape = shape
            if self.terminal_driver is not None:
                self.terminal_driver.pointer_shape = shape
            super()._set_pointer_shape(shape)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Stop the cursor of a field from blinking: it writes to the terminal for ever."""
        if isinstance(event.widget, HasTextCursor):
            event.widget.cursor_blink = False

    def on_paste_truncated(self) -> None:
        self.notify(f"The pasted text has more than {PASTE_LIMIT:,} bytes. The rest was dropped.", severity="warning")

    def on_paste_dropped(self) -> None:
        self.notify("The end of the pasted text did not arrive. The text was dropped.", severity="warning")

    def action_repaint(self) -> None:
        """Write the whole screen again."""
        if self.terminal_driver is not None:
            self.terminal_driver.repaint()

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """Let another program use the terminal in the block. Take it back after an error too; Textual does not."""
        failure: BaseException | None = None
        with super().suspend():
            try:
                yield
            except BaseException as problem:  # noqa: BLE001 - raised again below
                failure = problem
        if failure is not None:
            raise failure

    def on_not_stopped(self) -> None:
        self.notify("No shell can continue ecrtui here, so it was not stopped.", severity="warning")

    def action_suspend_process(self) -> None:
        """Stop the program. The shell continues it with ``fg``."""
        if self.can_suspend:
            self.lend_keys()
            self._suspend_signal()
            os.kill(0, signal.SIGTSTP)  # with its parent, such as make, which the shell waits for
