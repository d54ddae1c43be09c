"""The environment of tests: nothing of the developer's own configuration."""

from __future__ import annotations

import os
from pathlib import Path

_OWN = ("AWS_", "ECRTUI_", "XDG_")
_TERMINAL = ("NO_COLOR", "PAGER", "LESS", "SSH_TTY", "SSH_CONNECTION")


def own_environment(home: Path) -> dict[str, str]:
    """The environment with this home and no AWS, ecrtui or terminal settings of the developer's; dummy credentials."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OWN) and name not in _TERMINAL}
    return kept | {
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
