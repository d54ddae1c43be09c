"""Write README.md from the measurements: a section for each part."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.measurement import Measurement

FILE = Path(__file__).with_name("README.md")

_HEAD = """\
# Benchmarks

`make bench` runs all parts on your machine and writes this page; `python -m benchmarks PART` runs one part and replaces
its section. `BENCHMARKS_QUICK=1` runs the parts with small sizes and writes nothing.

Each row compares medians: both programs run in turn, on the same machine, against the same embedded registry, which its
own process serves on 127.0.0.1. Interactive rows run in a pty with a terminal emulator and measure the time from the
key to the screen. A target is a ratio if the row has a comparison, and a value otherwise.

[terminal.md](terminal.md) compares the output to the terminal, and a session over a slow line, with an older version.
"""
_TABLE_HEAD = """\
| measured | ecrtui | compared with | | ratio | target | |
|---|---:|---|---:|---:|---:|---|
"""
_SECTION = "\n## "


def write(part: str, measurements: Sequence[Measurement], parts: Iterable[str]) -> None:
    """Replace the section of a part in the page, and keep those of the other parts.

    Args:
        part: the name of the part.
        measurements: its rows; none if a program is missing. The section of an earlier run then stays.
        parts: the names of all parts, in the order of their sections. Sections of no part vanish.
    """
    _, *sections = FILE.read_text("utf-8").split(_SECTION)
    known = {section.partition("\n")[0]: section for section in sections}
    if measurements or part not in known:
        known[part] = f"{part}\n\n{_body(measurements)}"
    shown = [known[name].strip() for name in parts if name in known]
    FILE.write_text(_HEAD + "".join(f"{_SECTION}{section}\n" for section in shown), "utf-8")


def _body(rows: Sequence[Measurement]) -> str:
    """Return the table, the notes, and the machine."""
    if not rows:
        return "Not measured: a program that it compares with is missing."
    table = _TABLE_HEAD + "\n".join(map(_table_row, rows))
    notes = "\n".join(f"- {row.name}: {row.note}." for row in rows if row.note)
    return "\n\n".join(filter(None, (table, notes, _machine())))


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
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {model}, {os.cpu_count()} processors, {memory:.0f} GB, "
        f"{platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {libraries}."
    )
