"""A measurement, and the comparison of programs: run them in turn and compare the medians."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

QUICK = bool(os.environ.get("BENCHMARKS_QUICK"))
"""True to run each part once with small sizes, to see that it works. The numbers mean nothing."""


def scaled(full: int, quick: int) -> int:
    """Return the first number for a measurement, and the second one for a quick run."""
    return quick if QUICK else full


ROUNDS = scaled(5, 1)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row of the table in README.md.

    With ``theirs``, the target limits the ratio ``ours / theirs``. Without it, the target limits ``ours``.
    """

    name: str
    ours: float
    target: float | None
    """The highest allowed ratio or value. None if the row has no target."""
    unit: str = "s"
    """The unit of ``ours`` and ``theirs``: "s", "ms", "MB" or "B"."""
    baseline: str = ""
    """The thing that ecrtui is compared with, in the user's words."""
    theirs: float | None = None
    note: str = ""
    """Facts about the measurement, such as the number of rounds. It appears below the table."""

    @property
    def compared_value(self) -> float:
        """The value that the target limits."""
        return self.ours / self.theirs if self.theirs else self.ours

    @property
    def met(self) -> bool | None:
        """True if the target is met. None if there is no target."""
        return None if self.target is None else self.compared_value <= self.target


def duration(action: Callable[[], object]) -> float:
    """Run the action and return its wall-clock time in seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def alternate(actions: Sequence[Callable[[], float]], rounds: int = ROUNDS) -> tuple[float, ...]:
    """Run the actions in turn, once per round, and return the median of each.

    Alternation exposes all actions to the same load of the machine. Each action returns its own measurement; wrap an
    action that returns nothing in :func:`timed`.
    """
    values: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for action_values, action in zip(values, actions, strict=True):
            action_values.append(action())
    return tuple(statistics.median(action_values) for action_values in values)


def timed(action: Callable[[], object]) -> Callable[[], float]:
    """Wrap an action so that it returns its duration in seconds."""
    return lambda: duration(action)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that at least this percentage of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * percent // 100) - 1)]
