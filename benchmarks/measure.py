"""The shape of a measurement, and how two things are compared: in alternation, by their medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table in README.md.

    With ``theirs`` the target is on the ratio ``ours / theirs``; without, on ``ours`` itself.
    """

    what: str
    ours: float
    limit: float | None
    """The ratio or the value that must not be exceeded; None where the row is told without a target."""
    unit: str = "s"
    """"s", "ms", "MB" or "" (a plain number); ``ours`` and ``theirs`` are in it."""
    against: str = ""
    """What it is compared with, as the user would name it."""
    theirs: float | None = None
    note: str = ""
    """What a reader should know: how many rounds, or what holds a missed target back."""

    @property
    def measured(self) -> float:
        """What the limit is on."""
        return self.ours / self.theirs if self.theirs else self.ours

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        return None if self.limit is None else self.measured <= self.limit


def seconds(action: Callable[[], object]) -> float:
    """How long the action takes on the wall clock."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def alternate(actions: Sequence[Callable[[], float]], rounds: int = ROUNDS) -> tuple[float, ...]:
    """Each action measured once a round, in turn, so that all meet the same machine; their medians.

    An action gives its own measurement; wrap one that only does something in :func:`timed`.
    """
    measured: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for values, action in zip(measured, actions, strict=True):
            values.append(action())
    return tuple(statistics.median(values) for values in measured)


def timed(action: Callable[[], object]) -> Callable[[], float]:
    """The action as a measurement of its seconds."""
    return lambda: seconds(action)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * percent // 100) - 1)]
