"""``python -m benchmarks.soak [MINUTES]``: a script uses the application for a long time and looks for leaks.

Each turn opens repositories of every size, moves, sorts, filters, marks, opens manifests, reloads, and goes back. After
each turn it prints the memory and the number of threads. The last quarter of the turns must not use more threads than
the second quarter, and not more memory beyond the normal variation.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.dataset import SIZES, ServedDataset, repository_of_size, serve_dataset
from benchmarks.programs import ecrtui
from benchmarks.timed_terminal import TimedTerminal

MINUTES = 30.0
ALLOWED_GROWTH = 0.05
"""The share by which the memory may vary between two quarters."""

CTRL_R = "\x12"
ESCAPE = "\x1b"

IMAGES_SCREEN_KEYS = (
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
    ESCAPE,
    "\r",
    "i",
    ESCAPE,
    ESCAPE,
)
"""Move, sort, toggle panes, mark, show details, open the image, show its config, and go back."""
FILTERS = ("1.1", "is:index", "!pr size>1MB", "tag:build")

MAX_STEPS_BACK = 10
"""More than enough Escapes to reach the list of repositories from any screen."""


def main(minutes: float) -> None:
    """Use the application for this time. Exit with code 1 if memory or threads have grown."""
    with serve_dataset() as dataset, TemporaryDirectory() as folder:
        usage = _use(dataset, Path(folder) / "home", minutes * 60)
    quarter = max(len(usage) // 4, 1)
    early, late = usage[quarter : 2 * quarter] or usage, usage[-quarter:]
    for name, index, allowed in (("memory, MB", 0, 1 + ALLOWED_GROWTH), ("threads", 1, 1.0)):
        before, after = (statistics.median(turn[index] for turn in turns) for turns in (early, late))
        print(f"{name}: {before:.0f} in the second quarter, {after:.0f} in the last quarter of {len(usage)} turns")
        if after > before * allowed:
            sys.exit(f"{name} has grown")


def _use(dataset: ServedDataset, home: Path, seconds: float) -> list[tuple[float, int]]:
    """Repeat turns for this time; return the memory in megabytes and the number of threads after each."""
    usage = []
    end = time.monotonic() + seconds
    with TimedTerminal([ecrtui()], dataset.environment_with_empty_home(home)) as terminal:
        terminal.wait_for_output("team-")
        terminal.wait_until_quiet()
        while time.monotonic() < end:
            for size in SIZES:
                _visit_repository(terminal, size)
            usage.append((terminal.memory(), terminal.threads()))
            print(f"turn {len(usage)}: {usage[-1][0]:.0f} MB, {usage[-1][1]} threads", flush=True)
    return usage


def _visit_repository(terminal: TimedTerminal, size: int) -> None:
    """Find the repository by its name, open it, use all its features, and go back."""
    _press(terminal, "/", *repository_of_size(size), "\r", "\r")
    terminal.wait_for(f"{size:,} images", 60)
    _press(terminal, *IMAGES_SCREEN_KEYS)
    for text in FILTERS:
        _press(terminal, "/", *text, "\r", "j", ESCAPE)
    _press(terminal, CTRL_R)
    terminal.wait_until_quiet(1)
    for _ in range(MAX_STEPS_BACK):
        if "›" not in terminal.text.splitlines()[1]:  # the breadcrumb of the list of repositories
            break
        _press(terminal, ESCAPE)
    else:
        raise TimeoutError(f"Escape does not lead back to the repositories\n{terminal.text}")
    _press(terminal, ESCAPE)


def _press(terminal: TimedTerminal, *keys: str) -> None:
    for key in keys:
        terminal.send(key)
        # A terminal reads Escape followed at once by a letter as one key, Alt and the letter.
        terminal.wait_until_quiet(0.4 if key == ESCAPE else 0.1, 5)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES)
