"""The application in a terminal: keys, filters, stalls, memory, and the largest manifest."""

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

from benchmarks.dataset import LARGE_MANIFEST_BYTES, SIZES, ServedDataset, repository_of_size
from benchmarks.list_images import wait_until_loaded
from benchmarks.measurement import ROUNDS, Measurement, percentile
from benchmarks.programs import ecrtui
from benchmarks.timed_terminal import TimedTerminal
from ecrtui.catalog.filter import FilterError, parse
from ecrtui.ecr.image import Image
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry

LARGEST, SMALLEST = SIZES[-1], SIZES[0]
CTRL_Q = "\x11"
KEYS = ("j", "j", "j", "k", "j", "\x1b[6~", "k", "\x1b[5~", "k", "j", "G", "g") * 10
"""Down, up, page down, page up, end, begin. Each of them moves the cursor, also in the list with few rows."""
FILTERS = ("1.13", "main-6", "is:index", "size>100MB", "!pr", "tag:build", "~m67", "severity>=high")
"""Filters to type, key by key."""
STARTUP_BEATS = 20
"""Heartbeats to ignore: the first frames have their own benchmark."""


def measure(dataset: ServedDataset) -> list[Measurement]:
    """Measure what a user feels while the rows load and afterwards."""
    keys, memory = _keys_and_memory(dataset)
    return [_longest_stall(dataset), keys, _filter_keys(dataset), memory, _large_manifest(dataset)]


@contextmanager
def _application(dataset: ServedDataset, *arguments: str) -> Iterator[TimedTerminal]:
    with TemporaryDirectory() as folder:
        environment = dataset.environment_with_empty_home(Path(folder) / "home")
        with TimedTerminal([ecrtui(), *arguments], environment) as terminal:
            yield terminal


@contextmanager
def _loaded_application(dataset: ServedDataset, size: int) -> Iterator[TimedTerminal]:
    with _application(dataset, repository_of_size(size)) as terminal:
        wait_until_loaded(terminal, size)
        terminal.wait_until_quiet(1)
        yield terminal


def _longest_stall(dataset: ServedDataset) -> Measurement:
    """Measure the longest delay of the event loop while 100,000 images load."""
    longest = []
    causes: Counter[str] = Counter()
    for _ in range(ROUNDS):
        beats, run_causes = _run_with_heartbeat(
            dataset, repository_of_size(LARGEST), lambda terminal: wait_until_loaded(terminal, LARGEST)
        )
        longest.append(max(delay for _, delay in beats[STARTUP_BEATS:]))
        causes += run_causes
    return Measurement(
        f"longest stall of the screen while {LARGEST:,} images load",
        statistics.median(longest) * 1000,
        50,
        "ms",
        note=f"median of {ROUNDS} runs, {max(longest) * 1000:.0f} ms in the worst run; {_describe(causes)}",
    )


