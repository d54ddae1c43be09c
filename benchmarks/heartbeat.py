"""Run a script on the application with a heartbeat, and read its stalls; see :mod:`benchmarks.heartbeat_app`."""

from __future__ import annotations

import json
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.measurement import Measurement
from benchmarks.timed_terminal import TimedTerminal

CTRL_Q = "\x11"
STARTUP_BEATS = 20
"""Heartbeats to ignore: the first frames have their own benchmark."""
STALL_TARGET = 40
"""Milliseconds."""

Script = Callable[[TimedTerminal], object]


class Heartbeats(NamedTuple):
    """The delays of the heartbeats in seconds, in order, and the causes of the late ones."""

    delays: Sequence[float]
    causes: Counter[str]


def run_with_heartbeat(environment: Mapping[str, str], reference: str, script: Script) -> Heartbeats:
    """Run the script on the heartbeat application."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "heartbeat.json"
        command = [sys.executable, "-m", "benchmarks.heartbeat_app", str(file), reference]
        with TimedTerminal(command, environment) as terminal:
            script(terminal)
            terminal.wait_until_quiet(1)
            terminal.send(CTRL_Q)  # quits from every screen
            terminal.wait_for_exit()
        result = json.loads(file.read_text("utf-8"))
    return Heartbeats([delay for _, delay in result["beats"]], Counter(result["causes"]))


def stall(name: str, runs: Sequence[Heartbeats]) -> Measurement:
    """Return the row with the longest stall of each run."""
    longest = [max(run.delays[STARTUP_BEATS:]) * 1000 for run in runs]
    causes = sum((run.causes for run in runs), Counter[str]())
    note = f"median of {len(runs)} runs, {max(longest):.0f} ms in the worst run; {describe(causes)}"
    return Measurement(name, statistics.median(longest), STALL_TARGET, "ms", note=note)


def describe(causes: Counter[str]) -> str:
    """Describe the most frequent causes of late heartbeats."""
    total = max(causes.total(), 1)
    shares = ", ".join(f"{cause} {count / total:.0%}" for cause, count in causes.most_common(4))
    return f"samples of late heartbeats: {shares}"
