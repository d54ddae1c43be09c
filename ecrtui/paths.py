"""The files of the application, in the XDG folders. These functions create nothing."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import PlatformDirs

_DIRS = PlatformDirs("ecrtui", appauthor=False)


def settings_file() -> Path:
    """Return the user's settings file: ``$XDG_CONFIG_HOME/ecrtui/settings.toml``."""
    return _DIRS.user_config_path / "settings.toml"


def themes_folder() -> Path:
    """Return the folder of the user's own themes, one TOML file each."""
    return _DIRS.user_config_path / "themes"


def journal_file() -> Path:
    """Return the journal: every write, stored before it is sent."""
    return _DIRS.user_state_path / "journal.sqlite"


def log_file() -> Path:
    """Return the log file of the application, written with ``--debug``."""
    return _DIRS.user_state_path / "ecrtui.log"


def cache_file() -> Path:
    """Return the cache: last known lists, and manifests by digest. It may be deleted at any time."""
    return _DIRS.user_cache_path / "cache.sqlite"


def has_home() -> bool:
    """Return whether the user has a home folder: ``$HOME``, or the one in the password database."""
    return os.path.expanduser("~") != "~"  # noqa: PTH111 - Path.expanduser raises
