"""A program in a pty with a terminal emulator, timed from outside."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyte

from benchmarks.palettes import TRUE_COLOR, Palette
from benchmarks.smallest_output import Cells, cells

QUIET_AFTER_KEY = 0.03
"""Seconds without output after which the response to a key is complete."""
LONGEST_TEXT = 200
"""Bytes of the longest text to wait for."""


@dataclass(frozen=True, slots=True)
class KeyResponse:
    """Seconds from a key to the first output and to the last output that it caused."""

    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The text of the screen after a read, and the seconds from the key to that read."""

    seconds: float
    text: str


def time_of_last_change(frames: Sequence[Frame], part: Callable[[str], Any]) -> float:
    """Return the seconds until a part of the screen had the value that it has in the last frame."""
    final = part(frames[-1].text)
    others = [number for number, frame in enumerate(frames) if part(frame.text) != final]
    return frames[others[-1] + 1 if others else 0].seconds


class TimedTerminal:
    """A terminal that runs one command. Use it as a context manager; it kills the program at the end.

    The terminal reads output at once, as a real one does. It emulates the output only when the screen is needed: the
    emulator is slower than a real terminal and would slow the program down.

    Args:
        command: the program and its arguments.
        environment: the whole environment; the terminal adds its own variables.
        size: columns and rows.
        palette: the colors of the terminal.
    """

    READ_SIZE = 1 << 16
    """Bytes to read at once."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        size: tuple[int, int] = (160, 50),
        palette: Palette = TRUE_COLOR,
    ) -> None:
        self._command = list(command)
        kept = {name: value for name, value in environment.items() if name != "NO_COLOR"}
        self._environment = {**kept, **palette.variables, "LANG": "C.UTF-8"}
        self._size = size
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._clock = time.perf_counter
        self._pending = bytearray()
        """Output that the emulator has not processed yet."""
        self._last_read = 0.0
        """Time of the last read, in seconds since the start."""
        self._reads: list[tuple[float, int]] = []
        """For each read of the pending output: its time in seconds since the start, and the offset where it ends."""
        self.pid = 0
        self._descriptor = -1
        self.started = 0.0
        self.output_bytes = 0
        """Bytes that the program has written."""

    def __enter__(self) -> TimedTerminal:
        self.started = self._clock()
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            os.execvpe(self._command[0], self._command, self._environment)  # noqa: S606 - our own program, no shell
        self._report_size()
        return self

    def _report_size(self) -> None:
        columns, rows = self._size
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __exit__(self, *exception: object) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._descriptor)

    def resize(self, columns: int, rows: int) -> None:
        """Add columns and rows to the terminal; negative numbers remove them."""
        self._emulate()
        self._size = self._size[0] + columns, self._size[1] + rows
        self._screen.resize(lines=self._size[1], columns=self._size[0])
        self._report_size()

    @property
    def text(self) -> str:
        """The text on the screen."""
        self._emulate()
        return "\n".join(self._screen.display)

    def cells(self) -> Cells:
        """Return the cells of the screen."""
        self._emulate()
        return cells(self._screen)

    def since_start(self) -> float:
        """Return the seconds since the program started."""
        return self._clock() - self.started

    def wait_for(self, text: str, timeout: float = 60) -> float:
        """Wait until the text is on the screen.

        Returns:
            Seconds from the start of the program to the read that brought the text.

        Raises:
            TimeoutError: the text did not appear; the message contains the screen.
        """
        return self.wait_until(lambda screen: text in screen, repr(text), timeout)

    def wait_for_first_frame(self, timeout: float = 60) -> float:
        """Wait until the screen is not empty.

        Returns:
            Seconds from the start of the program to the read that brought the frame.

        Raises:
            TimeoutError: the screen stayed empty.
        """
        return self._wait_until(self._has_content, "the first frame", timeout)

    def wait_for_output(self, wanted: str | re.Pattern[bytes], timeout: float = 120) -> float:
        """Wait until the program has written this text, or what this expression matches. The emulator does not run.

        The output has no escape sequence within the text.

        Returns:
            Seconds from the start of the program to the read that brought the text.

        Raises:
            TimeoutError: the program did not write the text; the message contains the screen.
        """
        pattern = re.compile(re.escape(wanted.encode())) if isinstance(wanted, str) else wanted
        end = self._clock() + timeout
        searched = 0
        while not pattern.search(self._pending, searched):
            searched = max(0, len(self._pending) - LONGEST_TEXT)
            if self._clock() > end:
                raise TimeoutError(f"not written after {timeout} s: {wanted!r}\n{self.text}")
            self._read_output(0.05)
        return self._last_read

    def wait_until_quiet(self, quiet: float = 0.3, timeout: float = 20) -> None:
        """Wait until the program has written nothing for ``quiet`` seconds, or until the timeout."""
        end = self._clock() + timeout
        last = self._clock()
        while self._clock() < end and self._clock() - last < quiet:
            if self._read_output(0.02):
                last = self._clock()

    def wait_for_exit(self, timeout: float = 10) -> None:
        """Wait until the program has exited by itself.

        Raises:
            TimeoutError: it is still running.
        """
        end = self._clock() + timeout
        while os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if self._clock() > end:
                raise TimeoutError(f"still running after {timeout} s\n{self.text}")
            self._read_output(0.02)

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self._descriptor, keys.encode())

    def press(self, keys: str, quiet: float = QUIET_AFTER_KEY, timeout: float = 5) -> KeyResponse:
        """Press keys and wait until the response is complete.

        Raises:
            TimeoutError: the program wrote nothing.
        """
        pressed = self._clock()
        self.send(keys)
        first = last = 0.0
        while self._clock() - pressed < timeout:
            if self._read_output(0.002):
                last = self._clock() - pressed
                first = first or last
            elif last and self._clock() - pressed - last > quiet:
                return KeyResponse(first, last)
        if not last:
            raise TimeoutError(f"no output after {keys!r}\n{self.text}")
        return KeyResponse(first, last)

    def time_to_output(self, keys: str, text: str) -> float:
        """Press keys and return the seconds until the program has written this text without escape sequences in it.

        Raises:
            TimeoutError: the program did not write the text; the message contains the screen.
        """
        self._emulate()
        pressed = self.since_start()
        self.send(keys)
        return self.wait_for_output(text) - pressed

    def frames_after(self, keys: str, quiet: float) -> list[Frame]:
        """Press keys, wait until the program has written nothing for ``quiet`` seconds, and return what it has drawn.

        The emulator runs afterwards: it would delay the reads.
        """
        self._emulate()
        pressed = self.since_start()
        self.send(keys)
        self.wait_until_quiet(quiet)
        output, reads = bytes(self._pending), self._reads
        self._pending, self._reads = bytearray(), []
        frames = []
        start = 0
        for moment, end in reads:
            self._stream.feed(output[start:end])
            start = end
            frames.append(Frame(moment - pressed, self.text))
        return frames

    def memory(self) -> float:
        """Return the resident megabytes (10^6 bytes) of the program and its children. Shared pages count once."""
        return sum(_proc_value(pid, "smaps_rollup", "Pss") for pid in self._pids()) * 1024 / 1e6

    def threads(self) -> int:
        """Return the number of threads of the program and its children."""
        return sum(_proc_value(pid, "status", "Threads") for pid in self._pids())

    def _pids(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii")
        return [self.pid, *map(int, children.split())]

    def wait_until(self, condition: Callable[[str], bool], description: str, timeout: float = 60) -> float:
        """Wait until the text on the screen satisfies a condition.

        Returns:
            Seconds from the start of the program to the read that brought the text.

        Raises:
            TimeoutError: it never did; the message contains the screen.
        """
        return self._wait_until(lambda: condition(self.text), description, timeout)

    def _wait_until(self, condition: Callable[[], bool], description: str, timeout: float) -> float:
        end = self._clock() + timeout
        while not condition():
            if self._clock() > end:
                raise TimeoutError(f"not on the screen after {timeout} s: {description}\n{self.text}")
            self._read_output(0.05)
        return self._last_read

    def _has_content(self) -> bool:
        self._emulate()
        return any(cell.data != " " for line in self._screen.buffer.values() for cell in line.values())

    def _read_output(self, timeout: float) -> bool:
        """Read the available output, or wait for it. Return True if there was any."""
        if not select.select([self._descriptor], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self._descriptor, self.READ_SIZE)
        except OSError:  # EIO: the program has closed its end
            return False
        self.output_bytes += len(data)
        self._pending += data
        self._last_read = self.since_start()
        self._reads.append((self._last_read, len(self._pending)))
        return bool(data)

    def _emulate(self) -> None:
        output, self._pending, self._reads = bytes(self._pending), bytearray(), []
        self._stream.feed(output)


def _proc_value(pid: int, file: str, name: str) -> int:
    """Read a number from a file of /proc/PID."""
    lines = Path(f"/proc/{pid}/{file}").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])
