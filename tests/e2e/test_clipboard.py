"""A copy arrives at the terminal, through tmux and GNU screen too."""

from __future__ import annotations

import base64
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrtui.tui.clipboard import osc52
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, served
from tests.support.terminal import Terminal, ecrtui

REPOSITORY = "team/app"
OVER_SSH = {"SSH_TTY": "/dev/pts/99"}
ENTER = "\r"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    registry = new_embedded()
    client = client_for(registry)
    create_repository(client, REPOSITORY)
    push_image(client, REPOSITORY, "one", "v1")
    with served(registry) as address:
        yield address


def copies_in(terminal: Terminal) -> list[str]:
    """Return the texts that the terminal was told to copy."""
    found = re.findall(rb"\x1b\]52;c?;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)", bytes(terminal.output))
    return [base64.b64decode(text).decode() for text in found]


def copy_put_image(terminal: Terminal) -> None:
    """Copy the longest entry of the menu of the selected image."""
    terminal.until("1 image ·")
    terminal.press("c")
    terminal.until("docker pull")
    terminal.press("6")


def copy_and_confirm(terminal: Terminal) -> bool:
    """Copy, and answer that the terminal takes copies. Return False if the answer was late, as on a busy machine."""
    asked = terminal.output.count(osc52.ATTRIBUTES_QUERY.encode())
    copy_put_image(terminal)
    terminal.until(lambda _: terminal.output.count(osc52.ATTRIBUTES_QUERY.encode()) > asked)
    terminal.send(b"\x1b[?62;22;52c")
    screen = terminal.until(lambda screen: "Copied aws ecr put-image" in screen or "not confirmed" in screen)
    if "Copied aws ecr put-image" in screen:
        return True
    terminal.press(ENTER)
    terminal.until(lambda screen: "not confirmed" not in screen)
    return False


def test_the_terminal_gets_the_copy_and_may_confirm_it(url: str, own_home: Path) -> None:
    with ecrtui("--endpoint-url", url, REPOSITORY, home=own_home, size=(80, 24), **OVER_SSH) as terminal:
        copy_put_image(terminal)
        terminal.until("not confirmed")
        (copied,) = copies_in(terminal)
        assert copied.startswith("aws ecr batch-get-image ")
        terminal.press("p")
        terminal.until("Press Enter to return")
        assert f"\n{copied}\r\n".encode() in terminal.output  # as one line, which the terminal wraps
        terminal.clear()
        terminal.press(ENTER)
        terminal.until("not confirmed")
        terminal.press(ENTER)
        terminal.until(lambda screen: "not confirmed" not in screen)

        assert any(copy_and_confirm(terminal) for _ in range(20))
        copies = copies_in(terminal)
        assert len(copies) > 1
        assert set(copies) == {copied}
        terminal.press("q")
        assert terminal.wait() == 0


@pytest.mark.parametrize("multiplexer", ["tmux", "screen"])
def test_a_multiplexer_with_its_defaults_passes_the_copy_on(multiplexer: str, url: str, own_home: Path) -> None:
    if shutil.which(multiplexer) is None:
        pytest.skip(f"{multiplexer} is not installed")
    folder = own_home / "m"
    folder.mkdir(mode=0o700)
    (folder / "empty").write_text("")
    program = [sys.executable, "-m", "ecrtui", "--endpoint-url", url, REPOSITORY]
    command = {
        "tmux": ["tmux", "-S", str(folder / "s"), "-f", "/dev/null", "new-session", *program],
        "screen": ["screen", "-c", str(folder / "empty"), *program],
    }[multiplexer]
    with ecrtui(home=own_home, size=(100, 30), command=command, SCREENDIR=str(folder), **OVER_SSH) as terminal:
        copy_put_image(terminal)
        terminal.until("not confirmed")
        terminal.until(lambda screen: bool(copies_in(terminal)))
        (copied,) = copies_in(terminal)
        assert copied.startswith("aws ecr batch-get-image ")
        assert ("tmux buffer" in terminal.screen) == (multiplexer == "tmux")
        terminal.press("\x1b")  # screen keeps it back while it reports the mouse
        terminal.until(lambda screen: "not confirmed" not in screen)
        terminal.press("q")
        terminal.wait()
