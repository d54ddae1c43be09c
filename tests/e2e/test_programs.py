"""The pager, the editor and the shell get the terminal, and give it back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.programs import add_program
from tests.support.terminal import Terminal, assert_terminal_restored, ecrtui

REPOSITORY = "team/app"
ENTER, CTRL_C, CTRL_Z = "\r", "\x03", "\x1a"


@pytest.fixture(scope="module")
def embedded() -> EmbeddedRegistry:
    registry = new_embedded()
    client = client_for(registry)
    create_repository(client, REPOSITORY)
    push_image(client, REPOSITORY, "one", "v1", artifactType="é\n\x1b[31m")
    return registry


def manifest(embedded: EmbeddedRegistry) -> bytes:
    ids = [{"imageTag": "v1"}]
    reply = client_for(embedded).batch_get_image(repositoryName=REPOSITORY, imageIds=ids)
    text: str = reply["images"][0]["imageManifest"]
    return text.encode()


def add_viewer(folder: Path, name: str, more: str = "") -> None:
    """Add a program that keeps what it gets, waits for a line, and ignores Ctrl-C as less does."""
    add_program(
        folder,
        name,
        f'trap "echo {name} interrupted" INT\ncp "$2" {folder}/{name}.got\nstat -c %a "$2" "$(dirname "$2")" >> '
        f'{folder}/{name}.modes\necho "$2" > {folder}/{name}.path\n{more}\nprintf "\\033[H\\033[2J{name} $1 waits\\n"\n'
        "while ! read line; do :; done",
    )


def close_viewer(terminal: Terminal) -> None:
    terminal.clear()
    terminal.press(ENTER)
    terminal.until('"schemaVersion": 2')


def test_programs_and_the_shell_take_turns_on_the_terminal(
    embedded: EmbeddedRegistry, url: str, own_home: Path, tmp_path: Path
) -> None:
    programs = tmp_path / "bin"
    add_viewer(programs, "view")
    add_viewer(programs, "edit", 'echo changed >> "$2"')
    pager, editor = f"{programs}/view -x", f"{programs}/edit -y"
    shell = ("bash", "--norc", "--noprofile", "-i")
    with ecrtui(home=own_home, command=shell, PAGER=pager, VISUAL=editor, EDITOR="false", PS1="shell> ") as terminal:
        terminal.until("shell>")
        terminal.press(f"{sys.executable} -m ecrtui --endpoint-url {url} {REPOSITORY}:v1\r")
        terminal.until("last pulled")
        terminal.press("2")
        terminal.until('"schemaVersion": 2')

        terminal.press("v")
        terminal.until("view -x waits")
        terminal.press(CTRL_C)
        terminal.until("view interrupted")
        close_viewer(terminal)
        assert b"\x1b" not in (programs / "view.got").read_bytes()

        terminal.press("ee")  # at once: two editors would share the terminal
        terminal.until("edit -y waits")
        close_viewer(terminal)
        terminal.until("The copy was changed")
        assert (programs / "edit.got").read_bytes() == manifest(embedded)
        _, folder_mode = (programs / "edit.modes").read_text().split()  # it ran once
        assert folder_mode == "700"
        assert not Path((programs / "edit.path").read_text().strip()).exists()

        terminal.press(CTRL_Z)
        terminal.until("Stopped")
        terminal.press("echo still $((20 + 3))\r")
        terminal.until("still 23")
        terminal.clear()
        terminal.press("fg\r")
        terminal.until('"schemaVersion": 2')
        terminal.clear()
        terminal.press("q")
        terminal.until("shell>")
        terminal.press("echo ended with $?\r")
        terminal.until("ended with 0")
        terminal.press("exit\r")
        terminal.wait()


def test_keys_typed_for_a_program_or_a_shell_do_not_act_on_the_screen(
    embedded: EmbeddedRegistry, url: str, own_home: Path, tmp_path: Path
) -> None:
    programs = tmp_path / "bin"
    add_viewer(programs, "edit")
    fails = f'printf "fail waits"; until [ -e {tmp_path}/typed ]; do sleep 0.05; done; false'
    shell = ("bash", "--norc", "--noprofile", "-i")
    with ecrtui(home=own_home, command=shell, PAGER=fails, VISUAL=f"{programs}/edit -y", PS1="shell> ") as terminal:
        terminal.until("shell>")
        terminal.press(f"{sys.executable} -m ecrtui --endpoint-url {url} {REPOSITORY}:v1\r")
        terminal.until("last pulled")
        terminal.press("2")
        terminal.until('"schemaVersion": 2')

        terminal.press("e" + "ea" * 20)
        terminal.until("edit -y waits")
        terminal.clear()
        terminal.press("\r")
        terminal.until('"schemaVersion": 2')
        terminal.press("?")  # a key typed afterwards acts
        assert "Activity" not in terminal.until("Keyboard shortcuts").splitlines()[1]
        terminal.press("?")

        terminal.press("v")
        terminal.until("fail waits")
        terminal.press("a")
        (tmp_path / "typed").touch()
        terminal.until("failed with exit code")
        terminal.press("3")
        assert "Activity" not in terminal.until("‹3 config›").splitlines()[1]

        terminal.press(CTRL_Z + "a" * 20)
        terminal.until("Stopped")
        terminal.clear()
        terminal.press("fg\r")
        terminal.until("‹3 config›")
        terminal.press("2")
        assert "Activity" not in terminal.until('"schemaVersion": 2').splitlines()[1]
        terminal.press("q")
        terminal.until("shell>")
        terminal.press("exit\r")
        terminal.wait()


def test_a_program_that_fails_is_named(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, f"{REPOSITORY}:v1", home=own_home, PAGER="no-such-pager") as terminal:
        terminal.until("last pulled")
        terminal.press("2")
        terminal.until('"schemaVersion": 2')
        terminal.press("v")
        terminal.until("no-such-pager failed with exit code 127")
        terminal.press("q")
        assert terminal.wait() == 0
        assert_terminal_restored(terminal)
