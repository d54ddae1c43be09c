"""The program in a real terminal: start, retag, quit, and restore the terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from tty import OFLAG

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui.textual_fixes.terminal_driver import LEAVE
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
from tests.support.terminal import assert_terminal_restored, child_pids, ecrtui, is_alive, wait_for

REPOSITORY = "team/app"
ENTER, ESCAPE, CTRL_C, CTRL_Z = "\r", "\x1b", "\x03", "\x1a"


@pytest.fixture(scope="module")
def embedded() -> EmbeddedRegistry:
    registry = new_embedded()
    client = client_for(registry)
    create_repository(client, REPOSITORY)
    push_image(client, REPOSITORY, "old", "rc")
    push_image(client, REPOSITORY, "new", "v2")
    return registry


def test_open_an_image_retag_it_and_quit(embedded: EmbeddedRegistry, url: str, own_home: Path) -> None:
    client = client_for(embedded)
    before = tags_of(client, REPOSITORY)
    with ecrtui("--endpoint-url", url, f"{REPOSITORY}:v2", home=own_home) as terminal:
        terminal.until("last pulled")
        terminal.press("t")
        terminal.until("new tags, separated")
        terminal.press("rc")
        terminal.until("rc  moves")  # a plan of the first letter comes before, on a busy machine
        terminal.press(ENTER)
        terminal.until("✓ done")
        terminal.press(ENTER)
        terminal.until(lambda screen: "Retag" not in screen)
        terminal.resize(60, 15)
        terminal.until(lambda screen: len(screen.splitlines()) == 15 and "rc   v2" in screen)
        terminal.resize(50, 10)
        terminal.until("ecrtui needs")
        terminal.resize(120, 40)
        terminal.until("last pulled")
        (registry,) = child_pids(terminal.process.pid)
        terminal.press("q")
        assert terminal.wait() == 0
        wait_for(lambda: not is_alive(registry))
        assert_terminal_restored(terminal)
    assert tags_of(client, REPOSITORY) == {"rc": before["v2"], "v2": before["v2"]}


def test_keys_typed_right_after_slash_go_into_the_filter(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home) as terminal:
        terminal.until("1 repository")
        terminal.press("/aqt")  # outside the filter these keys are actions: activity, quit, tag
        terminal.until("/ aqt")
        terminal.press(ESCAPE)
        terminal.until(lambda screen: "aqt" not in screen and REPOSITORY in screen)
        terminal.press("q")
        assert terminal.wait() == 0


def test_with_one_processor_the_registry_process_starts_later(url: str, own_home: Path) -> None:
    one = ("taskset", "-c", str(min(os.sched_getaffinity(0))))
    with ecrtui("--endpoint-url", url, home=own_home, parent=one) as terminal:
        terminal.until("1 repository")
        assert len(child_pids(terminal.process.pid)) == 1
        terminal.press("q")
        assert terminal.wait() == 0


@contextmanager
def hanging_service() -> Iterator[tuple[str, Event]]:
    """Serve a registry that does not answer a listing; yield its URL, and what tells that the listing has arrived."""
    registry, arrived = new_embedded(), Event()
    registry.faults.before("DescribeRepositories", arrived.set)
    registry.faults.add("DescribeRepositories:latency:seconds=30")
    with served(registry) as address:
        yield address, arrived


EXIT_CODES: dict[str | signal.Signals, tuple[int, ...]] = {
    signal.SIGKILL: (-signal.SIGKILL,),
    "closed terminal": (0, 128 + signal.SIGHUP),
    **{
        ending: (0, 128 + ending)
        for ending in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGXCPU)
    },
}
"""The exit codes after each end. A slow machine has no time for an orderly end, and 0."""


@pytest.mark.parametrize("ending", [CTRL_C, "q", *EXIT_CODES])
def test_each_end_during_a_request_restores_the_terminal_and_leaves_no_process(
    ending: str | signal.Signals, own_home: Path
) -> None:
    with hanging_service() as (address, arrived), ecrtui("--endpoint-url", address, home=own_home) as terminal:
        terminal.until(lambda _: arrived.is_set())
        (registry,) = child_pids(terminal.process.pid)
        if isinstance(ending, signal.Signals):
            os.kill(terminal.process.pid, ending)
        elif ending == "closed terminal":
            terminal.hang_up()
        else:
            terminal.press(ending)
        assert terminal.wait() in EXIT_CODES.get(ending, (0,))
        wait_for(lambda: not is_alive(registry))
        if ending not in ("closed terminal", signal.SIGKILL):
            assert_terminal_restored(terminal)


def test_a_stopped_program_draws_the_screen_again_unless_it_ends(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home) as terminal:
        terminal.until("1 repository")
        raw = terminal.current_settings()
        assert not raw[OFLAG] & termios.ONLCR  # the terminal would get a byte more for each "\n"
        os.kill(terminal.process.pid, signal.SIGSTOP)
        terminal.restore()  # as a shell does
        terminal.clear()
        os.kill(terminal.process.pid, signal.SIGCONT)
        terminal.until(lambda screen: "1 repository" in screen and terminal.current_settings() == raw)
        os.kill(terminal.process.pid, signal.SIGTERM)
        while terminal.process.poll() is None:  # a stop while the program ends does not take the terminal again
            os.kill(terminal.process.pid, signal.SIGTSTP)
            terminal.read(0.01)
            os.kill(terminal.process.pid, signal.SIGCONT)
            terminal.read(0.01)
        assert terminal.wait() in EXIT_CODES[signal.SIGTERM]
        assert_terminal_restored(terminal)


def test_a_terminal_without_an_alternate_screen_is_left_clear(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home) as terminal:  # pyte has only one screen
        terminal.until("1 repository")
        terminal.press("q")
        assert terminal.wait() == 0
        assert terminal.screen.strip() == ""


def test_the_pointer_of_the_mouse_has_its_shape_again(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home) as terminal:
        terminal.until("1 repository")
        terminal.press("/")
        terminal.press("team/a")
        screen = terminal.until(lambda screen: screen.count("team/a") == 2)
        line, text = next((y, row) for y, row in enumerate(screen.splitlines(), 1) if row.startswith(" / team/a"))
        terminal.press(f"\x1b[<35;{text.index('team/a') + 1};{line}M")
        terminal.until(lambda _: b"\x1b]22;text\x07" in terminal.output)
        os.kill(terminal.process.pid, signal.SIGTERM)
        terminal.wait()
        assert re.findall(rb"\x1b\]22;(\w+)\x07", terminal.output) == [b"text", b"default"]


@pytest.mark.parametrize(
    ("term", "theme", "bright"), [("linux", "", False), ("linux-m", "", False), ("linux", "ecrtui-dark", True)]
)
def test_the_linux_console_gets_no_bright_backgrounds_unless_the_user_wants_them(
    term: str, theme: str, bright: bool, url: str, own_home: Path
) -> None:
    arguments = ("--endpoint-url", url)
    with ecrtui(*arguments, home=own_home, TERM=term, COLORTERM="", ECRTUI_THEME=theme) as terminal:
        terminal.until("1 repository")
        assert has_bright_backgrounds(terminal.output) == bright


@pytest.mark.parametrize(("theme", "own_colors"), [("", True), ("ecrtui-dark", False)])
def test_a_terminal_of_16_colors_gets_the_theme_of_its_own_colors(
    theme: str, own_colors: bool, url: str, own_home: Path
) -> None:
    with ecrtui("--endpoint-url", url, home=own_home, TERM="xterm", COLORTERM="", ECRTUI_THEME=theme) as terminal:
        terminal.until("1 repository")
        codes = {code for look in re.findall(rb"\x1b\[([\d;]+)m", terminal.output) for code in look.split(b";")}
        assert (b"40" not in codes) == own_colors  # the usual themes have a black background


def test_the_put_image_form_has_no_bright_backgrounds_on_the_linux_console(url: str, own_home: Path) -> None:
    arguments = ("put-image", "--cli-auto-prompt", "--endpoint-url", url)
    with ecrtui(*arguments, home=own_home, TERM="linux", COLORTERM="", ECRTUI_THEME="") as terminal:
        terminal.until("copy command")
        assert not has_bright_backgrounds(terminal.output)


def has_bright_backgrounds(output: bytes | bytearray) -> bool:
    looks = re.findall(rb"\x1b\[([\d;]+)m", output)
    return any(100 <= int(parameter) <= 107 for look in looks for parameter in look.split(b";"))


def test_ctrl_z_does_not_stop_the_program_where_no_shell_can_continue_it(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home) as terminal:  # it leads the session, as after ``ssh -t``
        terminal.until("1 repository")
        terminal.press(CTRL_Z)
        terminal.until("No shell can continue ecrtui here")
        terminal.press("?")
        terminal.until("Keyboard shortcuts")
        terminal.press("q" + "q")
        assert terminal.wait() == 0
        assert_terminal_restored(terminal)


@pytest.mark.parametrize("stop", [CTRL_Z, signal.SIGSTOP])
def test_a_shell_ends_a_stopped_job(stop: str | signal.Signals, url: str, own_home: Path) -> None:
    shell = ("sh", "-mc", '"$@"; kill %1; kill -CONT %1; read line', "sh")
    with ecrtui("--endpoint-url", url, home=own_home, parent=shell) as terminal:
        terminal.until("1 repository")
        (program,) = child_pids(terminal.process.pid)
        (registry,) = child_pids(program)
        if isinstance(stop, signal.Signals):
            os.kill(program, stop)
        else:
            terminal.press(stop)
        terminal.until(lambda _: not is_alive(program) and not is_alive(registry))
        terminal.until(lambda _: bytes(terminal.output).endswith(LEAVE.encode()))  # what it wrote last is read later


def test_a_start_in_the_background_without_a_shell_is_refused(url: str, own_home: Path) -> None:
    background = (sys.executable, "-c", BACKGROUND)
    with ecrtui("--endpoint-url", url, home=own_home, parent=background) as terminal:
        terminal.until("needs a terminal: it runs in the background of this one")
        assert terminal.wait() == 0
        assert b"Traceback" not in terminal.output
        assert b"\x1b" not in terminal.output


BACKGROUND = """
import os, sys

