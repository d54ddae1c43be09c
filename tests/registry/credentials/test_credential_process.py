"""The command of ``credential_process`` ends with ecrtui, in whatever way ecrtui ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ecrtui.registry.credentials.credential_process import run_credential_process
from ecrtui.registry.process.client import RegistryProcess
from ecrtui.settings import Connection

TWO_SECONDS = 2.0

KINDS = {
    "with a child": "sleep 3600 & wait",
    "ignores SIGTERM": "trap '' TERM; sleep 3600 & wait; sleep 3600",
}
COMMANDS = {
    "repositories": ("repositories",),
    "put-image": ("put-image", "--repository-name", "app", "--image-manifest", "{}"),
}


@pytest.fixture
def started(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A FIFO that each slow command writes its process id to."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    os.mkfifo(tmp_path / "started")
    return tmp_path / "started"


def profile(own_home: Path, started: Path, kind: str) -> None:
    script = started.with_name("helper")
    script.write_text(f"#!/bin/sh\necho $$ > {started}\n{KINDS[kind]}\n")
    script.chmod(0o755)
    (own_home / ".aws").mkdir()
    (own_home / ".aws" / "config").write_text(f"[default]\ncredential_process = {script}\n")


@contextmanager
def group_that_ends(leader: int) -> Iterator[None]:
    """Check that the processes of the group of a command end within two seconds after the block."""
    handles = [os.pidfd_open(pid) for pid in members(leader)]
    assert len(handles) > 1, "the command, and the shell that waits beside it"
    try:
        yield
        poll, waiting = select.poll(), set(handles)
        for handle in handles:
            poll.register(handle, select.POLLIN)
        while waiting:
            ended = {handle for handle, _ in poll.poll(TWO_SECONDS * 1000)}
            assert ended, "a process continues"
            waiting -= ended
            for handle in ended:
                poll.unregister(handle)
    finally:
        for handle in handles:
            os.close(handle)


def members(group: int) -> list[int]:
    """Return the processes of a group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended meanwhile
                continue
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(int(entry.name))
    return found


@pytest.fixture
def command(own_home: Path, started: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The commands that the test started; ended after it."""
    running: list[subprocess.Popen[bytes]] = []
    yield running
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("name", "number", "kind"),
    [
        ("repositories", signal.SIGTERM, "with a child"),
        ("repositories", signal.SIGINT, "ignores SIGTERM"),
        ("put-image", signal.SIGKILL, "with a child"),
    ],
)
def test_the_end_of_a_command_ends_it(
    own_home: Path, started: Path, command: list[subprocess.Popen[bytes]], name: str, number: int, kind: str
) -> None:
    profile(own_home, started, kind)
    process = subprocess.Popen(
        [sys.executable, "-m", "ecrtui", *COMMANDS[name], "--endpoint-url", "http://127.0.0.1:9"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    command.append(process)
    leader = int(started.read_text())
    with group_that_ends(leader):
        process.send_signal(number)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_end_of_the_registry_process_ends_it(own_home: Path, started: Path) -> None:
    profile(own_home, started, "ignores SIGTERM")
    opened = RegistryProcess().open(Connection(endpoint_url="http://127.0.0.1:9"))
    opened.call("location", "", (), {})
    leader = int(started.read_text())
    with group_that_ends(leader):
        os.kill(opened.process.pid, signal.SIGKILL)
    opened.process.close()


def test_what_a_successful_command_has_started_continues(tmp_path: Path) -> None:
    """An agent that keeps a password serves later calls."""
    os.mkfifo(tmp_path / "held")
    keys = '{"Version": 1, "AccessKeyId": "K", "SecretAccessKey": "s"}'
    script = tmp_path / "helper"
    script.write_text(f"#!/bin/sh\nsleep 3600 >/dev/null 2>&1 &\necho $! > {tmp_path}/agent\necho '{keys}'\n")
    script.chmod(0o755)
    assert run_credential_process(str(script), "p", lambda _: None)["access_key"] == "K"
    agent = int((tmp_path / "agent").read_text())
    os.kill(agent, 0)  # raises ProcessLookupError if it has ended
    os.kill(agent, signal.SIGKILL)
