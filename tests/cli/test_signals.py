"""The signals that end a command: the same answer to each of them from every command that writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ecrtui.cli.exit_codes import ExitCode
from ecrtui.cli.main import main
from ecrtui.cli.signals import interrupts, stop_event
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import REGION, client_for, create_repository, new_embedded, push_image, served, tags_of

ROOT = Path(__file__).parents[2]
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers of a command that a user starts, which a test run in the background may not have."""
    before = [signal.signal(number, signal.default_int_handler) for number in NUMBERS]
    yield
    for number, handler in zip(NUMBERS, before, strict=True):
        signal.signal(number, handler)


def current() -> list[Any]:
    return [signal.getsignal(number) for number in NUMBERS]


def receive(number: int) -> None:
    """Call the handler of a signal, as Python does: a real signal could come in a callback of the garbage collector."""
    handler: Any = signal.getsignal(number)
    handler(number, None)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_signal_stops_and_the_second_interrupts(number: signal.Signals) -> None:
    before = current()
    with stop_event() as stopped:
        receive(number)
        assert stopped.is_set()
        receive(signal.SIGHUP)  # often comes with another signal
        with pytest.raises(KeyboardInterrupt):
            receive(signal.SIGTERM if number == signal.SIGHUP else number)
        assert current() == before
    assert current() == before


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_interrupts_unless_the_caller_ignores_it(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), interrupts():
        receive(number)
    signal.signal(number, signal.SIG_IGN)
    with interrupts(), stop_event() as stopped:
        signal.raise_signal(number)
        assert not stopped.is_set()
    assert signal.getsignal(number) is signal.SIG_IGN


class Site:
    """A served registry whose writes wait: the repository ``team/app`` with the images ``one`` and ``two``."""

    def __init__(self, embedded: EmbeddedRegistry, url: str) -> None:
        self.embedded, self.url = embedded, url
        self.client = client_for(embedded)
        create_repository(self.client, "team/app")
        for name in ("one", "two"):
            push_image(self.client, "team/app", name, name)
            push_image(self.client, "team/app", name, f"spare-{name}")
        self.released = Event()

    def tags(self) -> dict[str, str]:
        return tags_of(self.client, "team/app")

    def run(self, *words: str) -> int:
        return main([*words, "--endpoint-url", self.url, "--region", REGION])

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "ecrtui", *words, "--endpoint-url", self.url],
            env={**os.environ, "PYTHONPATH": str(ROOT), "AWS_DEFAULT_REGION": REGION},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start_write(self, operation: str, *words: str) -> subprocess.Popen[str]:
        """Start a command, and return when its first request of this operation waits to be released."""
        reached = Event()

        def wait() -> None:
            reached.set()
            self.released.wait()

        self.embedded.faults.before(operation, wait, times=None)
        process = self.start(*words)
        while not reached.wait(1):
            assert process.poll() is None, process.communicate()
        return process


@pytest.fixture
def site() -> Iterator[Site]:
    embedded = new_embedded()
    with served(embedded) as url:
        found = Site(embedded, url)
        yield found
        found.released.set()


@pytest.mark.parametrize(
    ("number", "operation", "words", "code", "written"),
    [
        (signal.SIGHUP, "PutImage", ("retag", "team/app:one", "new", "newer"), ExitCode.PARTLY_DONE, ["new"]),
        (signal.SIGTERM, "BatchDeleteImage", ("untag", "team/app:spare-one"), ExitCode.DONE, ["spare-one"]),
        (signal.SIGTERM, "PutImage", ("swap", "team/app", "one", "two"), ExitCode.PARTLY_DONE, ["one"]),
        (signal.SIGHUP, "PutImage", ("undo", "--last"), ExitCode.PARTLY_DONE, ["spare-two"]),
    ],
)
def test_every_command_ends_after_the_write_under_way(
    number: signal.Signals,
    operation: str,
    words: tuple[str, ...],
    code: ExitCode,
    written: list[str],
    site: Site,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if words[0] == "undo":
        assert site.run("retag", "team/app:one", "two", "spare-two", "--yes") == ExitCode.DONE
    before = site.tags()
    process = site.start_write(operation, *words, "--yes")
    process.send_signal(number)
    assert process.stderr is not None
    assert "stopping after the current step" in process.stderr.readline()
    site.released.set()
    _, err = process.communicate()
    assert process.returncode == code, err
    assert "Traceback" not in err
    after = site.tags()
    assert [tag for tag in sorted(before | after) if before.get(tag) != after.get(tag)] == written
    capsys.readouterr()
    site.run("history", "--limit", "1", "--output", "json", "--query", "entries[].[imageTag, outcome]")
    assert json.loads(capsys.readouterr().out) == [[written[0], "done"]]


def test_two_signals_leave_a_write_that_never_ends(site: Site) -> None:
    process = site.start_write("PutImage", "retag", "team/app:one", *(f"t{number}" for number in range(20)), "--yes")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert "stopping after the current step" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == ExitCode.UNKNOWN, err
    assert "team/app:t0 unknown: its write was in flight when you left" in err
    assert "ecrtui history --resolve-unknown" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("operation", "words"),
    [("DescribeImages", ("images", "team/app")), ("BatchGetImage", ("untag", "team/app:one", "--yes"))],
)
def test_two_signals_at_once_end_any_command_without_a_traceback(
    operation: str, words: tuple[str, ...], site: Site
) -> None:
    process = site.start_write(operation, *words)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    err = process.stderr.readline()
    if "stopping after the current step" in err:  # the system may have delivered both signals as one
        process.send_signal(signal.SIGINT)
    err += process.communicate()[1]
    assert process.returncode in (ExitCode.INTERRUPTED, -signal.SIGINT), err
    assert "Traceback" not in err