reader, writer = os.pipe()
os.set_inheritable(writer, True)
parent = os.getpid()
if os.fork():
    os.close(writer)
    os.read(reader, 1)  # until the program ends
elif os.fork() == 0:
    while os.getpgid(os.getppid()) == parent:
        os.sched_yield()
    os.setpgid(0, 0)
    os.execv(sys.argv[1], sys.argv[1:])
"""
"""Runs a program in the background, in a process group without a parent in the session."""


NO_SECOND_THREAD = """
from threading import Thread

def start(thread, start=Thread.start, names=[]):
    names.append(thread.name)
    if names.count("terminal-input") > 1:
        raise RuntimeError("can't start new thread")
    start(thread)

Thread.start = start
from ecrtui.__main__ import run
run()
"""
"""The program on a system that has no thread left when it takes the terminal again."""


def test_an_exception_in_a_signal_handler_is_reported(url: str, own_home: Path) -> None:
    command = [sys.executable, "-c", NO_SECOND_THREAD, "--endpoint-url", url]
    with ecrtui(home=own_home, command=command) as terminal:
        terminal.until("1 repository")
        os.kill(terminal.process.pid, signal.SIGTSTP)
        assert terminal.wait() == 1
        assert b"can't start new thread" in terminal.output
        assert_terminal_restored(terminal)


def test_a_size_that_comes_and_goes_at_once_leaves_the_whole_screen(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home) as terminal:
        before = terminal.until("1 repository")
        for _ in range(5):
            terminal.resize(60, 8)  # the terminal drops what does not fit
            terminal.resize(100, 30)
            terminal.until(lambda screen: screen.splitlines()[0] == before.splitlines()[0])


SIGNAL_AT_END = """
import os, signal
from asyncio.selector_events import BaseSelectorEventLoop

