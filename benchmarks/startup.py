"""From the start of the program to the first frame and the first rows, on a quiet and on a busy console."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.dataset import ServedDataset
from benchmarks.measurement import Measurement, alternate, scaled, timed
from benchmarks.programs import aws_cli, aws_cli_version, ecrtui
from benchmarks.timed_terminal import TimedTerminal

ROUNDS = scaled(9, 1)
FIRST_ROW = "team-"
"""A text in the first rows of the list of repositories."""


def measure(dataset: ServedDataset) -> list[Measurement]:
    """Measure the first frame, the first live rows and the cached rows."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        return [
            _first_frame(dataset, home),
            *_busy_console(dataset, home),
            _first_live_rows(dataset, home),
            _cached_rows(dataset, home),
        ]


def _first_frame(dataset: ServedDataset, home: Path) -> Measurement:
    row = _compare_first_frame("first frame", dataset, home, 1.15)
    return replace(row, note=f"{row.note}; {_import_times(_FRAME_IMPORTS, dataset.environment)}")


def _busy_console(dataset: ServedDataset, home: Path) -> list[Measurement]:
    """Measure the first frame on one processor, and on all of them beside a program that never waits."""
    row = _compare_first_frame("first frame, one processor", dataset, home, 1.25, ("taskset", "-c", _processor()))
    with _busy_loop():
        return [row, _compare_first_frame("first frame, busy console", dataset, home, 1.25)]


def _processor() -> str:
    """Return the number of a processor that this process may use."""
    return str(min(os.sched_getaffinity(0)))


@contextmanager
def _busy_loop() -> Iterator[None]:
    """Keep one processor busy while the block runs."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as loop:
        try:
            yield
        finally:
            loop.kill()


def _compare_first_frame(
    name: str, dataset: ServedDataset, home: Path, target: float, wrapper: Sequence[str] = ()
) -> Measurement:
    """Compare with an empty app. The wrapper is a command that runs both programs."""

    def time(program: Sequence[str], environment: Mapping[str, str]) -> float:
        with TimedTerminal([*wrapper, *program], environment) as terminal:
            return terminal.wait_for_first_frame()

    return _compare(
        name,
        lambda: time([ecrtui()], dataset.environment_with_empty_home(home / "empty")),
        lambda: time([sys.executable, "-m", "benchmarks.empty_app"], dataset.environment),
        target,
        "an empty Textual app with a DataTable",
    )


def _first_live_rows(dataset: ServedDataset, home: Path) -> Measurement:
    def theirs() -> None:
        command = [aws_cli(), "ecr", "describe-repositories"]
        subprocess.run(command, env=dataset.environment, check=True, stdout=subprocess.DEVNULL)

    row = _compare(
        "first live rows, from start, over HTTP",
        lambda: _time_to_first_row(dataset.environment_with_empty_home(home / "empty")),
        timed(theirs),
        0.85,
        f"aws ecr describe-repositories ({aws_cli_version()}), start to exit",
    )
    return replace(row, note=f"{row.note}; {_import_times(_ROWS_IMPORTS, dataset.environment)}")


def _cached_rows(dataset: ServedDataset, home: Path) -> Measurement:
    environment = dataset.environment_with_empty_home(home / "cached")
    with TimedTerminal([ecrtui()], environment) as terminal:  # fill the cache
        terminal.wait_for(FIRST_ROW)
        terminal.wait_until_quiet(1)
    return _compare(
        "cached rows at start",
        lambda: _time_to_first_row(environment),
        lambda: _time_to_first_frame(environment),
        1.1,
        "its own first frame",
    )


def _time_to_first_frame(environment: Mapping[str, str]) -> float:
    with TimedTerminal([ecrtui()], environment) as terminal:
        return terminal.wait_for_first_frame()


def _time_to_first_row(environment: Mapping[str, str]) -> float:
    with TimedTerminal([ecrtui()], environment) as terminal:
        return terminal.wait_for_output(FIRST_ROW)


_FRAME_IMPORTS = "import ecrtui.application, ecrtui.tui.app, textual.widgets"
_ROWS_IMPORTS = (
    f"{_FRAME_IMPORTS}, ecrtui.registry.gateway; from ecrtui.registry.client import Clients; "
    "from ecrtui.settings import Connection; Clients(Connection()).read_client"
)
_PACKAGES = ("ecrtui", "textual", "rich", "boto3", "botocore", "urllib3")


def _import_times(program: str, environment: Mapping[str, str]) -> str:
    """Run the program and describe the import time of each top-level package in :data:`_PACKAGES`."""
    report = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    microseconds_by_package: Counter[str] = Counter()
    for line in report.splitlines()[1:]:
        own_time, _, module = line.removeprefix("import time:").split("|")
        package = module.strip().split(".")[0]
        microseconds_by_package[package if package in _PACKAGES else "others"] += int(own_time)
    return "imports: " + ", ".join(
        f"{package} {microseconds / 1000:.0f} ms" for package, microseconds in microseconds_by_package.most_common()
    )


def _compare(
    name: str, ours: Callable[[], float], theirs: Callable[[], float], target: float, baseline: str
) -> Measurement:
    """Run both once to warm up, then compare their medians. The actions return seconds."""
    ours()
    theirs()
    our_time, their_time = alternate([ours, theirs], ROUNDS)
    return Measurement(name, our_time * 1000, target, "ms", baseline, their_time * 1000, f"medians of {ROUNDS}")
