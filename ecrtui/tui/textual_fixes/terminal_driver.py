"""The terminal of the application: modes, input, output, signals and the end.

Defect: Textual's Linux driver draws on standard error, reads a closed terminal as "no input yet" for ever, blocks the
event loop when the terminal takes no output, starts a second input thread after SIGSTOP and SIGCONT, follows
``COLUMNS`` instead of the terminal, and stops for ever at Ctrl-Z where no shell can continue it.
Upstream: https://github.com/Textualize/textual/issues/5531 for standard error,
https://github.com/Textualize/textual/pull/6690 for the closed terminal,
https://github.com/Textualize/textual/pull/6153 for ``COLUMNS``; no issue known for the rest.
Delete this module when Textual's driver ends with its terminal and writes only changed cells.
"""

from __future__ import annotations

import os
import signal
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf
from selectors import EVENT_READ
from time import monotonic
from tty import CC, IFLAG, LFLAG, OFLAG
from typing import TYPE_CHECKING, Any, Final

from rich.color import ColorSystem
from rich.text import Text
from textual import events
from textual._ansi_sequences import set_pointer_shape
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import ScreenStackError
from textual.driver import Driver
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen

from ecrtui.locale_encoding import is_utf8_locale
from ecrtui.tui.textual_fixes.cell_frame import CellFrame
from ecrtui.tui.textual_fixes.cell_looks import LookTable
from ecrtui.tui.textual_fixes.frame_hold import FrameHold
from ecrtui.tui.textual_fixes.terminal_features import erases_in_color, is_gnu_screen, marks_pastes
from ecrtui.tui.textual_fixes.terminal_input import GnuScreenFound, TerminalInput
from ecrtui.tui.textual_fixes.terminal_writer import TerminalWriter, new_selector

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from textual.app import App

START: Final = "\x1b[?1049h\x1b[?25l\x1b[?1004h\x1b[?2004h\x1b[?7l"
"""Alternate screen, no cursor, focus reports, bracketed paste, no line wrap."""

KITTY_KEYS_ON, KITTY_KEYS_OFF = "\x1b[>25u", "\x1b[<u"
"""Unambiguous keys with their text, and never key releases (kitty keyboard protocol, flags 1, 8 and 16)."""

KITTY_KEYS_AGAIN = "\x1b[=25u"
"""The same flags in place of those at the top of the stack."""

MOUSE_ON, MOUSE_OFF = "\x1b[?1000h\x1b[?1003h\x1b[?1006h", "\x1b[?1006l\x1b[?1003l\x1b[?1000l"

NAME_QUERY: Final = "\x1b[>c"
"""Ask which terminal it is (DA2)."""

STOP: Final = "\x1b[0m\x1b[?2004l\x1b[?7h\x1b[?1004l"
LEAVE: Final = "\x1b[1H\x1b[J\x1b[?1049l\x1b[?25h"
"""Clear the screen, because GNU screen, with its defaults, and the Linux console have no alternate one."""

SYNC_QUERY, SYNC_START, SYNC_END = "\x1b[?2026$p", "\x1b[?2026h", "\x1b[?2026l"

SYNC_SIZE: Final = 1024
"""Characters of output that a terminal shows at once without being asked to."""

LOCAL_ESCAPE_DELAY: Final = 0.1
REMOTE_ESCAPE_DELAY: Final = 0.3
"""Seconds to wait for the rest of an escape sequence. A connection can separate it from its first byte."""

END_TIMEOUT: Final = 1.5
"""Seconds from a lost terminal or an ending signal to the end of the process, whatever still runs."""

ENDING_SIGNALS: Final = (
    *(signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT, signal.SIGINT),
    *(signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGXCPU),
)
"""The signals that end a process unless it handles them, and after which it can still restore the terminal."""

DEFAULT_SHAPE: Final = "default"
"""The usual shape of the mouse pointer. A terminal keeps another shape until a program resets it."""

LOST_TERMINAL_CODE: Final = 128 + signal.SIGHUP


class TerminalError(Exception):
    """The application has no terminal to draw on."""

    def __rich__(self) -> Text:
        """Return what Textual prints in place of a traceback."""
        return Text(f"ecrtui: the application needs a terminal: {self}")


