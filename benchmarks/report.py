"""Write README.md from the measurements."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from benchmarks.measurement import Measurement

FILE = Path(__file__).with_name("README.md")

_HEAD = """\
# Benchmarks

`make bench` runs these benchmarks on your machine and writes this page. Each row compares medians: both programs run in
turn, on the same machine, against the same embedded registry, which its own process serves on 127.0.0.1. Interactive
rows run in a pty with a terminal emulator and measure the time from the key to the screen. A target is a ratio if the
row has a comparison, and a value otherwise.

[terminal.md](terminal.md) compares the output to the terminal, and a session over a slow line, with an older version.

| measured | ecrtui | compared with | | ratio | target | |
|---|---:|---|---:|---:|---:|---|
"""


def write(measurements: Iterable[Measurement]) -> None:
    """Write the page: the table, the notes, and the machine."""
    rows = list(measurements)
    notes = [f"- {row.name}: {row.note}." for row in rows if row.note]
    page = _HEAD + "\n".join(map(_table_row, rows)) + "\n\n" + "\n".join(notes) + "\n\n" + _machine() + "\n"
    FILE.write_text(page, "utf-8")


def _table_row(row: Measurement) -> str:
    theirs = ratio = ""
    if row.theirs:
        theirs = _value(row.theirs, row.unit)
        ratio = f"{row.compared_value:.{2 if row.compared_value >= 0.1 else 4}f}x"
    target = "" if row.target is None else f"≤ {row.target:g}x" if row.theirs else f"≤ {_value(row.target, row.unit)}"
    verdict = {None: "", True: "met", False: "**missed**"}[row.met]
    cells = (row.name, _value(row.ours, row.unit), row.baseline, theirs, ratio, target, verdict)
    return f"| {' | '.join(cells)} |"


def _value(value: float, unit: str) -> str:
    counted = unit not in ("s", "ms", "MB", "B") and float(value).is_integer()
    digits = 0 if value >= 100 or counted else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def _machine() -> str:
    """Describe the machine and the versions."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    libraries = ", ".join(f"{name} {version(name)}" for name in ("textual", "boto3", "botocore"))
    return (
        f"Measured on {model}, {os.cpu_count()} processors, {memory:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {libraries}."
    )
