"""The application in a terminal: keys, filters, stalls, memory, and the largest manifest."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.dataset import LARGE_MANIFEST_BYTES, SIZES, ServedDataset, repository_of_size
from benchmarks.heartbeat import Heartbeats, Script, describe, run_with_heartbeat, stall
from benchmarks.list_images import wait_until_loaded
from benchmarks.measurement import ROUNDS, Measurement, percentile, scaled
from benchmarks.programs import ecrtui
from benchmarks.timed_terminal import TimedTerminal, time_of_last_change

LARGEST, SMALLEST = SIZES[-1], SIZES[0]
ESCAPE = "\x1b"
KEYS = ("j", "j", "j", "k", "j", "\x1b[6~", "k", "\x1b[5~", "k", "j", "G", "g") * scaled(10, 1)
"""Down, up, page down, page up, end, begin. Each of them moves the cursor, also in the list with few rows."""
FILTERS = ("1.13", "main-6", "is:index", "size>100MB", "!pr", "tag:build", "~m67", "severity>=high")
"""Filters to type, key by key."""


def measure(dataset: ServedDataset) -> Iterator[Measurement]:
    """Measure what a user feels while the rows load and afterwards."""
    yield _longest_stall(dataset)
    yield from _keys_and_memory(dataset)
    yield _filter_keys(dataset)
    yield from _large_manifest(dataset)


@contextmanager
def _application(dataset: ServedDataset, *arguments: str, **variables: str) -> Iterator[TimedTerminal]:
    with TemporaryDirectory() as folder:
        environment = dataset.environment_with_empty_home(Path(folder) / "home") | variables
        with TimedTerminal([ecrtui(), *arguments], environment) as terminal:
            yield terminal


@contextmanager
def _loaded_application(dataset: ServedDataset, size: int) -> Iterator[TimedTerminal]:
    with _application(dataset, repository_of_size(size)) as terminal:
        wait_until_loaded(terminal, size)
        terminal.wait_until_quiet(1)
        yield terminal


def _longest_stall(dataset: ServedDataset) -> Measurement:
    """Measure the longest delay of the event loop while the largest list loads."""
    runs = [
        _run_with_heartbeat(dataset, repository_of_size(LARGEST), lambda terminal: wait_until_loaded(terminal, LARGEST))
        for _ in range(ROUNDS)
    ]
    return stall(f"longest stall of the screen while {LARGEST:,} images load", runs)


def _run_with_heartbeat(dataset: ServedDataset, reference: str, script: Script) -> Heartbeats:
    with TemporaryDirectory() as folder:
        return run_with_heartbeat(dataset.environment_with_empty_home(Path(folder) / "home"), reference, script)


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
            1.1,
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
    with _loaded_application(dataset, LARGEST) as terminal:
        times = [time for text in FILTERS for time in type_filter(terminal, text)]
    row_times, count_times = zip(*times, strict=True)

    def script(terminal: TimedTerminal) -> None:
        wait_until_loaded(terminal, LARGEST)
        terminal.wait_until_quiet(1)
        for text in FILTERS:
            list(type_filter(terminal, text))

    causes = _run_with_heartbeat(dataset, repository_of_size(LARGEST), script).causes
    return Measurement(
        f"filter keystroke to frame at {LARGEST:,} rows, p95",
        percentile(row_times, 95) * 1000,
        40,
        "ms",
        note=f"{len(row_times)} keys that change the matches, until the visible rows are final, median "
        f"{statistics.median(row_times) * 1000:.0f} ms; the number of matches follows later, "
        f"p95 {percentile(count_times, 95) * 1000:.0f} ms, median {statistics.median(count_times) * 1000:.0f} ms; "
        f"{describe(causes)}",
    )


def type_filter(terminal: TimedTerminal, text: str) -> Iterator[tuple[float, float]]:
    """Type a filter, then clear it.

    Yields:
        For each key that changes the number of matches: seconds until the visible rows were final, and seconds until
        the screen showed the new number.
    """
    terminal.send("/")
    terminal.wait_until_quiet()
    for key in text:
        before = _matches(terminal.text)
        frames = terminal.frames_after(key, quiet=0.7)
        if frames and _matches(frames[-1].text) != before:
            yield time_of_last_change(frames, _visible_digests), time_of_last_change(frames, _matches)
    while _matches(terminal.text):
        terminal.send(ESCAPE)
        terminal.wait_until_quiet()


def _matches(screen: str) -> str:
    """Return the number of matches that the screen shows; empty if there is none."""
    found = re.search(r"[0-9,]+(?= match)", screen)
    return found[0] if found else ""


def _visible_digests(screen: str) -> list[str]:
    """Return the short digests in the list of images; they identify its rows."""
    return re.findall(r"\b[0-9a-f]{12}\b", "\n".join(line[:90] for line in screen.splitlines()))


def _large_manifest(dataset: ServedDataset) -> Iterator[Measurement]:
    """Open the image with the largest manifest; measure the time until its overview is on the screen.

    The overview shows what is inside an index, so it comes after the manifest.
    """
    name = f"a manifest of {LARGE_MANIFEST_BYTES / 1e6:.0f} MB"
    times: list[float] = []

    def script(terminal: TimedTerminal) -> None:
        terminal.wait_for("1 image")
        terminal.wait_until_quiet(2)
        for number in range(ROUNDS + 1):
            seconds = _open_large(terminal)
            if number:  # the first one reads the manifest
                times.append(seconds)
            terminal.wait_until_quiet(1)
            terminal.send(ESCAPE)
            terminal.wait_until_quiet(1)

    with _application(dataset, "images/large") as terminal:
        script(terminal)
    median = statistics.median(times) * 1000
    causes = _run_with_heartbeat(dataset, "images/large", script).causes
    note = f"median of {ROUNDS}, from Enter in the list, when it was opened before; {describe(causes)}"
    yield Measurement(f"{name}: open to first screen", median, 150, "ms", note=note)

    first = statistics.median(_open_large_unread(dataset) for _ in range(ROUNDS)) * 1000
    note = f"median of {ROUNDS} processes without a cache; nothing is read ahead"
    yield Measurement(f"{name}, never read before: open to first screen", first, 150, "ms", note=note)


def _open_large_unread(dataset: ServedDataset) -> float:
    with _application(dataset, "images/large", ECRTUI_PREFETCH="false") as terminal:
        terminal.wait_for("1 image")
        terminal.wait_until_quiet(1)
        return _open_large(terminal)


def _open_large(terminal: TimedTerminal) -> float:
    return terminal.time_to_output("\r", "This index has no platforms.")