class NotStopped(Message):
    """Ctrl-Z did not stop the process, because no shell could continue it."""


class TerminalDriver(Driver):
    """Connects the application with the terminal; see the module.

    Args:
        app: The application.
        debug: Not used.
        mouse: True to report the mouse.
        size: Not used. The size is that of the terminal.

    Raises:
        TerminalError: Standard input, or every output, is not a terminal.
    """

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        self._is_screen = is_gnu_screen()
        # While GNU screen (seen in 4.9) reports the mouse, it keeps Escape back until the next key.
        super().__init__(app, debug=debug, mouse=mouse and not self._is_screen, size=size)
        self._input, self._output = _terminal_files()
        self._size = self._terminal_size()
        self._colors = app.console._color_system or ColorSystem.TRUECOLOR
        self._frame: CellFrame | None = None
        self._writer: TerminalWriter | None = None
        self._closed_writer: TerminalWriter | None = None
        """The one before. It may still wait for a terminal that takes no output."""
        self._reader: _InputThread | None = None
        self.reads_since = inf
        """Time on the monotonic clock when it began to read the terminal; infinite while another program reads it."""
        self._settings: list[Any] | None = None
        self._lost = False
        self._wants_terminal = False
        """True from the start to the end, also while the application is suspended."""
        self._deadline: threading.Timer | None = None
        self._sync = False
        self._hold = FrameHold(self._draw_held)
        self._erases: bool | None = None
        """True if the terminal erases in color. None until the first input: the first frame does not wait for it."""
        self._cursor: tuple[int, int] | None = None
        self.pointer_shape = DEFAULT_SHAPE
        """The shape of the mouse pointer that the application has set."""
        self._handle_signals()
        self._loop.set_exception_handler(self._report_callback)

    @property
    def can_suspend(self) -> bool:
        return True

    # Output

    def write(self, data: str) -> None:
        """Write a sequence that changes no cells. Never block; drop it while the application is suspended."""
        if self._writer is not None:
            self._writer.write(data)

    def display(
        self, update: LayoutUpdate | ChopsUpdate, size: Size, cursor: tuple[int, int] | None, sync: bool
    ) -> None:
        """Show an update of the compositor.

        While the terminal is still busy with earlier output, only remember the cells. The terminal gets the newest ones
        afterwards.

        Args:
            update: The new cells.
            size: The size that the update was made for. The terminal may have a newer one.
            cursor: Column and line of the cursor; None without a field to type in.
            sync: True if the terminal can show an output at once.
        """
        frame = self._frame
        if frame is None or (frame.width, frame.height) != size:
            frame = self._frame = CellFrame(
                size.width, size.height, LookTable(self._colors), ascii_only=not is_utf8_locale()
            )
        frame.erases_in_color = bool(self._erases)
        frame.draw(update)
        self._cursor, self._sync = cursor, sync
        self._write_changes()

    def holds_frame(self, screen: Screen[Any]) -> bool:
        """Return True if the frame that a screen would draw now is held; see :class:`FrameHold`."""
        self._hold.frame_due(screen)
        return self._hold.is_active

    def _draw_held(self) -> None:
        """Draw the changes of the frames that were held, before the next input holds them again."""
        with suppress(ScreenStackError):  # the application ends
            screen = self._app.screen
            if self._app._batch_count:
                screen.refresh()
            else:
                screen._compositor_refresh()

    def process_message(self, message: Message) -> None:
        if isinstance(message, GnuScreenFound):
            self.write(MOUSE_OFF)
            self._mouse = False
            return
        if isinstance(message, events.Key | events.MouseUp | events.Paste):
            self._hold.input_arrived()
            if self._erases is None:
                self._erases = erases_in_color(self._output)
        super().process_message(message)

    def repaint(self) -> None:
        """Write all cells again, because another program may have written to the terminal."""
        if self._frame is not None:
            self._frame.forget()
            self.write("\x1b[0m\x1b[2J")
            self._write_changes()

    def _write_changes(self) -> None:
        if self._frame is None or self._writer is None or not self._writer.is_idle:
            return
        changes = self._frame.take_changes(self._cursor)
        if changes:
            frame = f"{SYNC_START}{changes}{SYNC_END}" if self._sync and len(changes) > SYNC_SIZE else changes
            self._writer.write(frame, is_frame=True)

    # Modes

    def start_application_mode(self) -> None:
        """Take the terminal.

        Raises:
            TerminalError: the process starts in the background, and no shell can bring it to the foreground.
        """
        self._wants_terminal = True
        if self._writer is not None:
            return
        if not self._is_in_foreground():
            return
        self._writer = TerminalWriter(self._output, self._when_drained, self._when_lost, after=self._closed_writer)
        self._writer.start()
        self._enter(KITTY_KEYS_ON)
        reader = _InputThread(self._input, self)
        self.reads_since = monotonic()
        reader.start()
        self._reader = reader  # not one that could not be started: it cannot be stopped either

    def _enter(self, kitty_keys: str) -> None:
        """Set the modes of the terminal and draw what is known."""
        with suppress(termios.error):
            self._settings = self._settings or termios.tcgetattr(self._input)
            termios.tcsetattr(self._input, termios.TCSANOW, _raw(self._settings))
        shape = "" if self.pointer_shape == DEFAULT_SHAPE else set_pointer_shape(self.pointer_shape)
        name_query = NAME_QUERY if self._mouse and self._is_screen is None else ""
        self.write(START + kitty_keys + (MOUSE_ON if self._mouse else "") + shape + SYNC_QUERY + name_query)
        if self._frame is not None:
            self._frame.forget()
        self._report_size()
        self._write_changes()

    def disable_input(self) -> None:
        """Read no more input."""
        reader, self._reader = self._reader, None
        self.reads_since = inf
        if reader is not None:
            reader.stop()
            self.drop_input()

    def drop_input(self) -> None:
        """Drop what was typed and not yet read."""
        if self._owns_terminal:
            with suppress(termios.error):
                termios.tcflush(self._input, termios.TCIFLUSH)

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was."""
        self._wants_terminal = False
        self.disable_input()
        self.write(self._leaving())
        self._close_writer()
        self._restore_settings()
        self._settings = None

    def _restore_settings(self) -> None:
        if self._settings is not None and self._owns_terminal:
            with suppress(termios.error):
                termios.tcsetattr(self._input, termios.TCSANOW, self._settings)

    def _leaving(self) -> str:
        sync_end = SYNC_END if self._sync else ""  # the last frame may be cut
        shape = "" if self.pointer_shape == DEFAULT_SHAPE else set_pointer_shape(DEFAULT_SHAPE)
        return sync_end + STOP + shape + (MOUSE_OFF if self._mouse else "") + KITTY_KEYS_OFF + LEAVE

    def close(self) -> None:
        """Write the rest of the output."""
        self._close_writer()

    def _close_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            self._closed_writer = writer

    def print_and_wait(self, text: str) -> None:
        """Print a text while the application is suspended, and wait for Enter. It blocks: call it in a thread."""
        data = f"\n{text}\n\nPress Enter to return to ecrtui. ".encode("utf-8", "replace")
        with suppress(OSError):  # the terminal is lost; the application learns it when it reads again
            while data:
                data = data[os.write(self._output, data) :]
            while (key := os.read(self._input, 1)) and key not in b"\r\n":
                continue

    @contextmanager
    def ignoring_interrupts(self) -> Iterator[None]:
        """Ignore Ctrl-C and Ctrl-\\ in the block: they are for the program that runs while this one is suspended.

        Both programs are in the same process group and get the signal. A new program inherits what its parent ignores
        with SIG_IGN, so a handler that does nothing takes its place.
        """
        interrupts = (signal.SIGINT, signal.SIGQUIT)
        handled = [number for number in interrupts if signal.getsignal(number) is not signal.SIG_IGN]
        for number in handled:
            self._loop.add_signal_handler(number, lambda: None)
        try:
            yield
        finally:
            for number in handled:
                self._loop.add_signal_handler(number, self._end, 128 + number)

    def suspend_application_mode(self) -> None:
        """Give the terminal back for a while."""
        super().suspend_application_mode()
        self._wants_terminal = True

    def resume_application_mode(self) -> None:
        """Take the terminal again."""
        self.start_application_mode()

    @property
    def _owns_terminal(self) -> bool:
        """False in the background of a shell, where changing the terminal would stop the process."""
        try:
            return os.tcgetpgrp(self._input) == os.getpgrp()
        except OSError:  # not the controlling terminal
            return True

    def _is_in_foreground(self) -> bool:
        """Return False, and stop the process again, if the shell continued it in the background.

        Raises:
            TerminalError: it starts in the background, and no shell can bring it to the foreground.
        """
        in_foreground = self._owns_terminal
        if not in_foreground and not self._stop_process(signal.SIGTTIN):
            if self._frame is None:
                raise TerminalError("it runs in the background of this one")
            self._when_lost()
        return in_foreground

    # Size

    def _terminal_size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self._output)
        except OSError:
            return 80, 24
        return size.columns or 80, size.lines or 24

    def _report_size(self) -> None:
        self._size = self._terminal_size()
        if self._frame is not None and (self._frame.width, self._frame.height) == self._size:
            # The terminal had another size for a moment, and Textual does not draw the old size again.
            self._frame.forget()
            self._write_changes()
        size = Size(*self._size)
        self.send_message(events.Resize(size, size))

    # Signals and the end

    def _handle_signals(self) -> None:
        """Handle signals in the event loop, where no update is half done."""
        on_signal = self._loop.add_signal_handler
        on_signal(signal.SIGWINCH, self._report_size)
        self._handle_job_control()
        for ending in ENDING_SIGNALS:
            if signal.getsignal(ending) is not signal.SIG_IGN:
                on_signal(ending, self._end, 128 + ending)

    def _handle_job_control(self) -> None:
        self._loop.add_signal_handler(signal.SIGTSTP, self._suspend_process)
        self._loop.add_signal_handler(signal.SIGCONT, self._continue_process)

    def ignore_signals(self) -> None:
        """Ignore what comes until the event loop is closed; asyncio would print an exception for each signal."""
        signal.set_wakeup_fd(-1)

    def _suspend_process(self) -> None:
        suspends = self._auto_restart and self._wants_terminal
        if suspends:
            self.suspend_application_mode()
        if not self._stop_process(signal.SIGTSTP) and suspends:
            self._take_terminal_again()
            self.send_message(NotStopped())

    def _stop_process(self, number: signal.Signals) -> bool:
        """Stop until SIGCONT. Return False if the system did not stop the process.

        The system ignores these signals where no shell could continue the process: in an orphaned process group, as
        of ``ssh -t HOST ecrtui``, and in the first process of a container.
        """
        continued: list[int] = []
        self._loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGCONT, lambda number, frame: continued.append(number))
        os.kill(os.getpid(), number)
        self._handle_job_control()
        return bool(continued)

    def _continue_process(self) -> None:
        """Take the terminal again, but after the signals that came with this one: a shell ends a stopped job so."""
        self._loop.call_soon(self._take_terminal_again)

    def _take_terminal_again(self) -> None:
        is_ending = self._deadline is not None
        if is_ending or not self._auto_restart or not self._wants_terminal:  # nothing takes the terminal at the end
            return
        if self._writer is None:
            self.resume_application_mode()
            self.send_message(self.SignalResume())
        elif self._is_in_foreground():  # SIGSTOP gives no time to restore the modes, and the shell changes them
            self._enter(KITTY_KEYS_AGAIN)

    def _when_drained(self) -> None:
        with suppress(RuntimeError):  # the event loop has ended
            self._loop.call_soon_threadsafe(self._write_changes)

    def _when_lost(self) -> None:
        if not self._lost:
            self._lost = True
            self._end_later(LOST_TERMINAL_CODE)
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._quit)

    def _report_callback(self, loop: AbstractEventLoop, context: dict[str, Any]) -> None:
        """Report an exception of a signal handler or another callback, which asyncio only logs."""
        error = context.get("exception")
        if "handle" in context and isinstance(error, Exception):
            self.fail(error)
        else:
            loop.default_exception_handler(context)

    def fail(self, error: Exception) -> None:
        """End the application with an internal error."""
        self._app.call_later(self._app._handle_exception, error)

    def _end(self, code: int) -> None:
        """End the application as its user would."""
        self._end_later(code)
        self._quit()

    def _quit(self) -> None:
        self._app.call_later(self._app.run_action, "quit")

    def _end_later(self, code: int) -> None:
        """End the process after :data:`END_TIMEOUT`, whatever still runs then."""
        if self._deadline is None:
            self._deadline = threading.Timer(END_TIMEOUT, self._abandon, [code])
            self._deadline.daemon = True
            self._deadline.start()

    def _abandon(self, code: int) -> None:
        with suppress(OSError):
            os.set_blocking(self._output, False)
            if self._settings is not None:
                self._restore_settings()
                os.write(self._output, self._leaving().encode())
        with suppress(OSError):
            os.set_blocking(self._output, True)
        os._exit(code)


class _InputThread(threading.Thread):
    """Reads the terminal and sends messages to the application.

    Args:
        fileno: The terminal.
        driver: Receives the messages, and learns when the terminal is lost.
    """

    def __init__(self, fileno: int, driver: TerminalDriver) -> None:
        super().__init__(daemon=True, name="terminal-input")
        self._fileno = fileno
        self._driver = driver
        self._parser = TerminalInput(marks_pastes=marks_pastes())
        self._wake_reader, self._wake_writer = os.pipe()
        self._selector = new_selector()
        self._selector.register(self._fileno, EVENT_READ)
        self._selector.register(self._wake_reader, EVENT_READ)
        self._delay = escape_delay()

    def stop(self) -> None:
        """End the thread."""
        os.write(self._wake_writer, b"\x00")
        if self is not threading.current_thread():
            self.join()
        self._selector.close()
        os.close(self._wake_writer)
        os.close(self._wake_reader)

    def run(self) -> None:
        """Read until the thread is stopped or the terminal is lost."""
        try:
            while self._read():
                pass
        except OSError:
            self._driver._when_lost()
        except Exception as error:  # noqa: BLE001 - a thread has no caller; the application reports the error
            self._driver.fail(error)

    def _read(self) -> bool:
        timeout = self._delay if self._parser.is_waiting else None
        ready = {key.fd for key, _ in self._selector.select(timeout)}
        if self._wake_reader in ready:
            return False
        if not ready:
            self._send(self._parser.finish())
            return True
        try:
            data = os.read(self._fileno, 4096)
        except BlockingIOError:
            return True
        if not data:
            self._driver._when_lost()
            return False
        self._send(self._parser.feed(data))
        return True

    def _send(self, parsed: Iterator[Any]) -> None:
        for message in parsed:
            self._driver.process_message(message)


def escape_delay() -> float:
    """Return the seconds to wait for the rest of an escape sequence; ``ESCDELAY`` sets it in milliseconds."""
    milliseconds = os.environ.get("ESCDELAY", "")
    if milliseconds.isascii() and milliseconds.isdigit():
        return min(int(milliseconds), 5000) / 1000
    remote = os.environ.get("SSH_TTY") or os.environ.get("SSH_CONNECTION")
    return REMOTE_ESCAPE_DELAY if remote else LOCAL_ESCAPE_DELAY


def _terminal_files() -> tuple[int, int]:
    """Return the files to read from and to write to: the standard streams, or else the controlling terminal."""
    ours = 0 if _is_terminal(0) else None
    output = next((number for number in (1, 2) if _is_terminal(number)), None)
    if ours is None or output is None:
        try:
            controlling = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            raise TerminalError(str(error)) from error
        ours = controlling if ours is None else ours
        output = controlling if output is None else output
    return ours, output


def _is_terminal(fileno: int) -> bool:
    try:
        return os.isatty(fileno)
    except OSError:
        return False


def _raw(settings: list[Any]) -> list[Any]:
    """Return terminal settings that deliver each key at once and unchanged."""
    raw: list[Any] = [part.copy() if isinstance(part, list) else part for part in settings]
    raw[LFLAG] = settings[LFLAG] & ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
    raw[IFLAG] = settings[IFLAG] & ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    raw[OFLAG] = settings[OFLAG] & ~termios.ONLCR  # the terminal would get a second "\r" before each "\n"
    raw[CC][termios.VMIN] = 1
    raw[CC][termios.VTIME] = 0
    return raw
