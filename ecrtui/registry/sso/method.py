"""Choose how the user signs in to IAM Identity Center."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from ecrtui.registry.user import SignInMethod

_REMOTE = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def choose_method(setting: str, environment: Mapping[str, str], platform: str = sys.platform) -> SignInMethod:
    """Return how to sign in.

    Args:
        setting: ``sso_login`` of the settings. ``auto`` chooses the browser where one can open: its page calls back to
            127.0.0.1, so it has to run on this machine.
        environment: the environment variables.
        platform: the operating system, as ``sys.platform`` names it.
    """
    if setting != "auto":
        return SignInMethod(setting)
    remote = any(map(environment.get, _REMOTE))
    has_display = platform == "darwin" or any(map(environment.get, _DISPLAYS))
    return SignInMethod.BROWSER if has_display and not remote else SignInMethod.DEVICE
