"""Bytes that the application writes to the terminal: for each key, while a list loads, and at rest."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.bare_table import ROWS
from benchmarks.dataset import SIZES as REPOSITORY_SIZES
from benchmarks.dataset import ServedDataset, repository_of_size
from benchmarks.list_images import wait_until_loaded
from benchmarks.measurement import Measurement, scaled
from benchmarks.palettes import OTHERS, TRUE_COLOR, Palette
from benchmarks.programs import ecrtui
from benchmarks.smallest_output import Cells, blank, smallest_output
from benchmarks.timed_terminal import TimedTerminal

SIZES = ((80, 24), (160, 50))
PALETTES = (TRUE_COLOR, *OTHERS)[: scaled(1 + len(OTHERS), 1)]
IMAGES = 10_000
LARGEST = REPOSITORY_SIZES[-1]
TARGET = 1.5
LOADING_TARGET = 2_000
"""Bytes per second while a list loads."""
QUIET = 1.0
"""Seconds without output after which a change is complete. The findings of the rows in view arrive one by one."""
REST = 3.0
"""Seconds at rest."""


def click(column: int, line: int) -> str:
    """Return a click, as the mouse mode 1006 reports it."""
    return f"\x1b[<0;{column};{line}M\x1b[<0;{column};{line}m"


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
    "a second letter of a tag": "y",
    "space behind the tag": " ",
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

FOLDING_KEYS = {
    "+": "+",
    "-": "-",
    "_ to unfold all": "_",
    "_ to fold all": "_",
    "C": "C",
    "Esc of the columns": "\x1b",
    "space": " ",
    "D": "D",
    "Esc of the comparison": "\x1b",
    "space again": " ",
    "F": "F",
    "Esc of the search": "\x1b",
    "L": "L",
    "Esc of the dry run": "\x1b",
    "W": "W",
    "W again": "W",
    "Enter into an index": "\r",
    **{f"pane {pane}": str(pane) for pane in (2, 3, 4, 5, 6, 7, 8, 9, 1)},
    "Esc of the index": "\x1b",
    "Esc of the folded repository": "\x1b",
    "z": "z",
}
"""The keys to press in the repository once its indexes were read, with the cursor on an index."""

OTHER_KEYS = {
    "t for a new tag": "t",
    "the letters of the tag": "counted",
    "Enter to apply": "\r",
    "Esc of the result": "\x1b",
    "a": "a",
    "Esc of the activity": "\x1b",
    "u": "u",
    "Enter to undo": "\r",
    "Esc of the undone result": "\x1b",
    "click on a row": click(20, 10),
    "click on the row below": click(20, 11),
    "click on a heading": click(8, 3),
    "click on the heading again": click(8, 3),
    "wheel down": "\x1b[<65;20;10M",
    "wheel up": "\x1b[<64;20;10M",
    "s": "s",
    "S": "S",
    ":": ":",
    "a letter of a command": "c",
    "a second letter of a command": "o",
    "Esc of the commands": "\x1b",
    "c": "c",
    "j in the copy menu": "j",
    "Esc of the copy menu": "\x1b",
    "y": "y",
    "Esc of the YAML": "\x1b",
    "*": "*",
    "t of the marked images": "t",
    "Esc of their plan": "\x1b",
    "* again": "*",
    "n, with a toast": "n",
}
"""More keys and mouse events in a list of images. The tag that they write is removed again."""

TOAST = "Nothing has changed"
"""A text of the toast."""

STEPS = {
    "wider and higher": (20, 6),
    "narrower": (-20, 0),
    "lower": (0, -6),
    "wider": (20, 0),
    "narrower again": (-20, 0),
}
"""Changes of the size of the terminal: columns and rows to add."""

FOLDED = "+ 1.135.21"
"""The first index of the repository, when its parts are folded into its row."""


class KeyCost(NamedTuple):
    """The bytes that a key costs, and the bytes of the smallest output for the same change."""

    name: str
    written: int
    least: int

    @property
    def ratio(self) -> float:
        """The bytes as a multiple of the smallest output; 0 if the screen stayed the same and nothing was written."""
        return self.written / max(self.least, 1)


def measure(dataset: ServedDataset) -> Iterator[Measurement]:
    """Measure the worst key in each palette, loading, and rest."""
    for palette in PALETTES:
        for size in SIZES:
            costs = [*key_costs(dataset, ecrtui(), size, palette), *new_key_costs(dataset, size, palette)]
            worst = max(costs, key=lambda cost: cost.ratio)
            name = f"bytes of the worst key at {_name(size)}, {palette.name}: {worst.name}"
            baseline = "the smallest output for the same change"
            yield Measurement(name, worst.written, TARGET, "B", baseline, worst.least, note=f"{len(costs)} keys")
    for size in SIZES:
        yield _loading(dataset, size)
    yield from _large_list(dataset)


def key_costs(
    dataset: ServedDataset, program: str, size: tuple[int, int], palette: Palette = TRUE_COLOR
) -> Iterator[KeyCost]:
    """Press each key and yield what it costs.

    Args:
        dataset: The registry.
        program: The ``ecrtui`` to run.
        size: Columns and rows.
        palette: The colors of the terminal.
    """
    with _at_repository(dataset, program, size, IMAGES, palette) as terminal:
        yield from _costs(terminal, KEYS, palette)


def new_key_costs(dataset: ServedDataset, size: tuple[int, int], palette: Palette = TRUE_COLOR) -> Iterator[KeyCost]:
    """Press the keys that the older version does not have, and yield what they cost; see :func:`key_costs`."""
    yield from _folding_key_costs(dataset, size, palette)
    yield from _other_costs(dataset, size, palette)


def _folding_key_costs(dataset: ServedDataset, size: tuple[int, int], palette: Palette) -> Iterator[KeyCost]:
    with _at_repository(dataset, ecrtui(), size, IMAGES, palette) as terminal:
        _type_until_quiet(terminal, "\r")
        terminal.send("I")
        terminal.wait_for(FOLDED)
        _type_until_quiet(terminal, "jj")
        yield from _costs(terminal, FOLDING_KEYS, palette)


def _other_costs(dataset: ServedDataset, size: tuple[int, int], palette: Palette) -> Iterator[KeyCost]:
    """Press each key of :data:`OTHER_KEYS`, let the toast of the last one end, and change the size of the terminal."""
    with _at_repository(dataset, ecrtui(), size, IMAGES, palette) as terminal:
        _type_until_quiet(terminal, "\r")
        yield from _costs(terminal, OTHER_KEYS, palette)
        before, written = terminal.cells(), terminal.output_bytes
        terminal.wait_until(lambda screen: TOAST not in screen, "no toast")
        terminal.wait_until_quiet(QUIET)
        yield _cost("the end of the toast", terminal, written, before, palette)
        for name, (columns, lines) in STEPS.items():
            written = terminal.output_bytes
            terminal.resize(columns, lines)
            terminal.wait_until_quiet(QUIET)
            # The screen may be cut, moved or reflowed by then, so the smallest output writes all of it.
            yield _cost(f"resize: {name}", terminal, written, blank(terminal.cells()), palette)


def _cost(name: str, terminal: TimedTerminal, written: int, before: Cells, palette: Palette) -> KeyCost:
    least = smallest_output(before, terminal.cells(), palette.color_bytes)
    return KeyCost(name, terminal.output_bytes - written, least)


def _costs(terminal: TimedTerminal, keys: Mapping[str, str], palette: Palette) -> Iterator[KeyCost]:
    for name, key in keys.items():
        before, written = terminal.cells(), terminal.output_bytes
        _type_until_quiet(terminal, key)
        yield _cost(name, terminal, written, before, palette)


@contextmanager
def _at_repository(
    dataset: ServedDataset, program: str, size: tuple[int, int], images: int, palette: Palette = TRUE_COLOR
) -> Iterator[TimedTerminal]:
    """Run the application with the cursor on the repository with this number of images."""
    with TemporaryDirectory() as folder:
        environment = dataset.environment_with_empty_home(Path(folder) / "home")
        with TimedTerminal([program], environment, size, palette) as terminal:
            terminal.wait_for("repositories")
            _type_until_quiet(terminal, f"/{repository_of_size(images)}\r")
            yield terminal


def _type_until_quiet(terminal: TimedTerminal, keys: str) -> None:
    terminal.send(keys)
    terminal.wait_until_quiet(QUIET)


def _name(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _loading(dataset: ServedDataset, size: tuple[int, int]) -> Measurement:
    """Measure the output from the first rows of a list to its last page."""
    with _at_repository(dataset, ecrtui(), size, LARGEST) as terminal:
        terminal.cells()
        terminal.send("\r")
        start = terminal.wait_for_output("so far")
        first = terminal.output_bytes
        before_last = first
        while "tagged" not in terminal.text.splitlines()[1]:
            before_last = terminal.output_bytes
            terminal.wait_until_quiet(0.02, timeout=0.02)
        seconds = terminal.since_start() - start
    return Measurement(
        f"bytes per second while {LARGEST:,} rows load at {_name(size)}",
        (before_last - first) / seconds,
        LOADING_TARGET,
        "B",
        note=f"from the first rows to the last page, {seconds:.1f} s",
    )


def _large_list(dataset: ServedDataset) -> Iterator[Measurement]:
    """Measure a cursor key at the largest list, the mouse, and rest with an open field."""
    with _at_repository(dataset, ecrtui(), SIZES[0], LARGEST) as terminal:
        terminal.cells()
        terminal.send("\r")
        wait_until_loaded(terminal, LARGEST)
        terminal.wait_until_quiet(QUIET)
        yield _cursor_key(dataset, terminal)
        yield from _at_rest(terminal)


def _cursor_key(dataset: ServedDataset, terminal: TimedTerminal) -> Measurement:
    ours = _written(terminal, "j")
    with TimedTerminal([sys.executable, "-m", "benchmarks.bare_table"], dataset.environment, SIZES[0]) as bare:
        bare.wait_for("1.135.0")
        bare.wait_until_quiet(QUIET)
        theirs = _written(bare, "\x1b[B")
    baseline = f"a bare DataTable of {ROWS} rows"
    return Measurement(f"bytes of j at {LARGEST:,} rows, 80x24", ours, 1.0, "B", baseline, theirs)


def _at_rest(terminal: TimedTerminal) -> Iterator[Measurement]:
    hover = "\x1b[<35;{};6M"  # a move to column {} of line 6, as the mouse mode 1006 reports it
    _type_until_quiet(terminal, hover.format(10))
    yield Measurement("bytes of moving the mouse within a row", _written(terminal, hover.format(30)), 0, "B")
    _type_until_quiet(terminal, "/")
    start = terminal.output_bytes
    terminal.wait_until_quiet(REST, timeout=REST)
    yield Measurement(f"bytes in {REST:.0f} s at rest, with the filter open", terminal.output_bytes - start, 0, "B")


def _written(terminal: TimedTerminal, keys: str) -> int:
    start = terminal.output_bytes
    _type_until_quiet(terminal, keys)
    return terminal.output_bytes - start
