"""``python -m tests.monkey [SECONDS [SEED]]``: press random keys in bursts, click, paste and resize. Nothing may crash.

This is not part of ``make test``: its result depends on timing, and it looks for unforeseen failures. Each run has its
own registry with its own faults. After a failure it prints the seed of the run and the last keys.
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
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from textual import events
from textual.errors import NoWidget
from textual.pilot import Pilot

from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.demo import load_demo
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.errors import INTERNAL_ERROR
from ecrtui.tui.actions import ACTIONS
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index
from tests.support.environment import own_environment
from tests.support.screen import running, screen_text

RUN_SECONDS = 30.0

REPOSITORIES = ("team/app", "team/web", "team/frozen")
FREQUENT_KEYS = ("enter",) * 8 + ("escape",) * 3 + ("j", "k", "down", "up", "t", "space", "slash", "colon")
TYPED_KEYS = (*".{}|", "backspace", "delete")
RARE_KEYS = (*TYPED_KEYS, *sorted({key for action in ACTIONS for key in action.keys.split(",")} - {"", "ctrl+z"}))
CHARACTERS = {"slash": "/", "colon": ":", "space": " ", "question_mark": "?"}
BURST_LENGTHS = (1, 1, 1, 2, 3, 6)
PAUSES = (0, 0, 0.005, 0.02, 0.1)
SIZES = ((80, 24), (120, 40), (160, 50), (50, 12))
START_SIZES = SIZES[:3]
PASTES = ("rc-1", "sha256:", "a b\nc", "{tag}-x", "\x1b[31m")
FAULTS = (
    "DescribeImages:latency:seconds=0.05",
    "BatchGetImage:latency:seconds=0.05",
    "*:throttle:probability=0.05",
    "*:error:code=ServerException:status=500:probability=0.05",
    "*:drop-before:probability=0.03",
    "PutImage:drop-after:probability=0.2",
)


@dataclass
class RunResult:
    """The result of one run. A run without problems has passed."""

    problems: list[str]
    visited_screens: Counter[str] = field(default_factory=Counter)
    keys: int = 0
    last_keys: deque[str] = field(default_factory=lambda: deque(maxlen=30))


def main(seconds: float, seed: int) -> None:
    """Repeat runs for this time, in an empty home. Exit with code 1 after the first failed run."""
    with TemporaryDirectory() as home:
        environment = own_environment(Path(home))
        os.environ.clear()
        os.environ.update(environment)
        _repeat_runs(seconds, seed)


def _repeat_runs(seconds: float, seed: int) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = asyncio.run(_run(random.Random(seed), min(RUN_SECONDS, end - time.monotonic())))
        print(f"seed {seed}: {result.keys} keys; {dict(result.visited_screens)}", flush=True)
        if result.problems:
            sys.exit(f"{result.problems[0]}\nseed {seed}, last keys: {' '.join(result.last_keys)}")
        seed += 1


async def _run(rng: random.Random, seconds: float) -> RunResult:
    embedded = _registry(rng)
    with _logged_errors() as problems:
        result = RunResult(problems)
        async with running(embedded, size=rng.choice(START_SIZES)) as pilot:
            pilot.app.action_quit = _ignore_quit  # type: ignore[method-assign]  # random keys must not end the run
            end = time.monotonic() + seconds
            while time.monotonic() < end and not problems:
                if not pilot.app.is_running:
                    problems.append("the application has exited")
                    break
                _press_burst(rng, pilot, result)
                await _resize_paste_or_click(rng, pilot)
                await asyncio.sleep(rng.choice(PAUSES))
                result.visited_screens[type(pilot.app.screen).__name__] += 1
                screen = screen_text(pilot.app)
                if INTERNAL_ERROR in screen:
                    problems.append(screen)
    return result


async def _ignore_quit() -> None:
    pass


def _press_burst(rng: random.Random, pilot: Pilot[None], result: RunResult) -> None:
    for _ in range(rng.choice(BURST_LENGTHS)):
        key = rng.choice(FREQUENT_KEYS if rng.random() < 0.5 else RARE_KEYS)
        pilot.app.post_message(events.Key(key, CHARACTERS.get(key, key if len(key) == 1 else None)))
        result.last_keys.append(key)
        result.keys += 1


async def _resize_paste_or_click(rng: random.Random, pilot: Pilot[None]) -> None:
    """Do one of them with a small probability."""
    choice = rng.random()
    if choice < 0.02:
        await pilot.resize_terminal(*rng.choice(SIZES))
    elif choice < 0.05:
        pilot.app.post_message(events.Paste(rng.choice(PASTES)))
    elif choice < 0.1:
        await pilot.pause()  # Textual 8.2.8 fails when the user clicks a widget that is being removed
        size = pilot.app.size
        offset = (rng.randrange(size.width), rng.randrange(size.height))
        with suppress(NoWidget):  # the pilot also looks at a screen that has no layout yet
            await pilot.click(offset=offset, times=rng.choice((1, 2)))


def _registry(rng: random.Random) -> EmbeddedRegistry:
    """Return the demo, or a registry with a few images, with two random faults."""
    embedded = _demo() if rng.random() < 0.5 else _few_images()
    for fault in rng.sample(FAULTS, 2):
        embedded.faults.add(fault)
    return embedded


def _demo() -> EmbeddedRegistry:
    database = open_database(None)
    load_demo(database)
    return EmbeddedRegistry(database)


def _few_images() -> EmbeddedRegistry:
    embedded = new_embedded()
    client = client_for(embedded)
    for name in REPOSITORIES:
        create_repository(client, name, *(("IMMUTABLE",) if "frozen" in name else ()))
        for number in range(12):
            push_image(client, name, f"{name}{number}", f"v{number}")
        push_index(client, name, None, "multi")
    return embedded


@contextmanager
def _logged_errors() -> Iterator[list[str]]:
    """Collect the errors that are logged while the block runs."""
    messages: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(self.format(record))

    handler = Collector(logging.ERROR)
    logging.getLogger().addHandler(handler)
    try:
        yield messages
    finally:
        logging.getLogger().removeHandler(handler)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 300.0, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
