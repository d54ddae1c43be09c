"""Where the application keeps its files: the XDG folders. Pure: nothing is created by looking."""

from __future__ import annotations

from pathlib import Path

from platformdirs import PlatformDirs

_DIRS = PlatformDirs("ecrtui", appauthor=False)


def settings_file() -> Path:
    """The user's settings: ``$XDG_CONFIG_HOME/ecrtui/settings.toml``."""
    return _DIRS.user_config_path / "settings.toml"


def themes_folder() -> Path:
    """The user's own themes, one TOML file each."""
    return _DIRS.user_config_path / "themes"


def journal_file() -> Path:
    """Every write that was ever begun, durable."""
    return _DIRS.user_state_path / "journal.sqlite"


def log_file() -> Path:
    """What ``--debug`` logs while the application has the terminal."""
    return _DIRS.user_state_path / "ecrtui.log"


def cache_file() -> Path:
    """Last known repositories and images, and manifests by digest; can be deleted at any time."""
    return _DIRS.user_cache_path / "cache.sqlite"
