"""The environment of tests, without the configuration of the developer."""

from __future__ import annotations

import os
from pathlib import Path

_CONFIGURATION_PREFIXES = ("AWS_", "ECRTUI_", "XDG_")
_TERMINAL_VARIABLES = (
    *("NO_COLOR", "PAGER", "LESS", "SSH_TTY", "SSH_CONNECTION"),
    *("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "TMUX", "STY"),
)


def own_environment(home: Path) -> dict[str, str]:
    """Return the environment with this home and dummy credentials, and without AWS, ecrtui or terminal settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_CONFIGURATION_PREFIXES) and name not in _TERMINAL_VARIABLES
    }
    return kept | {
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
