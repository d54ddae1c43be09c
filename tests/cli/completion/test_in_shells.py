"""The completion in the real shells, on a real terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrtui import paths
from ecrtui.catalog.cache.fingerprint import connection_fingerprint
from ecrtui.catalog.cache.store import Cache
from ecrtui.cli.main import main
from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.repository import Repository
from ecrtui.settings import Connection
from tests.support.embedded import digest_of
from tests.support.programs import add_program
from tests.support.terminal import Terminal

DIGEST = digest_of("1")
PROMPT = "ready>"

BASH = ("bash", "--norc", "--noprofile", "-i")
ZSH = ("zsh", "-f", "-i")
FISH = ("fish", "--no-config")

CASES = [
    ("ecrtui imag", "ecrtui images "),
    ("ecrtui images team/w", "ecrtui images team/web "),
    ("ecrtui images --sort=pus", "ecrtui images --sort=pushed "),
    ("ecrtui images --region eu-central-", "ecrtui images --region eu-central-"),
    ("ecrtui manifest team/app:rel", "ecrtui manifest team/app:release-1 "),
    ("ecrtui manifest team/app@sha", f"ecrtui manifest team/app@{DIGEST} "),
    ("ecrtui retag team/app:release-1 pro", "ecrtui retag team/app:release-1 prod "),
    ("ecrtui images --profile with", r"ecrtui images --profile with\ blank "),
    ("ecrtui images --ca-bundle bund", "ecrtui images --ca-bundle bundle.pem "),
]
"""What is typed before the key of completion, and the line after it."""


@pytest.fixture
def folder(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a program, a profile, a file and a cache."""
    (own_home / ".aws").mkdir()
    (own_home / ".aws" / "config").write_text("[profile with blank]\n")
    (tmp_path / "bundle.pem").touch()
    programs = tmp_path / "bin"
    add_program(programs, "ecrtui", f'exec {sys.executable} -P -m ecrtui "$@"')
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    cache = Cache(paths.cache_file(), RegistryLocation("111111111111", "eu-west-1"))
    cache.remember_connection(connection_fingerprint(Connection()))
    cache.keep_repositories([Repository("team/app", "uri"), Repository("team/web", "uri")])
    cache.keep_images("team/app", [Image(DIGEST, ("release-1", "prod"), 1.0)])
    cache.close()
    return tmp_path


def open_shell(folder: Path, shell: tuple[str, ...], set_up: str, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Return a terminal with a shell that has read the script."""
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    assert main(["completion", shell[0]]) == 0
    (folder / "script").write_text(capsys.readouterr().out)
    terminal = Terminal(shell, {**os.environ, "TERM": "xterm", "PS1": ""}, (160, 40))
    terminal.press(f"cd {folder}; {set_up}\r")
    terminal.until(lambda screen: screen.rstrip().endswith(PROMPT))
    return terminal


SHELLS = [
    pytest.param(BASH, f"bind 'set enable-bracketed-paste off'; . ./script; PS1='{PROMPT}'", id="bash"),
    pytest.param(
        ZSH, f"autoload -U compinit; compinit -u -D; . ./script; unsetopt prompt_sp; PS1='{PROMPT}'", id="zsh"
    ),
    pytest.param(FISH, f"source ./script; function fish_prompt; printf '{PROMPT}'; end", id="fish"),
]


@pytest.mark.parametrize(("shell", "set_up"), SHELLS)
def test_the_key_completes_the_line(
    folder: Path, shell: tuple[str, ...], set_up: str, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = open_shell(folder, shell, set_up, capsys)
    for typed, expected in _cases(shell):
        terminal.press(f"{typed}\tx")
        terminal.until(f"{PROMPT}{expected}x")
        terminal.press("\x15")
        terminal.until(lambda screen: screen.rstrip().endswith(PROMPT))
    terminal.close()


def _cases(shell: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    yield from CASES if shell is BASH else CASES[::3]
