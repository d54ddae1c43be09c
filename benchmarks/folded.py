"""The list of images with the parts of its indexes folded into their rows: load, unfold, filter.

ECR does not tell the parts of an index, so the indexes are read once. Their manifests stay in the cache, and the list
that is measured folds by them. The list itself is not in the cache: it comes over HTTP.
"""

from __future__ import annotations

import re
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.dataset import SIZES, ServedDataset, repository_of_size
from benchmarks.heartbeat import run_with_heartbeat, stall
from benchmarks.interactive import type_filter
from benchmarks.list_images import wait_until_loaded, with_aws_cli
from benchmarks.measurement import ROUNDS, Measurement, alternate, percentile, timed
from benchmarks.programs import aws_cli_version, ecrtui
from benchmarks.timed_terminal import TimedTerminal, time_of_last_change

SIZE = SIZES[-1]
REPOSITORY = repository_of_size(SIZE)
FILTERS = ("is:part", "is:untagged", "platform:arm64", "attestation", "of:latest")
UNFOLD_ALL = "_"
FOLDED = re.compile(rb"orphans \xc2\xb7 \d+,")
"""The output when the parts are folded: the number of parts follows that of the orphans. Before, it is one number."""


def measure(dataset: ServedDataset) -> Iterator[Measurement]:
    """Measure the largest list."""
    with TemporaryDirectory() as folder:
        environment = dataset.environment_with_empty_home(Path(folder) / "home")
        _read_indexes(environment)
        yield from _load(dataset, environment)
        loads = [run_with_heartbeat(_without_list(environment), REPOSITORY, _wait_until_folded) for _ in range(ROUNDS)]
        yield stall(f"longest stall of the screen while {SIZE:,} images load and fold", loads)
        unfolds = [run_with_heartbeat(_without_list(environment), REPOSITORY, _unfold) for _ in range(ROUNDS)]
        yield stall(f"longest stall while {SIZE:,} images load, fold, unfold and fold", unfolds)
        with TimedTerminal([ecrtui(), REPOSITORY], _without_list(environment)) as terminal:
            _wait_until_folded(terminal)
            terminal.wait_until_quiet(1)
            yield _unfold_all(terminal)
            yield _filters(terminal)


def _read_indexes(environment: Mapping[str, str]) -> None:
    """Read all indexes of the repository, so that their manifests are in the cache."""
    with TimedTerminal([ecrtui(), REPOSITORY], environment) as terminal:
        wait_until_loaded(terminal, SIZE)
        terminal.wait_until_quiet(1)
        terminal.send("I")
        _wait_until_folded(terminal)
        terminal.wait_until_quiet(2)
        terminal.send("\x11")
        terminal.wait_for_exit()


def _without_list(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Drop the list of images from the cache in this environment, but not the manifests."""
    with closing(sqlite3.connect(Path(environment["HOME"], ".cache/ecrtui/cache.sqlite"))) as cache, cache:
        cache.execute("PRAGMA foreign_keys = ON")
        cache.execute("DELETE FROM listing")
    return environment


def _wait_until_folded(terminal: TimedTerminal) -> float:
    """Wait until all images are loaded and the parts of all indexes are folded; return the seconds since the start."""
    return terminal.wait_for_output(FOLDED)


def _load(dataset: ServedDataset, environment: Mapping[str, str]) -> Iterator[Measurement]:
    def ours() -> float:
        with TimedTerminal([ecrtui(), REPOSITORY], _without_list(environment)) as terminal:
            return _wait_until_folded(terminal)

    def plain_client() -> None:
        command = [sys.executable, "-m", "benchmarks.plain_client", dataset.url, REPOSITORY]
        subprocess.run(command, env=dataset.environment, check=True)

    ours_seconds, aws_seconds, plain_seconds = alternate(
        [ours, timed(with_aws_cli(dataset, SIZE)), timed(plain_client)]
    )
    name = f"{SIZE:,} images listed, sorted, folded, filterable"
    note = f"medians of {ROUNDS}; from the start of the process; the manifests of the indexes are in the cache"
    aws = f"aws ecr describe-images ({aws_cli_version()}), start to exit"
    yield Measurement(name, ours_seconds, 0.5, "s", aws, aws_seconds, note)
    plain = "one plain HTTP client that throws the same pages away"
    yield Measurement(name, ours_seconds, 1.5, "s", plain, plain_seconds)


def _unfold(terminal: TimedTerminal) -> None:
    _wait_until_folded(terminal)
    terminal.wait_until_quiet(1)
    for _ in range(2):
        terminal.send(UNFOLD_ALL)
        terminal.wait_until_quiet(1)


def _unfold_all(terminal: TimedTerminal) -> Measurement:
    """Measure the time from the key to the last change of the rows in view."""
    times = []
    for _ in range(ROUNDS):
        times.append(time_of_last_change(terminal.frames_after(UNFOLD_ALL, quiet=1.5), str))
        terminal.frames_after(UNFOLD_ALL, quiet=1.5)
    seconds = statistics.median(times)
    return Measurement(f"unfold all at {SIZE:,} images", seconds * 1000, None, "ms", note=f"median of {ROUNDS}")


def _filters(terminal: TimedTerminal) -> Measurement:
    times = [time for text in FILTERS for time in type_filter(terminal, text)]
    row_times, count_times = zip(*times, strict=True)
    note = (
        f"{len(row_times)} keys that change the matches, of the filters {', '.join(FILTERS)}; the number of matches "
        f"follows later, p95 {percentile(count_times, 95) * 1000:.0f} ms"
    )
    name = f"keystroke of a filter on parts to frame at {SIZE:,} folded images, p95"
    return Measurement(name, percentile(row_times, 95) * 1000, 40, "ms", note=note)
