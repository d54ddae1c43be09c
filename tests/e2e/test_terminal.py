"""The program in a real terminal: it starts, does the job, and leaves the terminal as it was."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import (
    client_for,
    create_repository,
    manifest_text,
    new_embedded,
    push_image,
    put,
    served,
    tags_of,
    upload_blob,
)
from tests.support.terminal import PATIENCE, Terminal, ecrtui

REPOSITORY = "team/app"
ENTER, ESCAPE, CTRL_C = "\r", "\x1b", "\x03"

MODES = {"1049": "alternate screen", "1000": "mouse", "1003": "mouse", "1006": "mouse", "2004": "bracketed paste"}
"""Modes that a program switches on (``h``) and has to switch off (``l``) again."""


@pytest.fixture(scope="module")
def embedded() -> EmbeddedRegistry:
    made = new_embedded()
    client = client_for(made)
    create_repository(client, REPOSITORY)
    push_image(client, REPOSITORY, "old", "rc")
    push_image(client, REPOSITORY, "new", "v2")
    return made


@pytest.fixture(scope="module")
def url(embedded: EmbeddedRegistry) -> Iterator[str]:
    with served(embedded) as address:
        yield address


def assert_left_as_it_was(terminal: Terminal) -> None:
    """The alternate screen is left, the cursor shown, mouse and paste are off, the line settings are as before."""
    output = bytes(terminal.output).decode(errors="replace")
    for mode, name in MODES.items():
        switches = re.findall(rf"\x1b\[\?(?:\d+;)*{mode}(?:;\d+)*([hl])", output)
        assert not switches or switches[-1] == "l", name
    assert re.findall(r"\x1b\[\?1049([hl])", output)[0] == "h"
    assert re.findall(r"\x1b\[\?25([hl])", output)[-1] == "h"
    assert len(re.findall(r"\x1b\[>\d+u", output)) == output.count("\x1b[<u")  # the keyboard protocol
    assert terminal.current_settings() == terminal.settings


def test_it_lands_retags_and_quits(embedded: EmbeddedRegistry, url: str, own_home: Path) -> None:
    client = client_for(embedded)
    before = tags_of(client, REPOSITORY)
    with ecrtui("--endpoint-url", url, f"{REPOSITORY}:v2", home=own_home) as terminal:
        terminal.until('"schemaVersion": 2')
        terminal.press("t")
        terminal.until("new tag, or several")
        terminal.press("rc")
        assert "moves" in terminal.until("enter apply")
        terminal.press(ENTER)
        terminal.until("✓ done")
        terminal.press(ENTER)
        terminal.until(lambda screen: "Retag" not in screen)
        terminal.resize(60, 15)
        terminal.until(lambda screen: len(screen.splitlines()) == 15 and "rc v2" in screen)
        terminal.resize(50, 10)
        terminal.until("ecrtui needs")
        terminal.resize(120, 40)
        terminal.until('"schemaVersion": 2')
        terminal.press("q")
        assert terminal.wait() == 0
        assert_left_as_it_was(terminal)
    assert tags_of(client, REPOSITORY) == {"rc": before["v2"], "v2": before["v2"]}


def test_letters_typed_right_behind_the_slash_are_the_filter_and_no_actions(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home) as terminal:
        terminal.until("1 repository")
        terminal.press("/aqt")  # activity, quit, tag, were they not meant for the filter
        terminal.until("/ aqt")
        terminal.press(ESCAPE)
        terminal.until(lambda screen: "aqt" not in screen and REPOSITORY in screen)
        terminal.press("q")
        assert terminal.wait() == 0


def test_ctrl_c_leaves_at_once_though_the_service_hangs(own_home: Path) -> None:
    hanging = new_embedded()
    hanging.faults.add("DescribeRepositories:latency:seconds=30")
    with served(hanging) as address, ecrtui("--endpoint-url", address, home=own_home) as terminal:
        terminal.until("loading…")
        terminal.press(CTRL_C)
        assert terminal.wait() == 0
        assert_left_as_it_was(terminal)


def test_sigterm_leaves_the_terminal_as_it_was(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home) as terminal:
        terminal.until("1 repository")
        os.kill(terminal.process.pid, signal.SIGTERM)
        terminal.wait()
        assert_left_as_it_was(terminal)


def test_a_terminal_that_is_gone_leaves_no_process(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home) as terminal:
        terminal.until("1 repository")
        terminal.hang_up()
        terminal.process.wait(timeout=30)
        assert terminal.process.poll() is not None


def children(pid: int) -> list[int]:
    """The processes that a process has started and that are there."""
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


@pytest.mark.parametrize("how", ["q", signal.SIGTERM, signal.SIGKILL])
def test_the_registry_s_process_ends_with_the_program_however_it_ends(url: str, own_home: Path, how: object) -> None:
    with ecrtui("--endpoint-url", url, home=own_home) as terminal:
        terminal.until("1 repository")
        (registry,) = children(terminal.process.pid)
        if isinstance(how, str):
            terminal.press(how)
        else:
            os.kill(terminal.process.pid, how)
        terminal.wait()
        wait_for(lambda: not is_alive(registry))


def test_a_program_whose_registry_process_died_says_so_and_goes_on_with_a_new_one(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home) as terminal:
        terminal.until("1 repository")
        (registry,) = children(terminal.process.pid)
        os.kill(registry, signal.SIGKILL)
        wait_for(lambda: not is_alive(registry))
        terminal.press(ENTER)
        terminal.until(lambda screen: "has ended" in screen or "v2" in screen)
        terminal.press("r")
        terminal.until("v2")
        terminal.press("q")
        assert terminal.wait() == 0


def is_alive(pid: int) -> bool:
    """Whether the process is there and not just waiting to be taken note of."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_without_a_terminal_it_says_so_and_writes_no_escape_sequence(own_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ecrtui"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert b"needs a terminal" in done.stderr
    assert b"\x1b" not in done.stdout + done.stderr


