"""``python -m tests.byte_monkey [SECONDS [SEED]]``: send random bytes, sizes and signals to the program in a terminal.

The program runs on the demo registry and may write. After each burst it must draw a frame of a new size. When it ends,
its exit code is 0, or a Ctrl-C behind the key that quits has ended it; the terminal is as before, and no process is
left. A failure names the seed and the last bursts.
``make test`` runs a few bursts of fixed seeds.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import termios
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from ecrtui.errors import INTERNAL_ERROR
from tests.support.terminal import Terminal, assert_terminal_restored, child_pids, ecrtui, is_alive, wait_for

ANY_FOLDER = ("sh", "-c", 'cd "$HOME" && exec "$@"', "sh")
"""Runs the program in its home: a random name may become a file."""

PROGRAMS = {"PAGER": "true", "EDITOR": "true", "VISUAL": "true"}
"""The programs that ecrtui may start in its place end at once: the monkey does not know their keys."""

LFLAG = 3
"""The position of the local flags in the settings of a terminal."""

COLUMNS = (60, 80, 100, 160)
ROWS = range(16, 60)
"""Each frame that the monkey waits for has one row more than the one before it."""

KEYS = (b"\r",) * 6 + (
    b"\x1b",
    b"\x1b",
    b"j",
    b"k",
    b"t",
    b" ",
    b"/",
    b":",
    b"?",
    b"u",
    b"m",
    b"y",
    b"d",
    b"c",
    b"o",
    b"a",
)
CURSOR_KEYS = tuple(b"\x1b[" + end for end in (b"A", b"B", b"C", b"D", b"H", b"F", b"5~", b"6~", b"Z", b"1;5C"))
FRAGMENTS = (
    *(
        b"\x1b[",
        b"\x1bO",
        b"\x1b[<",
        b"\x1b[<0;",
        b"\x1b[M",
        b"\x1b[200~",
        b"\x1b[201~",
        b"\x1b]",
        b"\x1b]11;",
        b"\x1bP",
    ),
    *(
        b"\x1b[?2026;2$y",
        b"\x1b[I",
        b"\x1b[O",
        b"\x1b[97;5u",
        b"\x1b[97;1:3u",
        b"\x1b[;;u",
        b"\x1b\\",
        b"\x07",
        b"\x9c",
    ),
)
PASTES = (b"rc-1", b"a b\nc\r\nd", b"sha256:" + b"0" * 64, b"\xff\xfe\x00", "é中\u202e\x1b[31m".encode(), b"x" * 3000)
PAUSING_SIGNALS = (signal.SIGTSTP, signal.SIGSTOP)
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
QUIT_BYTES = bytes.maketrans(b"\x03q", b"\x0cj")


def keys(rng: random.Random) -> bytes:
    """Return keys that open, move and type."""
    return b"".join(rng.choice(KEYS if rng.random() < 0.7 else CURSOR_KEYS) for _ in range(rng.randint(1, 8)))


def noise(rng: random.Random) -> bytes:
    """Return any bytes. Most of the time none of them quits."""
    data = rng.randbytes(rng.choice((1, 2, 5, 20, 200)))
    return data if rng.random() < 0.1 else data.translate(QUIT_BYTES)


def fragments(rng: random.Random) -> bytes:
    """Return the beginnings, middles and ends of escape sequences."""
    return b"".join(rng.choice(FRAGMENTS) + noise(rng)[: rng.randrange(4)] for _ in range(rng.randint(1, 5)))


def mouse(rng: random.Random) -> bytes:
    """Return mouse reports, some of them far outside of the screen."""
    reports = []
    for _ in range(rng.randint(1, 4)):
        x, y = rng.choice((rng.randint(1, 160), -5, 99999)), rng.randint(0, 60)
        button = rng.choice((0, 1, 2, 32, 35, 64, 65, 255))
        reports += [b"\x1b[<%d;%d;%d%c" % (button, x, y, end) for end in b"Mm"]
    return b"".join(reports)


def paste(rng: random.Random) -> bytes:
    """Return a paste. Some never end."""
    return b"\x1b[200~" + rng.choice(PASTES) + rng.choice((b"\x1b[201~", b"\x1b[201~", b""))


BURSTS: tuple[Callable[[random.Random], bytes], ...] = (keys, keys, keys, noise, noise, fragments, mouse, paste)


@dataclass
class Session:
    """One run of the program.

    Args:
        terminal: the terminal with the program.
        rng: the source of all choices.
    """

    terminal: Terminal
    rng: random.Random
    rows: int = 30
    bursts: int = 0
    last: deque[str] = field(default_factory=lambda: deque(maxlen=12))

    def run(self, goes_on: Callable[[], bool]) -> None:
        """Send bursts while the program runs; then end it, and check how it ended."""
        self.terminal.until("repositories")
        registry = child_pids(self.terminal.process.pid)
        while goes_on() and self.terminal.process.poll() is None:
            self._send_burst()
            self._wait_for_new_frame()
            self.bursts += 1
        if self.terminal.process.poll() is None:
            self._signal(signal.SIGTERM)
        wait_for(self._has_ended)
        code = self.terminal.wait()
        # The terminal is restored before the process ends: a random Ctrl-C then is a signal, and ends it at once.
        assert code in (0, -signal.SIGINT), f"exit code {code}"
        assert_terminal_restored(self.terminal)
        wait_for(lambda: not any(map(is_alive, registry)))
        assert b"Traceback" not in self.terminal.output, "a traceback"

    def _send_burst(self) -> None:
        choice = self.rng.random()
        if choice < 0.06:
            self._signal(self.rng.choice(PAUSING_SIGNALS))
        elif choice < 0.065:
            self._signal(self.rng.choice(ENDING_SIGNALS))
        elif choice < 0.09:
            self._signal(signal.SIGCONT)
        else:
            data = self.rng.choice(BURSTS)(self.rng)
            self.last.append(repr(data[:80]))
            self.terminal.send_what_fits(data)

    def _signal(self, number: signal.Signals) -> None:
        self.last.append(number.name)
        if self.terminal.process.poll() is None:
            os.kill(self.terminal.process.pid, number)

    def _wait_for_new_frame(self) -> None:
        """Add a row to the terminal, and wait until the program draws there or has ended."""
        self.rows = self.rows + 1 if self.rows < ROWS[-1] else ROWS[0]
        if self.rows == ROWS[0]:
            self.terminal.resize(self.rng.choice(COLUMNS), self.rows)
            self.rows += 1
        self.terminal.resize(self.rng.choice(COLUMNS), self.rows)
        wait_for(lambda: self._has_ended() or bool(self.terminal.screen.splitlines()[self.rows - 1 :]))
        assert INTERNAL_ERROR not in self.terminal.screen, INTERNAL_ERROR

    def _has_ended(self) -> bool:
        """Read the output, and continue the program if it waits or is stopped. Return True if it has ended."""
        self.terminal.read(0.02)
        process = self.terminal.process
        if self.terminal.current_settings()[LFLAG] & termios.ICANON:  # it has printed a text and waits for Enter
            self.terminal.send_what_fits(b"\x11\r")  # Ctrl-Q, for a random Ctrl-S has stopped the output
        if process.poll() is not None:
            return True
        if Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
            os.kill(process.pid, signal.SIGCONT)
        return False


def run_session(seed: int, home: Path, goes_on: Callable[[], bool]) -> int:
    """Run the program once with bursts of this seed. Return their number.

    Raises:
        AssertionError: the program failed. Names the seed and the last bursts.
    """
    with ecrtui("--demo", home=home, size=(80, 30), parent=ANY_FOLDER, **PROGRAMS) as terminal:
        session = Session(terminal, random.Random(seed))
        try:
            session.run(goes_on)
        except AssertionError as problem:
            last = "\n".join(session.last)
            raise AssertionError(f"seed {seed}, burst {session.bursts}: {problem}\n{last}\n{terminal.screen}") from None
        return session.bursts


def main(seconds: float, seed: int) -> None:
    """Run sessions for this time. Exit with code 1 after the first failure."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with TemporaryDirectory() as home:
            try:
                bursts = run_session(seed, Path(home), lambda: time.monotonic() < end)
            except AssertionError as problem:
                sys.exit(str(problem))
        print(f"seed {seed}: {bursts} bursts", flush=True)
        seed += 1


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 300.0, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