def _run_with_heartbeat(
    dataset: ServedDataset, reference: str, script: Callable[[TimedTerminal], object]
) -> tuple[list[tuple[float, float]], Counter[str]]:
    """Run the script on the heartbeat application; return the heartbeats and the causes of the late ones."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "heartbeat.json"
        command = [sys.executable, "-m", "benchmarks.heartbeat_app", str(file), reference]
        environment = dataset.environment_with_empty_home(Path(folder) / "home")
        with TimedTerminal(command, environment) as terminal:
            script(terminal)
            terminal.wait_until_quiet(1)
            terminal.send(CTRL_Q)  # quits from every screen
            terminal.wait_for_exit()
        result = json.loads(file.read_text("utf-8"))
    return result["beats"], Counter(result["causes"])


def _describe(causes: Counter[str]) -> str:
    """Describe the most frequent causes of late heartbeats."""
    total = max(causes.total(), 1)
    shares = ", ".join(f"{cause} {count / total:.0%}" for cause, count in causes.most_common(4))
    return f"samples of late heartbeats: {shares}"


def _keys_and_memory(dataset: ServedDataset) -> tuple[Measurement, Measurement]:
    """Press keys in two applications in turn, one with all rows and one with few. Measure the memory of the first."""
    with _loaded_application(dataset, LARGEST) as large, _loaded_application(dataset, SMALLEST) as small:
        memory = large.memory()
        times_by_terminal: dict[TimedTerminal, list[float]] = {large: [], small: []}
        for key in KEYS:
            for terminal, times in times_by_terminal.items():
                times.append(terminal.press(key).last)
    large_p95, small_p95 = (percentile(times, 95) * 1000 for times in times_by_terminal.values())
    return (
        Measurement(
            f"key to last output at {LARGEST:,} rows, p95",
            large_p95,
            1.25,
            "ms",
            f"the same at {SMALLEST} rows",
            small_p95,
            f"{len(KEYS)} keys in each application, in turn: down, up, page down, page up, end, begin",
        ),
        Measurement(
            f"resident memory with {LARGEST:,} images",
            memory,
            180,
            "MB",
            note="both processes, after loading; shared pages count once",
        ),
    )


def _filter_keys(dataset: ServedDataset) -> Measurement:
    """Type filters key by key; measure the time until the rows and the number of matches are final."""
    images = _read_images(dataset)
    with _loaded_application(dataset, LARGEST) as terminal:
        times = [time for text in FILTERS for time in _type_filter(terminal, text, images)]
    row_times, count_times = zip(*times, strict=True)

    def script(terminal: TimedTerminal) -> None:
        wait_until_loaded(terminal, LARGEST)
        for text in FILTERS:
            list(_type_filter(terminal, text, images))

    _, causes = _run_with_heartbeat(dataset, repository_of_size(LARGEST), script)
    return Measurement(
        f"filter keystroke to frame at {LARGEST:,} rows, p95",
        percentile(row_times, 95) * 1000,
        50,
        "ms",
        note=f"{len(row_times)} keys that change the matches, until the visible rows are final, median "
        f"{statistics.median(row_times) * 1000:.0f} ms; the number of matches follows later, "
        f"p95 {percentile(count_times, 95) * 1000:.0f} ms, median {statistics.median(count_times) * 1000:.0f} ms; "
        f"{_describe(causes)}",
    )


def _type_filter(terminal: TimedTerminal, text: str, images: list[Image]) -> Iterator[tuple[float, float]]:
    """Type a filter, then clear it.

    Yields:
        For each key that changes the number of matches: seconds until the visible rows were final, and seconds until
        the screen showed the new number.
    """
    terminal.send("/")
    terminal.wait_until_quiet()
    shown = -1
    for end in range(1, len(text) + 1):
        count = _count_matches(text[:end], images)
        if count is None or count == shown:
            terminal.press(text[end - 1])
            continue
        yield terminal.time_to_final_part(text[end - 1], f"{count:,} match", _visible_digests)
        shown = count
    while " match" in terminal.text:
        terminal.send("\x1b")
        terminal.wait_until_quiet()


def _visible_digests(screen: str) -> list[str]:
    """Return the short digests in the list of images; they identify its rows."""
    return re.findall(r"\b[0-9a-f]{12}\b", "\n".join(line[:90] for line in screen.splitlines()))


def _read_images(dataset: ServedDataset) -> list[Image]:
    registry = open_registry(Connection(endpoint_url=dataset.url, region="us-east-1", sign_request=False))
    return [image for page in registry.images(repository_of_size(LARGEST)) for image in page.items]


def _count_matches(text: str, images: list[Image]) -> int | None:
    """Return the number of images that match. Return None if the text is not a complete filter."""
    try:
        return len(parse(text).select(images))
    except FilterError:
        return None


def _large_manifest(dataset: ServedDataset) -> Measurement:
    """Open the image with the largest manifest; measure the time until its overview is on the screen."""
    times: list[float] = []

    def script(terminal: TimedTerminal) -> None:
        terminal.wait_for("1 image")
        terminal.wait_until_quiet(2)
        for _ in range(ROUNDS):
            times.append(terminal.time_to_output("\r", "last pulled"))
            terminal.wait_until_quiet(1)
            terminal.send("\x1b")
            terminal.wait_until_quiet(1)

    with _application(dataset, "images/large") as terminal:
        script(terminal)
    median = statistics.median(times)
    _, causes = _run_with_heartbeat(dataset, "images/large", script)
    return Measurement(
        f"a manifest of {LARGE_MANIFEST_BYTES / 1e6:.0f} MB: open to first screen",
        median * 1000,
        150,
        "ms",
        note=f"median of {ROUNDS}, from Enter in the list, whose preview shows the manifest already; "
        f"{_describe(causes)}",
    )
