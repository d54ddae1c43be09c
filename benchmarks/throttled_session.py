"""A session over a slow line: 9600 baud at 80x24, seconds per step.

    python -m benchmarks.throttled_session [PROGRAM…]

Each program is an ``ecrtui`` to compare with this one, such as that of an older version.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.dataset import ServedDataset, repository_of_size, serve_dataset
from benchmarks.programs import ecrtui
from benchmarks.timed_terminal import TimedTerminal

BYTES_PER_SECOND = 960
"""9600 baud, with a start bit and a stop bit for each byte."""

SIZE = (80, 24)
IMAGES = 1_000
CTRL_Q = "\x11"
ENTER = "\r"
TIMEOUT = 600.0
"""Seconds after which a step has failed. A screen of an old version takes a minute."""


class ThrottledTerminal(TimedTerminal):
    """A terminal behind a slow line."""

    READ_SIZE = 32

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        super().__init__(command, environment, SIZE)
        self._arrival = 0.0
        """Time on the monotonic clock, in seconds, at which the last byte has arrived."""

    def _read_output(self, timeout: float) -> bool:
        """Read a few bytes, and wait until the line has transmitted them."""
        before = self.output_bytes
        has_output = super()._read_output(timeout)
        now = time.monotonic()
        self._arrival = max(self._arrival, now) + (self.output_bytes - before) / BYTES_PER_SECOND
        time.sleep(self._arrival - now)
        return has_output


def steps(program: str, dataset: ServedDataset) -> Iterator[tuple[str, float]]:
    """Run the session; yield the name of each step and its seconds."""
    new_tag = str(int(time.time()))[-4:]  # the registry stays, and an image that has the tag is not written again
    part_of_name = repository_of_size(IMAGES)[-8:-3]
    with TemporaryDirectory() as folder:
        environment = dataset.environment_with_empty_home(Path(folder) / "home")
        with ThrottledTerminal([program], environment) as terminal:

            def step(keys: str, is_done: Callable[[str], bool]) -> float:
                start = terminal.since_start() if keys else 0.0
                terminal.send(keys)
                terminal.wait_until(is_done, f"after {keys!r}", TIMEOUT)
                return terminal.since_start() - start

            yield "first rows", step("", lambda screen: "repositories" in screen and "images/" in screen)
            yield "filter", step(f"/{part_of_name}", lambda screen: "1 match" in screen)
            yield "open", step(ENTER * 2, lambda screen: f"{IMAGES:,} images" in screen)
            yield "form", step("t", lambda screen: "Retag " in screen)
            yield "plan", step(new_tag, lambda screen: "enter apply" in screen)
            yield "retag", step(ENTER, lambda screen: "done" in screen)
            start = terminal.since_start()
            terminal.send(CTRL_Q)
            terminal.wait_for_exit(TIMEOUT)
            yield "quit", terminal.since_start() - start


def _reported(program: str, measured: Iterator[tuple[str, float]]) -> Iterator[tuple[str, float]]:
    """Report each step on standard error when it is done: a session takes minutes."""
    for name, seconds in measured:
        print(f"{program}: {name}: {seconds:.1f} s", file=sys.stderr, flush=True)
        yield name, seconds


def main(programs: Sequence[str]) -> None:
    """Print one row per step, with a column per program, the given ones first."""
    with serve_dataset() as dataset:
        columns = [list(_reported(program, steps(program, dataset))) for program in (*programs, ecrtui())]
    print("| step | " + " | ".join((*programs, "this version")) + " |")
    print("|---|" + "---:|" * len(columns))
    for row in zip(*columns, strict=True):
        print(f"| {row[0][0]} | " + " | ".join(f"{seconds:.1f} s" for _, seconds in row) + " |")


if __name__ == "__main__":
    main(sys.argv[1:])
