"""How a setting is declared, and the checks of its value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, NamedTuple

from ecrtui.errors import SettingsError

FIX = "Fix the file or move it aside."
"""The next step after an error in the settings file."""

_MAX_UNLOCK_MINUTES = 24 * 60

COLUMN_LISTS = ("images", "repositories", "side_by_side", "activity")
"""The lists whose columns can be chosen."""

_SHOWN_VALUE = 60
"""Characters of a wrong value that an error shows."""


class Origin(NamedTuple):
    """Where a value comes from.

    Args:
        source: the settings file, the variable or the flag.
        text: the text of the file; empty for a variable and a flag.
    """

    source: str
    text: str = ""

    def place(self, *names: str) -> str:
        """Return where the value with these names is set: one name for each level of tables."""
        position = -1
        for name in names:
            pattern = rf"""(?m)^[ \t]*(?:\[\s*)?(?:[\w"'.-]+\.)?["']?{re.escape(name)}["']?\s*[=.\]]"""
            if found := re.compile(pattern).search(self.text, max(position, 0)):
                position = found.start()
        return self.source if position < 0 else f"{self.source}, line {self.text.count(chr(10), 0, position) + 1}"


class Setting(NamedTuple):
    """The declaration of one setting.

    Args:
        meaning: what the setting does, for the documentation.
        kind: the type in words, for error messages.
        types: the Python types that TOML may give it.
        variable: the environment variable that sets it, if any.
        flag: the option of ``ecrtui`` that sets it, if any.
        per_account: whether ``[accounts.ID]`` may set it.
        check: converts a value of the right type; raises SettingsError. It gets the value and its origin.
    """

    meaning: str
    kind: str
    types: tuple[type, ...]
    variable: str = ""
    flag: str = ""
    per_account: bool = False
    check: Callable[[Any, Origin], Any] | None = None


TEXT = ("a text", (str,))
SWITCH = ("true or false", (bool,))
NUMBER = ("a number", (int, float))
LIST = ("a list of texts", (list, tuple))
TABLE = ("a table", (Mapping,))
"""The kinds of values: each in words, and the Python types that TOML gives it."""


def declare(kind: tuple[str, tuple[type, ...]], meaning: str, default: Any, **options: Any) -> Any:
    """Declare a field of :class:`ecrtui.settings.Settings`. A callable default makes a new value for each object."""
    metadata = {"setting": Setting(meaning, *kind, **options)}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def invalid(origin: Origin, names: Sequence[str], value: Any, rule: str) -> SettingsError:
    """Return the error of a value that breaks a rule, with its place."""
    name, shown = ".".join(names), str(value).lower() if isinstance(value, bool) else repr(value)
    if len(shown) > _SHOWN_VALUE:
        shown = f"{shown[:_SHOWN_VALUE]}…"
    return SettingsError(
        f"{origin.place(*names)}: {name} is {shown}", f"{name} must {rule}.", FIX if origin.text else ""
    )


def check_prefetch(value: bool | str, origin: Origin) -> bool | str:
    """Check the value of ``prefetch``."""
    if value not in (True, False, "auto"):
        raise invalid(origin, ["prefetch"], value, "be auto, true or false")
    return value


def check_sso_login(value: str, origin: Origin) -> str:
    """Check the value of ``sso_login``."""
    if value not in ("auto", "device", "browser"):
        raise invalid(origin, ["sso_login"], value, "be auto, device or browser")
    return value


def check_theme(value: str, origin: Origin) -> str:
    """Check the value of ``theme``."""
    if not value.strip():
        raise invalid(origin, ["theme"], value, "name a theme")
    return value


def check_protected_tags(value: Sequence[Any], origin: Origin) -> tuple[str, ...]:
    """Check the value of ``protected_tags``."""
    if not all(isinstance(pattern, str) and pattern for pattern in value):
        raise invalid(origin, ["protected_tags"], value, "be a list of texts, none of them empty")
    return tuple(value)


def check_writes_per_second(value: float, origin: Origin) -> float:
    """Check the value of ``writes_per_second``."""
    if not 0 < value < math.inf:
        raise invalid(origin, ["writes_per_second"], value, "be above zero, and finite")
    return float(value)


def check_unlock_minutes(value: float, origin: Origin) -> float:
    """Check the value of ``unlock_minutes``."""
    if not 0 < value <= _MAX_UNLOCK_MINUTES:
        raise invalid(origin, ["unlock_minutes"], value, f"be above zero, and at most {_MAX_UNLOCK_MINUTES}")
    return float(value)


def check_keys(value: Mapping[str, Any], origin: Origin) -> Mapping[str, str]:
    """Flatten the table: TOML reads ``image.retag = "t"`` without quotes as a table in a table."""
    flat: dict[str, str] = {}
    for name, entry in value.items():
        if isinstance(entry, Mapping):
            flat |= check_keys({f"{name}.{inner}": keys for inner, keys in entry.items()}, origin)
        elif isinstance(entry, str) and entry.strip():
            flat[name] = entry
        else:
            raise invalid(origin, ["keys", name], entry, 'be a text with one or more keys, as in "t,f2"')
    return flat


def check_columns(value: Mapping[str, Any], origin: Origin) -> Mapping[str, tuple[str, ...]]:
    """Check the lists and that their columns are texts. A list checks the names of its columns when it is opened."""
    return {name: _check_columns_of(name, ids, origin) for name, ids in value.items()}


def _check_columns_of(name: str, ids: Any, origin: Origin) -> tuple[str, ...]:
    if name not in COLUMN_LISTS:
        raise invalid(origin, ["columns", name], ids, f"not be there: the lists are {', '.join(COLUMN_LISTS)}")
    if not isinstance(ids, list | tuple) or not ids or not all(isinstance(column, str) for column in ids):
        raise invalid(origin, ["columns", name], ids, "be a list of one or more columns")
    return tuple(dict.fromkeys(ids))
