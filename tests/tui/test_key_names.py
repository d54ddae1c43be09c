"""The names of keys are those by which Textual reports the keys of a terminal."""

from __future__ import annotations

import string

import pytest
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual.keys import _character_to_key

from ecrtui.tui.actions import ACTIONS
from ecrtui.tui.key_names import closest_key_name, is_key_name


def test_textual_reports_keys_by_these_names_alone() -> None:
    sequences = [keys for keys in ANSI_SEQUENCES_KEYS.values() if isinstance(keys, tuple)]
    names = {str(key.value) for keys in sequences for key in keys} | set(FUNCTIONAL_KEYS.values())
    names |= set(map(_character_to_key, string.printable + "§°äÄß€«–"))
    scrolling = {"<scroll-up>", "<scroll-down>"}
    assert [name for name in sorted(names - scrolling) if not is_key_name(name)] == []


def test_every_default_key_has_a_known_name() -> None:
    keys = {key for action in ACTIONS for key in action.keys.split(",") if key}
    assert [key for key in sorted(keys) if not is_key_name(key)] == []


@pytest.mark.parametrize("name", ["t", "T", "?", "+", "-", "ä", "ctrl+t", "alt+enter", "ctrl+shift+f5", "shift+space"])
def test_a_key_is_a_character_or_a_name_with_modifiers(name: str) -> None:
    assert is_key_name(name)


@pytest.mark.parametrize(
    ("wrong", "closest"),
    [
        ("F2", "f2"),
        ("ctrl-t", "ctrl+t"),
        ("Ctrl+T", "ctrl+t"),
        ("ctrl+T", "ctrl+t"),
        ("shift+t", "T"),
        ("Shift-Tab", "shift+tab"),
        ("^o", "ctrl+o"),
        ("esc", "escape"),
        ("return", "enter"),
        ("pgdn", "pagedown"),
        ("spacebar", "space"),
        ("questionmark", "question_mark"),
        ("cmd+enter", "enter"),
    ],
)
def test_another_name_is_no_key_and_the_closest_one_is(wrong: str, closest: str) -> None:
    assert not is_key_name(wrong)
    assert closest_key_name(wrong) == closest
