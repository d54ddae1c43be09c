"""Whole repositories listed: the command and the application against the AWS CLI, on one server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.ground import SIZES, Ground, repository_of
from benchmarks.measure import ROUNDS, Row, alternate, timed
from benchmarks.programs import aws_cli, aws_version, ecrtui
from benchmarks.terminal import Terminal


def rows(ground: Ground) -> list[Row]:
    """The cost against the size, for the application and for the command."""
    found = []
    for size in SIZES[1:]:
        ours, command, theirs = alternate(
            [_in_application(ground, size), timed(_with_command(ground, size)), timed(_with_aws(ground, size))], ROUNDS
        )
        limit = 0.5 if size == SIZES[-1] else None
        against = f"aws ecr describe-images ({aws_version()}), start to exit"
        note = f"medians of {ROUNDS}; from the start of the process"
        found += [
            Row(f"{size:,} images listed, sorted, filterable", ours, limit, "s", against, theirs, note),
            Row(f"{size:,} images: ecrtui images, JSON", command, limit, "s", against, theirs, note),
        ]
    lines = _memory(ground, ["--output", "jsonl"])
    few = _memory(ground, ["--output", "jsonl"], SIZES[1])
    note = f"{few:.0f} MB with {SIZES[1]:,} images"
    found.append(Row(f"{SIZES[-1]:,} images: ecrtui images, JSON Lines, memory", lines, None, "MB", note=note))
    return found


def loaded(terminal: Terminal, size: int) -> float:
    """Wait until the application tells that it has all images of the repository; seconds since its start."""
    # "4,000 images" stands there for the first time when all have come; until then it tells how many are loaded.
    return terminal.until_output(f"{size:,} images")


def _in_application(ground: Ground, size: int) -> Callable[[], float]:
    def run() -> float:
        with (
            TemporaryDirectory() as home,
            Terminal([str(ecrtui()), repository_of(size)], ground.fresh(Path(home) / "home")) as terminal,
        ):
            return loaded(terminal, size)

    return run


def _with_command(ground: Ground, size: int) -> Callable[[], None]:
    return _quietly([ecrtui(), "images", repository_of(size)], ground)


def _with_aws(ground: Ground, size: int) -> Callable[[], None]:
    return _quietly([aws_cli(), "ecr", "describe-images", "--repository-name", repository_of(size)], ground)


def _quietly(command: list[str | Path], ground: Ground) -> Callable[[], None]:
    def run() -> None:
        subprocess.run(command, env=ground.environment, check=True, stdout=subprocess.DEVNULL)

    return run


def _memory(ground: Ground, options: list[str], size: int = SIZES[-1]) -> float:
    """The most resident megabytes that the command ever had."""
    process = subprocess.Popen(
        [ecrtui(), "images", repository_of(size), *options], env=ground.environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * 1024 / 1e6
