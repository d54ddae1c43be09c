"""Copy a text to the user's clipboard, and report only what is known of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ecrtui.tui import blocking
from ecrtui.tui.textual_fixes.terminal_app import TerminalApp

if TYPE_CHECKING:
    from ecrtui.tui.clipboard.copy_items import CopyItem
    from ecrtui.tui.clipboard.programs import Environment
    from ecrtui.tui.textual_fixes.terminal_input import DeviceAttributes

ANSWER_TIMEOUT = 1.0
"""Seconds to wait for the attributes of the terminal."""


class CopyingApp(TerminalApp, inherit_bindings=False):
    """An application that copies with the first way that works.

    1. A clipboard program of this machine, unless the user is elsewhere. What it copied is read back.
    2. The buffer of tmux, which copies to the terminal too.
    3. The control sequence of terminals; see :mod:`ecrtui.tui.clipboard.osc52`.

    If nothing confirms the copy, an overlay shows the text, so that the user can select it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trusts_terminal = False
        """Whether to report a copy that the terminal does not confirm without its text."""
        self._one_copy = asyncio.Lock()
        self._attributes: asyncio.Future[frozenset[int]] | None = None
        """The awaited attributes of the terminal."""

    def copy_to_clipboard(self, text: str) -> None:
        """Copy what the user selected in a field or on a screen. Textual calls this."""
        from ecrtui.tui.clipboard.copy_items import CopyItem

        if text:
            self.copy(CopyItem("selected text", text, lines="\n" in text))

    def copy(self, item: CopyItem) -> None:
        """Copy a text and report the result."""
        self._clipboard = item.text  # for the fields of the application
        self.run_worker(self._copy(item), group="copy", exit_on_error=False)

    async def _copy(self, item: CopyItem) -> None:
        from ecrtui.tui.clipboard import programs as clipboard_programs

        async with self._one_copy:
            environment = await blocking.run_blocking(clipboard_programs.current_environment)
            copied = await blocking.run_blocking(clipboard_programs.copy_to_desktop, item.text, environment)
            if copied.place:
                self.notify(f"Copied {item.label}")
                return
            await self._copy_to_terminal(item, environment, list(copied.problems))

    async def _copy_to_terminal(self, item: CopyItem, environment: Environment, notes: list[str]) -> None:
        from ecrtui.tui.clipboard import osc52
        from ecrtui.tui.clipboard import programs as clipboard_programs

        in_screen = "STY" in environment
        sequence = osc52.copy_sequence(item.text, in_screen=in_screen)
        sent = False
        if environment.get("TMUX"):
            buffered = await blocking.run_blocking(
                clipboard_programs.copy_to_tmux, item.text, environment, with_terminal=bool(sequence)
            )
            notes += buffered.problems
            if buffered.place:
                sent = not buffered.problems
                notes.append("It is in the tmux buffer: the tmux prefix and ] paste it.")
        written = bool(sequence) and not sent and self.write_sequence(sequence)
        if written and not in_screen and await self._takes_copies():
            self.notify(f"Copied {item.label} to the clipboard of the terminal")
            return
        if sequence and self.trusts_terminal:
            self.notify(f"Sent {item.label} to the terminal (not confirmed)")
            return
        if sequence:
            notes.append("It was sent to the terminal, which did not confirm it.")
        else:
            size = osc52.encoded_length(item.text)
            notes.append(
                f"It is too long for the clipboard of a terminal: {size:,} characters in base64; "
                f"the limit is {osc52.MAX_LENGTH:,}."
            )
        await self._show(item, notes)

    async def _takes_copies(self) -> bool:
        """Return True if the terminal says that its clipboard can be written."""
        from ecrtui.tui.clipboard import osc52

        if self.is_headless or not self.write_sequence(osc52.ATTRIBUTES_QUERY):
            return False
        self._attributes = asyncio.get_running_loop().create_future()
        try:
            return osc52.COPIES in await asyncio.wait_for(self._attributes, ANSWER_TIMEOUT)
        except TimeoutError:
            return False
        finally:
            self._attributes = None

    def on_device_attributes(self, message: DeviceAttributes) -> None:
        if self._attributes is not None and not self._attributes.done():
            self._attributes.set_result(message.attributes)

    async def _show(self, item: CopyItem, notes: list[str]) -> None:
        from ecrtui.tui.overlays.copied_text import CopiedText, prepare_exact_text

        document = await blocking.run_blocking(prepare_exact_text, item.text)
        self.push_screen(CopiedText(item.label, document, notes))

    async def print_and_wait(self, text: str) -> None:
        """Leave the screens, print a text and return to the screens when the user presses Enter.

        The terminal wraps the text, so it selects a long line as one line, and keeps it for scrolling back.
        """
        driver = self.terminal_driver
        if driver is not None:
            with self.suspend():
                await blocking.run_blocking(driver.print_and_wait, text)
