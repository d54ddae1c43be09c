"""A crash exits with an error, restores the terminal, prints no locals, and waits for the write in flight."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from tests.support.crashing import CRASH_KEY, SECRET
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, served, tags_of
from tests.support.terminal import assert_terminal_restored, ecrtui

REPOSITORY = "team/app"
ENTER, CTRL_C = "\r", "\x03"
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("waits", [True, False])
def test_a_crash_waits_for_the_write_in_flight(waits: bool, own_home: Path) -> None:
    registry = new_embedded()
    client = client_for(registry)
    create_repository(client, REPOSITORY)
    push_image(client, REPOSITORY, "one", "v1")
    arrived, reply = threading.Event(), threading.Event()

    def hold() -> None:
        arrived.set()
        reply.wait(60)

    registry.faults.before("PutImage", hold)
    with served(registry) as url:
        command = [sys.executable, "-m", "tests.support.crashing", "--endpoint-url", url, REPOSITORY]
        with ecrtui(home=own_home, command=command, PYTHONPATH=str(ROOT)) as terminal:
            terminal.until("1 image ·")
            terminal.press("t")
            terminal.until("new tags, separated")
            terminal.press("rc")
            terminal.until("rc  new")  # a plan of the first letter comes before, on a busy machine
            terminal.press(ENTER)
            terminal.until("writing…")
            assert arrived.wait(60)
            terminal.press(CRASH_KEY)
            terminal.until("A write is in flight.")
            if waits:
                reply.set()
                terminal.until("The write has ended.")
            else:
                terminal.press(CTRL_C)
                terminal.until("The outcome of the write is unknown.")
            assert terminal.wait() == 1
            assert_terminal_restored(terminal)
            output = terminal.output.decode()
            assert "RuntimeError" in output
            assert SECRET not in output
        reply.set()
        with ecrtui("history", "--output", "json", "--endpoint-url", url, home=own_home) as terminal:
            assert terminal.wait() == 0
            assert ('"done"' if waits else '"unknown"') in terminal.screen
    if waits:
        assert "rc" in tags_of(client, REPOSITORY)
