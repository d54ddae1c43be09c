"""``python -m benchmarks.soak [MINUTES]``: the application used by a script for a long time; nothing of it may pile up.

Each turn opens repositories of every size, moves, sorts, filters, marks, looks at manifests, reloads, and goes back.
At the end of each it is told how much memory and how many threads there are; the last quarter must not have more than
the second one, but for what a turn itself may differ by.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.ground import SIZES, Ground, ground, repository_of
from benchmarks.programs import ecrtui
from benchmarks.terminal import Terminal

MINUTES = 30.0
GROWTH = 0.05
"""By so much of itself the memory may differ between a quarter and another."""

LISTED = (
    "j",
    "j",
    "\x1b[6~",
    "\x1b[5~",
    "G",
    "g",
    "s",
    "s",
    "S",
    "o",
    "o",
    " ",
    "*",
    "*",
    "d",
    "\x1b",
    "\r",
    "i",
    "\x1b",
    "\x1b",
)
"""In a list of images: moves, orders, panes, marks, details, the image, its config, and back."""
FILTERS = ("1.1", "is:index", "!pr size>1MB", "tag:build")

STEPS_BACK = 10
"""More Escs than it can take from anywhere to the list of repositories."""


def main(minutes: float) -> None:
    """Use it for so long; exits with 1 if something has piled up."""
    with ground() as place, TemporaryDirectory() as home:
        told = _use(place, Path(home) / "home", minutes * 60)
    quarter = max(len(told) // 4, 1)
    early, late = told[quarter : 2 * quarter] or told, told[-quarter:]
    for name, index, allowed in (("memory, MB", 0, 1 + GROWTH), ("threads", 1, 1.0)):
        before, after = (statistics.median(turn[index] for turn in turns) for turns in (early, late))
        print(f"{name}: {before:.0f} in the second quarter, {after:.0f} in the last one of {len(told)} turns")
        if after > before * allowed:
            sys.exit(f"{name} has grown")


def _use(place: Ground, home: Path, seconds: float) -> list[tuple[float, int]]:
    told = []
    end = time.monotonic() + seconds
    with Terminal([str(ecrtui())], place.fresh(home)) as terminal:
        terminal.until_output("team-")
        terminal.settle()
        while time.monotonic() < end:
            for size in SIZES:
                _visit(terminal, size)
            told.append((terminal.memory(), terminal.threads()))
            print(f"turn {len(told)}: {told[-1][0]:.0f} MB, {told[-1][1]} threads", flush=True)
    return told


def _visit(terminal: Terminal, size: int) -> None:
    """Find the repository by its name, open it, do everything in it, and go back."""
    _keys(terminal, "/", *repository_of(size), "\r", "\r")
    terminal.until(f"{size:,} images", 60)
    _keys(terminal, *LISTED)
    for line in FILTERS:
        _keys(terminal, "/", *line, "\r", "j", "\x1b")
    _keys(terminal, "\x12")  # Ctrl-R
    terminal.settle(1)
    for _ in range(STEPS_BACK):
        if "scan on push" in terminal.text:  # a column of the list of repositories
            break
        _keys(terminal, "\x1b")
    else:
        raise TimeoutError(f"Esc does not lead back to the repositories\n{terminal.text}")
    _keys(terminal, "\x1b")


def _keys(terminal: Terminal, *keys: str) -> None:
    for key in keys:
        terminal.send(key)
        terminal.settle(0.4 if key == "\x1b" else 0.1, 5)  # Esc and a letter right behind it are one key: Alt


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES)
