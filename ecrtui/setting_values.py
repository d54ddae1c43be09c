"""Each setting as a text, with the place that sets it: for ``ecrtui doctor`` and for the screen of settings."""

from __future__ import annotations

import json
from typing import NamedTuple

from ecrtui.settings import SETTINGS, Settings

DEFAULT = "default"
"""The source of a value that nothing sets."""


class SettingValue(NamedTuple):
    """A setting as it is in effect.

    Args:
        name: its name in the settings file.
        value: its value, as JSON.
        source: the file and the line, the variable or the flag that sets it; :data:`DEFAULT` if nothing does.
        meaning: what it does.
    """

    name: str
    value: str
    source: str
    meaning: str


def setting_values(settings: Settings) -> tuple[SettingValue, ...]:
    """Return every setting, in the order of the documentation."""
    return tuple(
        SettingValue(
            name,
            json.dumps(getattr(settings, name), ensure_ascii=False, default=dict),
            settings.sources.get(name, DEFAULT),
            setting.meaning,
        )
        for name, setting in SETTINGS.items()
    )
