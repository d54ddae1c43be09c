"""A program in a terminal of its own, timed from outside: a pty, and a terminal emulator that has what it draws."""

from __future__ import annotations

import fcntl
import os
import pty
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

QUIET = 0.03
"""Seconds without output after which a screen has settled."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How long a key took, in seconds: until the first output, and until the screen had settled."""

    first: float
    settled: float


class Terminal:
    """Runs a command; use it as a context manager. The program is killed at the end.

    What it draws is read at once, as a terminal does it; it is only emulated when somebody looks at the screen, because
    the emulator is slower than any terminal and would hold the program up.

    Args:
        command: the program and its arguments.
        environment: all of it; what describes the terminal is added.
        size: columns and rows.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], size: tuple[int, int] = (160, 50)
    ) -> None:
        self._command = list(command)
        self._environment = {
            **environment,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
        }
        self._size = size
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._clock = time.perf_counter
        self._drawn = bytearray()
        """What the emulator has not been given yet."""
        self._read = 0.0
        """When something was read last, in seconds since the start."""
        self._pieces: list[tuple[float, int]] = []
        """When its pieces were read, in seconds since the start, and where each ends."""
        self.pid = 0
        self._descriptor = -1
        self.started = 0.0
        self.output = 0
        """Bytes that the program has drawn."""

    def __enter__(self) -> Terminal:
        self.started = self._clock()
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            os.execvpe(self._command[0], self._command, self._environment)  # noqa: S606 - a program of ours, no shell
        columns, rows = self._size
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        return self

    def __exit__(self, *problem: object) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._descriptor)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        self._emulate()
        return "\n".join(self._screen.display)

    @property
    def drawn(self) -> bool:
        """Whether anything stands on the screen."""
        self._emulate()
        return any(cell.data != " " for line in self._screen.buffer.values() for cell in line.values())

    def since_start(self) -> float:
        """Seconds since the program was started."""
        return self._clock() - self.started

    def until(self, found: str | Callable[[Terminal], Any], seconds: float = 60) -> float:
        """Wait until a text, or whatever the function looks for, is on the screen.

        Returns:
            Seconds from the start of the program until the output that brought it had been read.

        Raises:
            TimeoutError: it did not come; with the screen.
        """
        looks = found if callable(found) else lambda terminal: found in terminal.text
        end = self._clock() + seconds
        while not looks(self):
            if self._clock() > end:
                raise TimeoutError(f"not on the screen after {seconds} s: {found!r}\n{self.text}")
            self._pump(0.05)
        return self._read

    def until_output(self, words: str, seconds: float = 120) -> float:
        """Wait until these words are written in one piece; nothing is emulated meanwhile.

        Returns:
            Seconds from the start of the program.

        Raises:
            TimeoutError: they were not; with the screen.
        """
        wanted = words.encode()
        end = self._clock() + seconds
        looked = 0
        while (looked := self._drawn.find(wanted, max(0, looked))) < 0:
            looked = len(self._drawn) - len(wanted)
            if self._clock() > end:
                raise TimeoutError(f"not written after {seconds} s: {words!r}\n{self.text}")
            self._pump(0.05)
        return self._read

    def settle(self, quiet: float = 0.3, seconds: float = 20) -> None:
        """Wait until nothing has been drawn for a while."""
        end = self._clock() + seconds
        last = self._clock()
        while self._clock() < end and self._clock() - last < quiet:
            if self._pump(0.02):
                last = self._clock()

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self._descriptor, keys.encode())

    def press(self, keys: str, quiet: float = QUIET, seconds: float = 5) -> Answer:
        """Press keys and wait until the screen has settled.

        Raises:
            TimeoutError: nothing was drawn.
        """
        begun = self._clock()
        self.send(keys)
        first = last = 0.0
        while self._clock() - begun < seconds:
            if self._pump(0.002):
                last = self._clock() - begun
                first = first or last
            elif last and self._clock() - begun - last > quiet:
                return Answer(first, last)
        if not last:
            raise TimeoutError(f"nothing was drawn after {keys!r}\n{self.text}")
        return Answer(first, last)

    def ended(self, seconds: float = 10) -> None:
        """Wait until the program has ended by itself.

        Raises:
            TimeoutError: it has not.
        """
        end = self._clock() + seconds
        while os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if self._clock() > end:
                raise TimeoutError(f"still running after {seconds} s\n{self.text}")
            self._pump(0.02)

    def time_of(self, keys: str, words: str) -> float:
        """Seconds from the keys until these words are written in one piece.

        Raises:
            TimeoutError: they were not; with the screen.
        """
        self._emulate()
        begun = self.since_start()
        self.send(keys)
        return self.until_output(words) - begun

    def final_since(self, keys: str, words: str, part: Callable[[str], Any]) -> tuple[float, float]:
        """Press keys and wait until these words are written and nothing more is.

        Args:
            keys: what is pressed.
            words: what is written once everything is done.
            part: what of the screen's text is looked at.

        Returns:
            Seconds until that part stood on the screen as it is in the end, and until the words were written.
        """
        told = self.time_of(keys, words)
        begun = self.since_start() - told
        self.settle(0.15)
        drawn, pieces = bytes(self._drawn), self._pieces
        self._drawn, self._pieces = bytearray(), []
        states = []
        start = 0
        for moment, end in pieces:
            self._stream.feed(drawn[start:end])
            start = end
            states.append((moment, part(self.text)))
        final = states[-1][1]
        changed = [number for number, (_, state) in enumerate(states) if state != final]
        return states[changed[-1] + 1 if changed else 0][0] - begun, told

    def memory(self) -> float:
        """Resident megabytes (10^6 bytes) of the program and the processes it has started; shared pages count once."""
        return sum(_told(pid, "smaps_rollup", "Pss") for pid in self._processes()) * 1024 / 1e6

    def threads(self) -> int:
        """How many threads the program and the processes it has started have."""
        return sum(_told(pid, "status", "Threads") for pid in self._processes())

    def _processes(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii")
        return [self.pid, *map(int, children.split())]

    def _pump(self, seconds: float) -> bool:
        """Read what is there, or wait for it; whether there was anything."""
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._descriptor, 1 << 16)
        except OSError:
            return False
        self.output += len(data)
        self._drawn += data
        self._read = self.since_start()
        self._pieces.append((self._read, len(self._drawn)))
        return bool(data)

    def _emulate(self) -> None:
        drawn, self._drawn, self._pieces = bytes(self._drawn), bytearray(), []
        self._stream.feed(drawn)


def _told(pid: int, file: str, name: str) -> int:
    """What the kernel tells of a process under this name."""
    lines = Path(f"/proc/{pid}/{file}").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])
