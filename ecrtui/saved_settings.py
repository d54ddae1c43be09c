"""Write a setting that the user chose on a screen into the settings file. Keep everything else in it as it is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ecrtui.errors import SettingsError, reason_of
from ecrtui.paths import lacks_home
from ecrtui.setting_declaration import FIX
from ecrtui.settings import checked_text, file_in_use
from ecrtui.settings_text import with_value
from ecrtui.text_files import UnreadableFile, parse_toml, replace_text


def remember_theme(theme: str, file: Path | None = None) -> None:
    """Write the theme into the settings file. Raises SettingsError."""
    _remember(("theme",), theme, file)


def remember_columns(list_name: str, ids: Sequence[str] | None, file: Path | None = None) -> None:
    """Write the columns of a list into the settings file, or remove them if None. Raises SettingsError."""
    _remember(("columns", list_name), None if ids is None else list(ids), file)


def _remember(names: tuple[str, ...], value: str | list[str] | None, file: Path | None) -> None:
    """Write a setting into the settings file.

    Args:
        names: the setting, or a table and a setting in it.
        value: the value; None removes the setting.
        file: the settings file; the one in use if None.

    Raises:
        SettingsError: the file is broken, and stays as it is, or it cannot be written.
    """
    path = file or file_in_use(os.environ)
    if lacks_home(path):
        raise SettingsError(f"Cannot write {path}", "There is no home folder.", "Set HOME or XDG_CONFIG_HOME.")
    path = path.resolve()
    changed = with_value(checked_text(path), names, value)
    if not _has_value(changed, names, value):
        raise SettingsError(f"Cannot change {path}", f"The {names[0]} in it is written in an unusual way.", FIX)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_text(path, changed)
    except OSError as problem:
        raise SettingsError(
            f"Cannot write {path}", reason_of(problem), "Make the file and its folder writable."
        ) from problem


def _has_value(text: str, names: tuple[str, ...], value: object) -> bool:
    """Return True if the text is valid and has this value."""
    try:
        found: Any = parse_toml(text)
    except UnreadableFile:
        return False
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return bool(found == value)
