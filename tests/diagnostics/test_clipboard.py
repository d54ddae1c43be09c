"""The way of a copy, by what the user's terminal runs in."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecrtui.diagnostics.clipboard import clipboard
from tests.support.programs import add_clipboard, add_program

TMUX = {"TMUX": "/tmp/tmux,1,0"}
SSH = {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}


@pytest.mark.parametrize(
    ("variables", "programs", "expected"),
    [
        ({}, {}, ["on this machine", "the control sequence OSC 52"]),
        ({"DISPLAY": ":0"}, {"xclip": ""}, ["on this machine", "xclip"]),
        ({"DISPLAY": ":0"} | SSH, {"xclip": ""}, ["over SSH", "the control sequence OSC 52"]),
        ({"DISPLAY": "localhost:10"} | SSH, {"xclip": ""}, ["over SSH", "xclip"]),
        ({"STY": "1.pts"} | SSH, {}, ["over SSH", "wrapped for GNU screen"]),
        (TMUX, {"tmux": 'case "$1" in show-options) echo external;; esac'}, ["machine", "buffer of tmux", "external"]),
        (TMUX, {"tmux": 'case "$1" in show-options) echo off;; esac'}, ["machine", "buffer of tmux", "off"]),
        (TMUX, {"tmux": "exit 1"}, ["machine", "buffer of tmux", "tmux did not answer"]),
    ],
    ids=str,
)
def test_the_first_way_to_copy_is_shown(
    variables: dict[str, str],
    programs: dict[str, str],
    expected: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, script in programs.items():
        if script:
            add_program(tmp_path, name, script)
        else:
            add_clipboard(tmp_path, name)
    for name, value in {"PATH": str(tmp_path), **variables}.items():
        monkeypatch.setenv(name, value)
    values = [check.value for check in clipboard()]
    assert len(values) == len(expected)
    assert all(part in value for part, value in zip(expected, values, strict=True)), values