# What of the registry's text reaches the terminal

PAYLOADS = {
    "title": "\x1b]0;owned\x07",
    "title, C1": "\x9d0;owned\x9c",
    "clipboard": "\x1b]52;c;b3duZWQ=\x07",
    "mode": "\x1b[?9001h",
    "colour, C1": "\x9b31m",
    "link": "\x1b]8;;https://owned\x1b\\",
    "device control": "\x1bPowned\x1b\\",
    "direction": "\u202eowned\u2066",
    "line": "owned\u2028\u0085\x0b\x0c\x08\x00",
}
HOSTILE = " ".join(PAYLOADS.values())

SEQUENCES = re.compile(
    r"""\x1b(?:
        \[[0-9;:]*m                      # colours and styles
      | \[\d+;\d+H                       # the cursor to a place
      | \[[0-9;]*[ABCDJK]                # the cursor by lines and columns, clearing
      | \[\?(?:25|1000|1003|1004|1006|1015|1016|1049|2004|2026|2027|2031|2048|7)(?:;\d+)*(?:[hl]|\$p)   # modes
      | \[>\d+u | \[<u | \[=\d+;\d+u | \[\?u | \[>?c | \[\d*t | \[5n | \[6n   # keyboard protocol, questions
      | \[\d\ q                          # the shape of the cursor
      | \][14]?[0-9];\?\x07 | \]22;[a-z]*\x1b\\ | \]22;[a-z]*\x07   # questions for colours, the shape of the pointer
      | _Gi=[^\x1b]*\x1b\\ | P=[12]s\x1b\\ | \(B | [78=>]
    )""",
    re.VERBOSE,
)
"""What Textual itself writes to a terminal: nothing in it is made from text that is shown."""


@pytest.fixture(scope="module")
def hostile() -> Iterator[tuple[EmbeddedRegistry, str]]:
    made = new_embedded()
    client = client_for(made)
    create_repository(client, REPOSITORY)
    arn = client.describe_repositories()["repositories"][0]["repositoryArn"]
    client.tag_resource(resourceArn=arn, tags=[{"Key": "owner", "Value": "to be made hostile"}])
    document = json.loads(manifest_text(client, REPOSITORY, annotations={HOSTILE: HOSTILE}))
    config = {"os": "linux", "architecture": "amd64", "config": {"Labels": {HOSTILE: HOSTILE}}}
    document["config"] |= upload_blob(client, REPOSITORY, json.dumps(config).encode())
    put(client, REPOSITORY, json.dumps(document, ensure_ascii=False, indent=1), "v1")
    with made.database.write() as connection:
        # What ECR's own checks keep out, and a service that is not ECR would answer all the same.
        connection.execute("UPDATE resource_tags SET value = ?", (HOSTILE,))
        connection.execute("UPDATE images SET artifact_media_type = ?", (HOSTILE,))
        connection.execute("INSERT INTO tags SELECT repository_id, ?, id FROM images", (HOSTILE,))
    with served(made) as address:
        yield made, address


def test_no_byte_of_registry_text_reaches_the_terminal_as_an_escape_sequence(
    hostile: tuple[EmbeddedRegistry, str], own_home: Path
) -> None:
    embedded, address = hostile
    with ecrtui("--endpoint-url", address, home=own_home, size=(200, 50)) as terminal:
        terminal.until("1 repository")
        terminal.press("d")
        terminal.until("repositoryArn")
        terminal.press("q" + ENTER)
        terminal.until("1 image ·")
        terminal.press("y")
        terminal.until("imageTags:")
        terminal.press("q" + "c")
        terminal.until("digest URI")
        terminal.press("q" + ENTER)
        terminal.until("annotations · 1")
        terminal.press("i")
        terminal.until("labels ")
        terminal.press("q" + "oG" + ENTER)
        terminal.until(lambda screen: screen.count("owned") > 4)
        embedded.faults.add(f"DescribeImages:error:code=AccessDeniedException:message={HOSTILE.replace(':', ';')}")
        terminal.press("\x12")
        terminal.until("Access denied")
        terminal.press("q")
        assert terminal.wait() == 0
    written = bytes(terminal.output).decode()
    rest = SEQUENCES.sub("", written)
    assert "owned" in rest
    assert controls(rest) == set(), set(re.findall(r"\x1b.{1,12}", rest))
    for name, payload in PAYLOADS.items():
        assert payload not in written, name


def controls(text: str) -> set[str]:
    """The characters that a terminal obeys, line ends aside, and those that turn the direction of writing."""
    bidi = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "\u200e", "\u200f", "\u2028", "\u2029"}
    return {
        character
        for character in text
        if (ord(character) < 0x20 and character not in "\r\n") or 0x7F <= ord(character) < 0xA0 or character in bidi
    }


def test_the_check_finds_what_it_looks_for() -> None:
    for payload in PAYLOADS.values():
        assert controls(SEQUENCES.sub("", f"text {payload} text"))
