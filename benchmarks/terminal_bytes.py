"""Bytes that a key costs on the terminal, against the smallest output that makes the same change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.dataset import ServedDataset, repository_of_size
from benchmarks.measurement import Measurement
from benchmarks.programs import ecrtui
from benchmarks.smallest_output import smallest_output
from benchmarks.timed_terminal import TimedTerminal

SIZES = ((80, 24), (160, 50))
IMAGES = 10_000
TARGET = 1.5
QUIET = 0.7
"""Seconds without output after which a change is complete."""

KEYS = {
    "Enter into a repository": "\r",
    "j": "j",
    "k": "k",
    "page down": "\x1b[6~",
    "page up": "\x1b[5~",
    "G": "G",
    "g": "g",
    "/": "/",
    "a letter of a filter": "m",
    "a second letter": "a",
    "Esc of the filter": "\x1b",
    "t": "t",
    "a letter of a tag": "x",
    "Esc of the form": "\x1b",
    "?": "?",
    "Esc of the help": "\x1b",
    "d": "d",
    "Esc of the details": "\x1b",
    "Enter into an image": "\r",
    "page down in a manifest": "\x1b[6~",
    "Esc of the image": "\x1b",
    "Esc of the repository": "\x1b",
}
"""The keys to press one after the other, with their names."""


def measure(dataset: ServedDataset) -> list[Measurement]:
    """Measure each key at each size, in true color."""
    return [row for size in SIZES for row in _measure_size(dataset, size)]


def _measure_size(dataset: ServedDataset, size: tuple[int, int]) -> Iterator[Measurement]:
    with TemporaryDirectory() as folder:
        environment = dataset.environment_with_empty_home(Path(folder) / "home")
        with TimedTerminal([ecrtui()], environment, size) as terminal:
            terminal.wait_for("repositories")
            _type_until_quiet(terminal, f"/{repository_of_size(IMAGES)}\r")
            for name, key in KEYS.items():
                before, written = terminal.cells(), terminal.output_bytes
                _type_until_quiet(terminal, key)
                cost = terminal.output_bytes - written
                least = smallest_output(before, terminal.cells())
                yield Measurement(
                    f"bytes of {name} at {size[0]}x{size[1]}",
                    cost,
                    TARGET,
                    "B",
                    "the smallest output for the same change",
                    least,
                )


def _type_until_quiet(terminal: TimedTerminal, keys: str) -> None:
    terminal.send(keys)
    terminal.wait_until_quiet(QUIET)
