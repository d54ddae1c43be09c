"""Listing whole repositories: the application and the command against the AWS CLI, on the same server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.dataset import SIZES, ServedDataset, repository_of_size
from benchmarks.measurement import ROUNDS, Measurement, alternate, timed
from benchmarks.programs import aws_cli, aws_cli_version, ecrtui
from benchmarks.timed_terminal import TimedTerminal


def measure(dataset: ServedDataset) -> list[Measurement]:
    """Measure each repository size in the application and in the command, and the memory of the command."""
    measurements = []
    for size in SIZES[1:]:
        application, command, theirs = alternate(
            [
                _list_in_application(dataset, size),
                timed(_list_with_command(dataset, size)),
                timed(with_aws_cli(dataset, size)),
            ],
            ROUNDS,
        )
        target = 0.5 if size == SIZES[-1] else None
        baseline = f"aws ecr describe-images ({aws_cli_version()}), start to exit"
        note = f"medians of {ROUNDS}; from the start of the process"
        measurements += [
            Measurement(
                f"{size:,} images listed, sorted, filterable", application, target, "s", baseline, theirs, note
            ),
            Measurement(f"{size:,} images: ecrtui images, JSON", command, target, "s", baseline, theirs, note),
        ]
    large = _peak_memory(dataset, SIZES[-1], ["--output", "jsonl"])
    small = _peak_memory(dataset, SIZES[1], ["--output", "jsonl"])
    note = f"{small:.0f} MB with {SIZES[1]:,} images"
    measurements.append(
        Measurement(f"{SIZES[-1]:,} images: ecrtui images, JSON Lines, memory", large, None, "MB", note=note)
    )
    return measurements


def wait_until_loaded(terminal: TimedTerminal, size: int) -> float:
    """Wait until the application has loaded all images; return the seconds since its start."""
    # The screen shows this text only when the list is complete. Before that it shows the number of loaded images.
    return terminal.wait_for_output(f"{size:,} images")


def _list_in_application(dataset: ServedDataset, size: int) -> Callable[[], float]:
    def run() -> float:
        with TemporaryDirectory() as folder:
            environment = dataset.environment_with_empty_home(Path(folder) / "home")
            with TimedTerminal([ecrtui(), repository_of_size(size)], environment) as terminal:
                return wait_until_loaded(terminal, size)

    return run


def _list_with_command(dataset: ServedDataset, size: int) -> Callable[[], None]:
    return _run_silently([ecrtui(), "images", repository_of_size(size)], dataset)


def with_aws_cli(dataset: ServedDataset, size: int) -> Callable[[], None]:
    """Return an action that lists the repository of this size with the AWS CLI."""
    command = [aws_cli(), "ecr", "describe-images", "--repository-name", repository_of_size(size)]
    return _run_silently(command, dataset)


def _run_silently(command: list[str], dataset: ServedDataset) -> Callable[[], None]:
    def run() -> None:
        subprocess.run(command, env=dataset.environment, check=True, stdout=subprocess.DEVNULL)

    return run


def _peak_memory(dataset: ServedDataset, size: int, options: list[str]) -> float:
    """Run ``ecrtui images`` and return its peak resident memory in megabytes (10^6 bytes)."""
    process = subprocess.Popen(
        [ecrtui(), "images", repository_of_size(size), *options], env=dataset.environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * 1024 / 1e6
