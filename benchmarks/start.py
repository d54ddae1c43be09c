"""From the start of the program to something on the screen."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.ground import Ground
from benchmarks.measure import Row, alternate, timed
from benchmarks.programs import aws_cli, aws_version, ecrtui
from benchmarks.terminal import Terminal

ROUNDS = 9
A_ROW = "team-"
"""Stands in the first rows of the list of repositories."""


def rows(ground: Ground) -> list[Row]:
    """First frame, first live rows, rows of the last time."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        return [_first_frame(ground, home), _first_rows(ground, home), _known_rows(ground, home)]


def _application(environment: Mapping[str, str]) -> Terminal:
    return Terminal([str(ecrtui())], environment)


def _first_frame(ground: Ground, home: Path) -> Row:
    def ours() -> float:
        with _application(ground.fresh(home / "empty")) as terminal:
            return terminal.until(lambda screen: screen.drawn)

    def theirs() -> float:
        with Terminal([sys.executable, "-m", "benchmarks.empty_app"], ground.environment) as terminal:
            return terminal.until(lambda screen: screen.drawn)

    row = _compared("first frame", ours, theirs, 1.15, "an empty Textual app with a DataTable")
    return replace(row, note=f"{row.note}; {_imports(_FRAME, ground.environment)}")


def _first_rows(ground: Ground, home: Path) -> Row:
    def ours() -> float:
        with _application(ground.fresh(home / "empty")) as terminal:
            return terminal.until_output(A_ROW)

    def theirs() -> None:
        command = [aws_cli(), "ecr", "describe-repositories"]
        subprocess.run(command, env=ground.environment, check=True, stdout=subprocess.DEVNULL)

    against = f"aws ecr describe-repositories ({aws_version()}), start to exit"
    row = _compared("first live rows, from start, over HTTP", ours, timed(theirs), 1.1, against)
    return replace(row, note=f"{row.note}; {_imports(_ROWS, ground.environment)}")


def _known_rows(ground: Ground, home: Path) -> Row:
    environment = ground.fresh(home / "known")
    with _application(environment) as terminal:
        terminal.until(A_ROW)
        terminal.settle(1)

    def known() -> float:
        with _application(environment) as terminal:
            return terminal.until_output(A_ROW)

    def frame() -> float:
        with _application(environment) as terminal:
            return terminal.until(lambda screen: screen.drawn)

    return _compared("last known rows at start (cache)", known, frame, 1.1, "its own first frame")


_FRAME = "import ecrtui.wiring, ecrtui.tui.app, textual.widgets"
_ROWS = f"{_FRAME}, ecrtui.registry.gateway; from botocore.session import Session; Session().create_client('ecr')"


def _imports(program: str, environment: Mapping[str, str]) -> str:
    """What the imports before a frame take, by whose they are, in words."""
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    spent: Counter[str] = Counter()
    for line in told.splitlines()[1:]:
        own, _, name = line.removeprefix("import time:").split("|")
        whose = name.strip().split(".")[0]
        spent[whose if whose in ("ecrtui", "textual", "rich", "botocore", "urllib3") else "others"] += int(own)
    return "imports: " + ", ".join(
        f"{whose} {microseconds / 1000:.0f} ms" for whose, microseconds in spent.most_common()
    )


def _compared(what: str, ours: Callable[[], float], theirs: Callable[[], float], limit: float, against: str) -> Row:
    ours()
    theirs()
    our_time, their_time = alternate([ours, theirs], ROUNDS)
    return Row(what, our_time * 1000, limit, "ms", against, their_time * 1000, f"medians of {ROUNDS}")
