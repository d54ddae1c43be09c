"""The files of the application: its own, and those of the user in the XDG folders. These functions create nothing.

Without a home folder, and without the XDG variable, a path begins with ``~``. Nothing is read or written there; see
:func:`lacks_home`.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import PlatformDirs

AWS_FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}
"""The files of the AWS configuration, by the variables that name others."""

_DIRS = PlatformDirs("ecrtui", appauthor=False)


def settings_file() -> Path:
    """Return the user's settings file: ``$XDG_CONFIG_HOME/ecrtui/settings.toml``."""
    return _folder("config") / "settings.toml"


def themes_folder() -> Path:
    """Return the folder of the user's own themes, one TOML file each."""
    return _folder("config") / "themes"


def shipped_themes_folder() -> Path:
    """Return the folder of the shipped themes: in the installed package, or beside it in a working copy."""
    package = Path(__file__).parent
    installed = package / "_themes"
    return installed if installed.is_dir() else package.parent / "themes"


def journal_file() -> Path:
    """Return the journal: every write, stored before it is sent."""
    return _folder("state") / "journal.sqlite"


def recent_connections_file() -> Path:
    """Return the file of the connections that the user chose last."""
    return _folder("state") / "connections.json"


def log_file() -> Path:
    """Return the log file of the application, written with ``--debug``."""
    return _folder("state") / "ecrtui.log"


def cache_file() -> Path:
    """Return the cache: last known lists, and manifests by digest. It may be deleted at any time."""
    return _folder("cache") / "cache.sqlite"


def expand(path: str) -> Path:
    """Return a path with ``~`` and ``~USER`` as folders; as it is if there is no such home. Path.expanduser raises."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


def has_home() -> bool:
    """Return whether the user has a home folder: ``$HOME``, or the one in the password database."""
    return expand("~") != Path("~")


def lacks_home(path: Path) -> bool:
    """Return whether a path begins with a home folder that is not known."""
    return path.parts[:1] == ("~",)


def _folder(purpose: str) -> Path:
    try:
        return Path(getattr(_DIRS, f"user_{purpose}_dir"))
    except RuntimeError:  # newer versions of platformdirs refuse what older ones return
        return Path("~", purpose, "ecrtui")
