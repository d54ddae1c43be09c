"""``python -m tests.monkey [SECONDS [SEED]]``: random keys in bursts, clicks, pastes, sizes; nothing may bring it down.

Not part of ``make test``: it finds what nobody has thought of, and what it does depends on the machine. Each run has
its own registry with its own faults; the seed of a run that has found something is told, with the keys that came last.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from textual import events

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui.app import EcrTuiApp
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index
from tests.support.environment import own_environment
from tests.support.screen import running, screen_text

RUN = 30.0
"""Seconds of one run."""

REPOSITORIES = ("team/app", "team/web", "team/frozen")
OFTEN = ("enter",) * 8 + ("escape",) * 3 + ("j", "k", "down", "up", "t", "space", "slash", "colon")
OTHERS = (
    *"abcdefghilmnoprsuvwxyEFGLSUX1.-{}|*",
    *("pagedown", "pageup", "home", "end", "left", "right", "tab", "shift+tab", "backspace", "delete"),
    *("question_mark", "ctrl+r", "ctrl+p", "ctrl+s", "ctrl+@", "f1"),
)
CHARACTERS = {"slash": "/", "colon": ":", "space": " ", "question_mark": "?"}
BURSTS = (1, 1, 1, 2, 3, 6)
PAUSES = (0, 0, 0.005, 0.02, 0.1)
SIZES = ((80, 24), (120, 40), (160, 50), (50, 12))
FAULTS = (
    "DescribeImages:latency:seconds=0.05",
    "BatchGetImage:latency:seconds=0.05",
    "*:throttle:probability=0.05",
    "*:error:code=ServerException:status=500:probability=0.05",
    "*:drop-before:probability=0.03",
    "PutImage:drop-after:probability=0.2",
)


def main(seconds: float, seed: int) -> None:
    """Run after run until the time is over, in a home of its own; exits with 1 at the first problem."""
    with TemporaryDirectory() as home:
        environment = own_environment(Path(home))
        os.environ.clear()
        os.environ.update(environment)
        _runs(seconds, seed)


def _runs(seconds: float, seed: int) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        visited, keys, problems, last = asyncio.run(_run(random.Random(seed)))
        print(f"seed {seed}: {keys} keys; {dict(visited)}", flush=True)
        if problems:
            sys.exit(f"{problems[0]}\nseed {seed}, last keys: {' '.join(last)}")
        seed += 1


async def _run(chance: random.Random) -> tuple[Counter[str], int, list[str], deque[str]]:
    embedded = _registry(chance)
    visited: Counter[str] = Counter()
    last: deque[str] = deque(maxlen=30)
    keys = 0
    with _listening() as problems:
        async with running(embedded, size=chance.choice(SIZES[:3])) as pilot:
            end = time.monotonic() + RUN
            while time.monotonic() < end and not problems:
                if not pilot.app.is_running:
                    problems.append("it has ended")
                    break
                for _ in range(chance.choice(BURSTS)):
                    key = chance.choice(OFTEN if chance.random() < 0.5 else OTHERS)
                    character = CHARACTERS.get(key, key if len(key) == 1 else None)
                    pilot.app.post_message(events.Key(key, character))
                    last.append(key)
                    keys += 1
                await _something_else(chance, pilot)
                await asyncio.sleep(chance.choice(PAUSES))
                visited[type(pilot.app.screen).__name__] += 1
                if "defect" in screen_text(pilot.app):
                    problems.append(screen_text(pilot.app))
    return visited, keys, problems, last


async def _something_else(chance: random.Random, pilot: Any) -> None:
    what = chance.random()
    if what < 0.02:
        await pilot.resize_terminal(*chance.choice(SIZES))
    elif what < 0.05:
        pilot.app.post_message(events.Paste(chance.choice(("rc-1", "sha256:", "a b\nc", "{tag}-x", "\x1b[31m"))))
    elif what < 0.1:
        await pilot.pause()  # Textual 8.2.8 fails at a click on a widget that is just being removed
        size = pilot.app.size
        offset = (chance.randrange(size.width), chance.randrange(size.height))
        await pilot.click(offset=offset, times=chance.choice((1, 2)))


def _registry(chance: random.Random) -> EmbeddedRegistry:
    made = new_embedded()
    client = client_for(made)
    for name in REPOSITORIES:
        create_repository(client, name, *(("IMMUTABLE",) if "frozen" in name else ()))
        for number in range(12):
            push_image(client, name, f"{name}{number}", f"v{number}")
        push_index(client, name, None, "multi")
    for fault in chance.sample(FAULTS, 2):
        made.faults.add(fault)
    return made


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What is logged as an error meanwhile; leaving the application is switched off."""
    problems: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            problems.append(self.format(record))

    async def stay(app: EcrTuiApp) -> None:
        """The keys of this monkey do not end it."""

    handler = Handler(logging.ERROR)
    quitting, EcrTuiApp.action_quit = EcrTuiApp.action_quit, stay  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        yield problems
    finally:
        logging.getLogger().removeHandler(handler)
        EcrTuiApp.action_quit = quitting  # type: ignore[method-assign]


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 300.0, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