def close(loop, close=BaseSelectorEventLoop.close):
    close(loop)
    os.kill(os.getpid(), signal.SIGWINCH)

BaseSelectorEventLoop.close = close
from ecrtui.__main__ import run
run()
"""
"""The program, which gets a signal while the event loop is closed."""


def test_a_signal_that_comes_while_the_program_ends_prints_nothing(url: str, own_home: Path) -> None:
    command = [sys.executable, "-c", SIGNAL_AT_END, "--endpoint-url", url]
    with ecrtui(home=own_home, command=command) as terminal:
        terminal.until("1 repository")
        terminal.press("q")
        assert terminal.wait() == 0
        assert b"Exception" not in terminal.output
        assert_terminal_restored(terminal)


def test_a_program_whose_parent_waits_exits_when_the_terminal_closes(url: str, own_home: Path) -> None:
    waiting = ("sh", "-c", "trap '' HUP; \"$@\"; exit 0", "sh")
    with ecrtui("--endpoint-url", url, home=own_home, parent=waiting) as terminal:
        terminal.until("1 repository")
        (program,) = child_pids(terminal.process.pid)
        (registry,) = child_pids(program)
        terminal.hang_up()
        wait_for(lambda: not is_alive(program) and not is_alive(registry))


NOISE = (
    b"\xe1\xff\xc3",  # 8-bit Alt, and the beginning of a character
    "Grüße".encode("latin-1"),
    b"\x1b[M \xf0\xf0",  # an X10 mouse report right of column 95
    b"\x1b[97;1:3u\x1b[97;1:9u\x1b[99999999u\x1b[55555:3;;;u",  # key releases and malformed keys
    b"\x1b[<9999999999;1;1M\x1b[<;M\x1b[12;34R\x1b[?1;2c",
    b"\x1b]11;rgb:1111/2222/3333\x1b\\\x1bP1$r0m\x1b\\",  # late answers
    bytes(range(0x80, 0x100)),
)


def test_odd_input_does_not_end_the_program(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home) as terminal:
        terminal.until("1 repository")
        for noise in NOISE:
            terminal.send(noise + b"\x1b[200~\xff\x1b[201~")
            terminal.press("?")
            terminal.until("Keyboard shortcuts")
            terminal.press("q")
            terminal.until(lambda screen: "Keyboard shortcuts" not in screen)
        terminal.press("q")
        assert terminal.wait() == 0


def test_a_terminal_in_non_blocking_mode_works(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home, size=(200, 60)) as terminal:
        terminal.until("1 repository")
        terminal.set_non_blocking()
        terminal.press("?")
        terminal.until("Keyboard shortcuts")
        terminal.press("q" + "q")
        assert terminal.wait() == 0


MANY_FILES = """
import os, resource, sys

resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
null = os.open(os.devnull, os.O_RDONLY)
for number in range(null, 1100):
    os.dup2(null, number)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Runs a program with more open files than ``select`` takes."""


def test_a_program_that_inherits_many_open_files_reads_its_terminal(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home, parent=(sys.executable, "-c", MANY_FILES)) as terminal:
        terminal.until("1 repository")
        terminal.press("q")
        assert terminal.wait() == 0


def test_the_size_of_the_terminal_wins_over_columns_and_lines(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home, size=(100, 30), COLUMNS="40", LINES="10") as terminal:
        assert len(terminal.until("1 repository").splitlines()[0]) > 40
        terminal.resize(70, 20)
        terminal.until(lambda screen: "q quit" in screen.splitlines()[19])


def test_a_terminal_without_control_sequences_is_refused(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home, TERM="dumb") as terminal:
        assert terminal.wait() == 2
        assert "TERM=dumb" in terminal.screen
        assert b"\x1b" not in terminal.output
    with ecrtui("put-image", "--cli-auto-prompt", home=own_home, TERM="dumb") as terminal:
        assert terminal.wait() == 252
        assert "the Put image form needs a" in terminal.screen
        assert b"\x1b" not in terminal.output


def test_the_program_starts_a_new_registry_process_after_the_old_one_died(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, home=own_home) as terminal:
        terminal.until("1 repository")
        (registry,) = child_pids(terminal.process.pid)
        os.kill(registry, signal.SIGKILL)
        wait_for(lambda: not is_alive(registry))
        terminal.press(ENTER)
        terminal.until(lambda screen: "has ended" in screen or "v2" in screen)
        terminal.press("r")
        terminal.until("v2")
        terminal.press("q")
        assert terminal.wait() == 0


def test_without_a_terminal_it_prints_an_error_and_no_escape_sequence(own_home: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "ecrtui"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )
    assert result.returncode == 2
    assert b"needs a terminal" in result.stderr
    assert b"\x1b" not in result.stdout + result.stderr


# Registry text never reaches the terminal as an escape sequence.

PAYLOADS = {
    "title": "\x1b]0;owned\x07",
    "title, C1": "\x9d0;owned\x9c",
    "clipboard": "\x1b]52;c;b3duZWQ=\x07",
    "mode": "\x1b[?9001h",
    "color, C1": "\x9b31m",
    "link": "\x1b]8;;https://owned\x1b\\",
    "device control": "\x1bPowned\x1b\\",
    "text direction": "\u202eowned\u2066",
    "line end": "owned\u2028\u0085\x0b\x0c\x08\x00",
}
HOSTILE = " ".join(PAYLOADS.values())

SEQUENCES = re.compile(
    r"""\x1b(?:
        \[[0-9;:]*m                      # colors and styles
      | \[\d+(?:;\d+)?H                  # move the cursor to a position
      | \[[0-9;]*[ABCDJKX]               # move the cursor by lines or columns, clear
      | \[\?(?:25|1000|1003|1004|1006|1015|1016|1049|2004|2026|2027|2031|2048|7)(?:;\d+)*(?:[hl]|\$p)   # modes
      | \[>\d+u | \[<u | \[=\d+;\d+u | \[\?u | \[>?c | \[\d*t | \[5n | \[6n   # keyboard protocol, queries
      | \[\d\ q                          # cursor shape
      | \][14]?[0-9];\?\x07 | \]22;[a-z]*\x1b\\ | \]22;[a-z]*\x07   # color queries, pointer shape
      | _Gi=[^\x1b]*\x1b\\ | P=[12]s\x1b\\ | \(B | [78=>]
    )""",
    re.VERBOSE,
)
"""The escape sequences that the application itself writes. None of them contains displayed text."""


@pytest.fixture(scope="module")
def hostile() -> Iterator[tuple[EmbeddedRegistry, str]]:
    """Serve a registry whose texts contain all payloads; yield it and its URL."""
    registry = new_embedded()
    client = client_for(registry)
    create_repository(client, REPOSITORY)
    arn = client.describe_repositories()["repositories"][0]["repositoryArn"]
    client.tag_resource(resourceArn=arn, tags=[{"Key": "owner", "Value": "replaced below"}])
    document = json.loads(manifest_text(client, REPOSITORY, annotations={HOSTILE: HOSTILE}))
    config = {"os": "linux", "architecture": "amd64", "config": {"Labels": {HOSTILE: HOSTILE}}}
    document["config"] |= upload_blob(client, REPOSITORY, json.dumps(config).encode())
    put(client, REPOSITORY, json.dumps(document, ensure_ascii=False, indent=1), "v1")
    with registry.database.write() as connection:
        # ECR rejects these values, but another service could return them.
        connection.execute("UPDATE resource_tags SET value = ?", (HOSTILE,))
        connection.execute("UPDATE images SET artifact_media_type = ?", (HOSTILE,))
        connection.execute("INSERT INTO tags SELECT repository_id, ?, id FROM images", (HOSTILE,))
    with served(registry) as address:
        yield registry, address


def test_registry_text_never_reaches_the_terminal_as_an_escape_sequence(
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
        terminal.until("last pulled")
        terminal.press("2")
        terminal.until("annotations · 1")
        terminal.press("3")
        terminal.until("labels ")
        terminal.press("2oG" + ENTER)
        terminal.until(lambda screen: screen.count("owned") > 4)
        embedded.faults.add(f"DescribeImages:error:code=AccessDeniedException:message={HOSTILE.replace(':', ';')}")
        terminal.press("\x12")
        terminal.until("Access denied")
        terminal.press("q")
        assert terminal.wait() == 0
    written = bytes(terminal.output).decode()
    text = SEQUENCES.sub("", written)
    assert "owned" in text
    assert control_characters(text) == set(), set(re.findall(r"\x1b.{1,12}", text))
    for name, payload in PAYLOADS.items():
        assert payload not in written, name


def control_characters(text: str) -> set[str]:
    """Return the control characters in the text, except line ends, and the characters that change its direction."""
    bidi = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "\u200e", "\u200f", "\u2028", "\u2029"}
    return {
        character
        for character in text
        if (ord(character) < 0x20 and character not in "\r\n") or 0x7F <= ord(character) < 0xA0 or character in bidi
    }


def test_the_check_finds_every_payload() -> None:
    for payload in PAYLOADS.values():
        assert control_characters(SEQUENCES.sub("", f"text {payload} text"))
