"""The application at work in a terminal: keys, filters, stalls, memory, the largest manifest."""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.ground import LARGE_MANIFEST, SIZES, Ground, repository_of
from benchmarks.listing import loaded
from benchmarks.measure import ROUNDS, Row, percentile
from benchmarks.programs import ecrtui
from benchmarks.terminal import Terminal
from ecrtui.catalog.filter import FilterError, parse
from ecrtui.ecr.image import Image
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry

LARGEST, SMALLEST = SIZES[-1], SIZES[0]
KEYS = ("j", "j", "j", "k", "j", "\x1b[6~", "j", "\x1b[5~", "k", "j", "G", "g") * 10
"""Down, up, a page down and up, to the end and back."""
TYPED = ("1.13", "main-6", "is:index", "size>100MB", "!pr", "tag:build", "~m67", "severity>=high")
"""What is typed into the filter, key by key."""


def rows(ground: Ground) -> list[Row]:
    """Everything that a user feels once the rows are there, and while they come."""
    keys, memory = _keys(ground)
    return [_stalls(ground), keys, _filters(ground), memory, _large_manifest(ground)]


@contextmanager
def _application(ground: Ground, *arguments: str) -> Iterator[Terminal]:
    with (
        TemporaryDirectory() as home,
        Terminal([str(ecrtui()), *arguments], ground.fresh(Path(home) / "home")) as terminal,
    ):
        yield terminal


@contextmanager
def _loaded(ground: Ground, size: int) -> Iterator[Terminal]:
    with _application(ground, repository_of(size)) as terminal:
        loaded(terminal, size)
        terminal.settle(1)
        yield terminal


def _stalls(ground: Ground) -> Row:
    """The longest that the loop did not get to anything while 100,000 images came in."""
    worst = []
    held: Counter[str] = Counter()
    for _ in range(ROUNDS):
        beats, places = _watched(ground, repository_of(LARGEST), lambda terminal: loaded(terminal, LARGEST))
        # The first frames are measured by themselves; this is about what happens behind the first rows.
        worst.append(max(late for _, late in beats[20:]))
        held += places
    return Row(
        f"longest stall of the screen while {LARGEST:,} images load",
        statistics.median(worst) * 1000,
        50,
        "ms",
        note=f"median of the longest of each of {ROUNDS} runs, {max(worst) * 1000:.0f} ms in the worst; {_told(held)}",
    )


def _watched(
    ground: Ground, reference: str, script: Callable[[Terminal], object]
) -> tuple[list[tuple[float, float]], Counter[str]]:
    """The application with a heartbeat, used by a script: its beats, and what held them up."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "beats.json"
        command = [sys.executable, "-m", "benchmarks.host", str(file), reference]
        with Terminal(command, ground.fresh(Path(folder) / "home")) as terminal:
            script(terminal)
            terminal.settle(1)
            terminal.send("\x11")  # Ctrl-Q leaves from everywhere
            terminal.ended()
        told = json.loads(file.read_text("utf-8"))
    return told["beats"], Counter(told["held"])


def _told(held: Counter[str]) -> str:
    """Where the loop was found most often while something was due, in words."""
    total = max(held.total(), 1)
    places = ", ".join(f"{place} {count / total:.0%}" for place, count in held.most_common(4))
    return f"while it was late it was found in {places}"


def _keys(ground: Ground) -> tuple[Row, Row]:
    """Keys in turn, in one application with all rows and in another with few."""
    with _loaded(ground, LARGEST) as many, _loaded(ground, SMALLEST) as few:
        memory = many.memory()
        answers: dict[Terminal, list[float]] = {many: [], few: []}
        for key in KEYS:
            for terminal, times in answers.items():
                times.append(terminal.press(key).settled)
    ours, theirs = (percentile(times, 95) * 1000 for times in answers.values())
    return (
        Row(
            f"key to settled screen at {LARGEST:,} rows, p95",
            ours,
            1.25,
            "ms",
            f"the same at {SMALLEST} rows",
            theirs,
            f"{len(KEYS)} keys in each, in turn: down, up, pages, end, begin",
        ),
        Row(
            f"resident memory with {LARGEST:,} images",
            memory,
            180,
            "MB",
            note="of both processes once they are loaded; shared pages count once",
        ),
    )


def _filters(ground: Ground) -> Row:
    """Each key of some filters, until the rows on the screen are those that they are in the end."""
    images = _images(ground)
    with _loaded(ground, LARGEST) as terminal:
        answers = [answer for typed in TYPED for answer in _typed(terminal, typed, images)]
    seen, told = zip(*answers, strict=True)

    def script(terminal: Terminal) -> None:
        loaded(terminal, LARGEST)
        for typed in TYPED:
            list(_typed(terminal, typed, images))

    _, held = _watched(ground, repository_of(LARGEST), script)
    return Row(
        f"filter keystroke to frame at {LARGEST:,} rows, p95",
        percentile(seen, 95) * 1000,
        50,
        "ms",
        note=f"{len(seen)} keys that change what matches, until the rows on the screen are the right ones, median "
        f"{statistics.median(seen) * 1000:.0f} ms; how many match in all is told later, "
        f"p95 {percentile(told, 95) * 1000:.0f} ms, median {statistics.median(told) * 1000:.0f} ms; {_told(held)}",
    )


def _typed(terminal: Terminal, typed: str, images: list[Image]) -> Iterator[tuple[float, float]]:
    """Type a filter and drop it: for each key that changes what matches, when the rows were right, and the number."""
    terminal.send("/")
    terminal.settle()
    shown = -1
    for end in range(1, len(typed) + 1):
        count = _matching(typed[:end], images)
        if count is None or count == shown:
            terminal.press(typed[end - 1])
            continue
        yield terminal.final_since(typed[end - 1], f"{count:,} match", _digests)
        shown = count
    while " match" in terminal.text:
        terminal.send("\x1b")
        terminal.settle()


def _digests(screen: str) -> list[str]:
    """What tells the rows of a list of images apart."""
    return re.findall(r"\b[0-9a-f]{12}\b", "\n".join(line[:90] for line in screen.splitlines()))


def _images(ground: Ground) -> list[Image]:
    registry = open_registry(Connection(endpoint_url=ground.url, region="us-east-1", sign_request=False))
    return [image for page in registry.images(repository_of(LARGEST)) for image in page.items]


def _matching(text: str, images: list[Image]) -> int | None:
    """How many match; None if it is no filter yet."""
    try:
        return len(parse(text).select(images))
    except FilterError:
        return None


def _large_manifest(ground: Ground) -> Row:
    """Enter on the image whose manifest is as large as can be, until its lines are on the screen."""
    times: list[float] = []

    def script(terminal: Terminal) -> None:
        terminal.until("1 image")
        terminal.settle(2)
        for _ in range(ROUNDS):
            times.append(terminal.time_of("\r", "line.000020"))
            terminal.settle(1)
            terminal.send("\x1b")
            terminal.settle(1)

    with _application(ground, "images/large") as terminal:
        script(terminal)
    median = statistics.median(times)
    _, held = _watched(ground, "images/large", script)
    return Row(
        f"a manifest of {LARGE_MANIFEST / 1e6:.0f} MB: open to first screen",
        median * 1000,
        150,
        "ms",
        note=f"median of {ROUNDS}, from Enter in the list, beside which it stands; {_told(held)}",
    )
