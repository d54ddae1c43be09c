"""The settings of ecrtui and what sets them."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ecrtui.diagnostics.report import Check, Status
from ecrtui.setting_values import setting_values
from ecrtui.settings import file_in_use, load
from ecrtui.tui.user_keys import key_problems


def settings() -> Iterator[Check]:
    """Yield every setting with its source.

    Raises:
        SettingsError: the settings cannot be used.
    """
    loaded = load({})
    file = file_in_use(os.environ)
    state = "" if file.exists() else " (does not exist)"
    yield Check("file", f"{file}{state}")
    for setting in setting_values(loaded):
        yield Check(setting.name, setting.value, source=setting.source)
    for message in key_problems(loaded.keys):
        yield Check("keys", message, Status.WARNING)
