"""The table of README.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import Row

FILE = Path(__file__).with_name("README.md")

_HEAD = """\
# How fast

`make bench` measures this on the machine that it runs on and writes this page. Both sides of a line run in alternation
on one machine, against one embedded registry that a process of its own serves on 127.0.0.1; what is told are medians.
The interactive ones run in a pty of their own, with a terminal emulator that has what they draw: from the key to the
screen, as a user would see it. A target is a ratio where there is something to compare with, else a value.

| what | ecrtui | compared with | | ratio | target | |
|---|---:|---|---:|---:|---:|---|
"""


def write(rows: Iterable[Row]) -> None:
    """Write the page."""
    lines = list(rows)
    notes = [f"- {row.what}: {row.note}." for row in lines if row.note]
    page = _HEAD + "\n".join(map(_line, lines)) + "\n\n" + "\n".join(notes) + "\n\n" + _machine() + "\n"
    FILE.write_text(page, "utf-8")


def _line(row: Row) -> str:
    ratio = (
        f"{row.measured:.2f}x" if row.theirs and row.measured >= 0.1 else f"{row.measured:.4f}x" if row.theirs else ""
    )
    theirs = _value(row.theirs, row.unit) if row.theirs else ""
    target = "" if row.limit is None else f"≤ {row.limit:g}x" if row.theirs else f"≤ {_value(row.limit, row.unit)}"
    verdict = {None: "", True: "met", False: "**missed**"}[row.met]
    return f"| {row.what} | {_value(row.ours, row.unit)} | {row.against} | {theirs} | {ratio} | {target} | {verdict} |"


def _value(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".strip()


def _machine() -> str:
    """The machine and the versions."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    libraries = ", ".join(f"{name} {version(name)}" for name in ("textual", "botocore"))
    return (
        f"Measured on {model}, {os.cpu_count()} processors, {memory:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {libraries}."
    )
