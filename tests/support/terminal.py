"""A real terminal for tests: a program in a pty, its screen emulated by pyte, and every byte of its output."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyte

TIMEOUT = 120.0
"""Seconds after which a waiting test fails. Only a slow machine needs them."""

MODES = {"1049": "alternate screen", "1000": "mouse", "1003": "mouse", "1006": "mouse", "2004": "bracketed paste"}
"""Modes that the program enables (``h``) and must disable (``l``) before it exits."""


class _Screen(pyte.Screen):
    """A screen that ignores the modifiers of an echoed cursor key, as terminals do; pyte fails on them."""

    def cursor_up(self, count: int | None = None, *_: int) -> None:
        super().cursor_up(count)

    def cursor_down(self, count: int | None = None, *_: int) -> None:
        super().cursor_down(count)

    def cursor_forward(self, count: int | None = None, *_: int) -> None:
        super().cursor_forward(count)

    def cursor_back(self, count: int | None = None, *_: int) -> None:
        super().cursor_back(count)


class Terminal:
    """A program on its own terminal.

    Args:
        arguments: the program and its arguments.
        environment: its environment.
        size: columns and rows.
    """

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], size: tuple[int, int] = (100, 30)
    ) -> None:
        self.output = bytearray()
        """All bytes that the program has written."""
        columns, rows = size
        self._screen = _Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._ours, self._theirs = pty.openpty()
        self._set_size(columns, rows)
        self.settings = self.current_settings()
        """The terminal settings before the program starts."""
        self.process = subprocess.Popen(
            list(arguments),
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env={"TERM": "xterm-256color", "COLORTERM": "truecolor", **environment},
            start_new_session=True,
            preexec_fn=_take_terminal,
        )

    def current_settings(self) -> list[Any]:
        """Return the terminal settings, as ``tcgetattr`` returns them."""
        return termios.tcgetattr(self._theirs)

    @property
    def screen(self) -> str:
        """Return the text of the screen.

        ``Screen.display`` of pyte fails if half of a wide character was overwritten, as by a frame for an older size.
        """
        buffer, columns = self._screen.buffer, range(self._screen.columns)
        lines = ("".join(buffer[y][x].data for x in columns) for y in range(self._screen.lines))
        return "\n".join(line.rstrip() for line in lines)

    def press(self, keys: str) -> None:
        """Send the bytes of keys."""
        self.send(keys.encode())

    def send(self, data: bytes) -> None:
        """Send bytes."""
        while data:
            data = data[os.write(self._ours, data) :]

    def restore(self) -> None:
        """Set the terminal as it was before the program started."""
        termios.tcsetattr(self._theirs, termios.TCSANOW, self.settings)

    def clear(self) -> None:
        """Clear the emulated screen, as another program does."""
        self._screen.reset()

    def set_non_blocking(self) -> None:
        """Set the mode that a program leaves behind when it does not restore its terminal."""
        os.set_blocking(self._theirs, False)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size. The kernel sends SIGWINCH to the program."""
        self._screen.resize(rows, columns)
        self._set_size(columns, rows)

    def until(self, wanted: str | Callable[[str], bool]) -> str:
        """Wait until a text is on the screen. Return the screen."""
        holds = (lambda screen: wanted in screen) if isinstance(wanted, str) else wanted
        deadline = time.monotonic() + TIMEOUT
        while not holds(self.screen):
            if time.monotonic() > deadline or (self.process.poll() is not None and not self._read(0.1)):
                raise AssertionError(f"never on the screen: {wanted!r}\n{self.screen}")
            self._read(0.2)
        return self.screen

    def send_what_fits(self, data: bytes) -> None:
        """Send bytes; drop those that the program, which may be stopped, has no room for."""
        for start in range(0, len(data), 64):
            if select.select([], [self._ours], [], 0)[1]:
                os.write(self._ours, data[start : start + 64])

    def read(self, timeout: float) -> bool:
        """Read the available output, or wait for it. Return False if there was none."""
        return self._read(timeout)

    def wait(self) -> int:
        """Wait until the program has ended and read its last output. Return its exit code."""
        deadline = time.monotonic() + TIMEOUT
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"the program is still there\n{self.screen}")
            self._read(0.05)
        while self._read(0.05):
            pass
        return self.process.returncode

    def hang_up(self) -> None:
        """Close the terminal, as when a window or a connection closes."""
        os.close(self._ours)
        self._ours = -1

    def close(self) -> None:
        """End the program if it still runs, and close the terminal."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for end in (self._ours, self._theirs):
            if end >= 0:
                os.close(end)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self, timeout: float) -> bool:
        """Read the available output. Return False if there was none."""
        if self._ours < 0 or not select.select([self._ours], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self._ours, 1 << 16)
        except OSError:  # EIO: the other end is closed
            return False
        self.output += data
        self._stream.feed(data)
        return bool(data)


def _take_terminal() -> None:
    """Make this the controlling terminal, so that closing it sends SIGHUP."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def assert_terminal_restored(terminal: Terminal) -> None:
    """Check that modes, cursor, keyboard protocol and line settings are as before the start."""
    output = bytes(terminal.output).decode(errors="replace")
    for mode, name in MODES.items():
        switches = re.findall(rf"\x1b\[\?(?:\d+;)*{mode}(?:;\d+)*([hl])", output)
        assert not switches or switches[-1] == "l", name
    assert re.findall(r"\x1b\[\?1049([hl])", output)[0] == "h", "alternate screen"
    assert re.findall(r"\x1b\[\?25([hl])", output)[-1] == "h", "cursor"
    assert len(re.findall(r"\x1b\[>\d+u", output)) == output.count("\x1b[<u"), "keyboard protocol"
    settings = terminal.current_settings()
    assert settings == terminal.settings, f"{settings} instead of {terminal.settings}"


def child_pids(pid: int) -> list[int]:
    """Return the ids of the running children of a process. Linux lists those of each thread apart."""
    return [
        int(child)
        for children in Path(f"/proc/{pid}/task").glob("*/children")
        for child in children.read_text().split()
    ]


def is_alive(pid: int) -> bool:
    """Return True if the process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def ecrtui(
    *arguments: str,
    home: Path,
    size: tuple[int, int] = (100, 30),
    parent: Sequence[str] = (),
    command: Sequence[str] = (),
    **variables: str,
) -> Iterator[Terminal]:
    """Run the installed program with these arguments on a terminal while the block runs.

    Args:
        arguments: the arguments of the program.
        home: its home folder.
        size: columns and rows of the terminal.
        parent: a command that runs the program; the program is appended to it.
        command: the command to run instead of the program.
        variables: more variables of its environment.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
        **variables,
    }
    terminal = Terminal(command or [*parent, sys.executable, "-m", "ecrtui", *arguments], environment, size)
    try:
        yield terminal
    finally:
        terminal.close()
