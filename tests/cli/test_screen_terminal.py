"""ecrtui refuses terminals that only print lines, by their name. It tries an unknown name."""

from __future__ import annotations

import pytest

from ecrtui.cli.screen_terminal import is_printing_terminal


@pytest.mark.parametrize("name", ["dumb", "DUMB", "dumb-emacs-ansi", "emacs", "unknown", "network", "dialup", "lpr"])
def test_a_terminal_that_only_prints_is_refused(name: str) -> None:
    assert is_printing_terminal(name)


@pytest.mark.parametrize("name", ["", "xterm-256color", "screen.linux", "tmux", "vt100", "linux", "eterm-color", "new"])
def test_other_terminals_are_tried(name: str) -> None:
    assert not is_printing_terminal(name)
