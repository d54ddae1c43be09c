"""The names of keys in ``[keys]`` of the settings: those by which Textual reports the keys of a terminal.

Standard library only: ``ecrtui keys`` checks the names without loading Textual.
"""

from __future__ import annotations

import unicodedata
from functools import cache

MODIFIERS = frozenset(("alt", "ctrl", "hyper", "meta", "shift", "super"))

NAMES = (
    *("escape", "enter", "tab", "space", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown"),
    *("up", "down", "left", "right", *(f"f{number}" for number in range(1, 36))),
    *("caps_lock", "scroll_lock", "num_lock", "print_screen", "pause", "menu", "kp_begin"),
    *("decimal", "divide", "multiply", "subtract", "add", "equal", "separator"),
    *("media_play", "media_pause", "media_play_pause", "media_reverse", "media_stop", "media_fast_forward"),
    *("media_rewind", "media_track_next", "media_track_previous", "media_record"),
    *("lower_volume", "raise_volume", "mute_volume", "iso_level3_shift", "iso_level5_shift"),
    *(f"{side}_{key}" for side in ("left", "right") for key in ("shift", "control", "alt", "super", "hyper", "meta")),
)
"""Keys that are not characters."""

_SHORT = {"esc": "escape", "return": "enter", "del": "delete", "pgup": "pageup", "pgdn": "pagedown"}
"""Other names, which the footer or a keyboard has."""

_SHORT_CHARACTER_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Names of Textual that are not those of Unicode."""

_LAST_ASCII = 0x7F
_LAST_CHARACTER = 0x2FFF
"""The last character whose name is looked up: all that a keyboard has without an input method."""


def is_key_name(name: str) -> bool:
    """Return True if a key can have this name: a character, ``slash``, ``f2``, ``ctrl+t``, ``shift+tab``.

    Neither ``shift+t`` nor ``ctrl+T`` is one: a terminal sends ``T`` and ``ctrl+t``.
    """
    modifiers, key = _split(name)
    if not MODIFIERS.issuperset(modifiers):
        return False
    if key in NAMES:
        return True
    if len(key) == 1:
        return modifiers != ["shift"] and not ("ctrl" in modifiers and key.isupper())
    return modifiers != ["shift"] and any(key in _character_names(last) for last in (_LAST_ASCII, _LAST_CHARACTER))


def long_key_name(name: str) -> str:
    """Return the one name of a key that has two: ``question_mark`` for ``?``."""
    modifiers, key = _split(name)
    if len(key) == 1 and not key.isalnum():
        key = _written(key) or key
    return "+".join((*modifiers, key))


def closest_key_name(name: str) -> str:
    """Return the name that a wrong name probably stands for: ``ctrl+t`` for ``Ctrl-T``, ``escape`` for ``esc``."""
    import difflib

    written = name.lower().replace("^", "ctrl+").replace("-", "+")
    if is_key_name(written):
        return written
    modifiers, key = _split(written)
    if modifiers == ["shift"] and is_key_name(key):
        return key.upper() if len(key) == 1 else key
    known = (*NAMES, *_character_names(_LAST_ASCII))
    close = _SHORT.get(key) or difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
    return "+".join((*(modifier for modifier in modifiers if modifier in MODIFIERS), close))


def _split(name: str) -> tuple[list[str], str]:
    *modifiers, key = [name] if len(name) == 1 else name.split("+")
    return modifiers, key


@cache
def _character_names(last: int) -> frozenset[str]:
    """Return the names of the characters up to this one that are neither letters nor digits. Those name themselves."""
    characters = (chr(code) for code in range(last + 1))
    return frozenset(filter(None, (_written(character) for character in characters if not character.isalnum())))


def _written(character: str) -> str:
    """Return the name of a character as Textual writes it; empty if it has none."""
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _SHORT_CHARACTER_NAMES.get(name, name)
