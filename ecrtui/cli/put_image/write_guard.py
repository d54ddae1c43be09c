"""Refuse the write that the user's settings forbid: in read-only mode, or of a protected tag."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ecrtui.cli.put_image.errors import GeneralError
from ecrtui.errors import READ_ONLY
from ecrtui.settings import Settings, load

_GUARDS = ("read_only", "protected_tags")
"""The settings that can refuse a write."""


def check_allowed(parameters: Mapping[str, Any], account: Callable[[], str], profile: str = "") -> None:
    """Check the settings before PutImage.

    Read-only mode always refuses. Protected tags count only if the user's settings name them: the default patterns do
    not, so that scripts that were written for the AWS CLI keep working.

    Args:
        parameters: the parameters of PutImage.
        account: returns the account of the caller. It is asked only if an account has settings of its own.
        profile: the profile in use; empty for the keys of the environment.

    Raises:
        GeneralError: the settings refuse the write.
        SettingsError: the settings cannot be used.
        EcrTuiError: the account cannot be found out.
    """
    settings = load({})
    if any(not own.keys().isdisjoint(_GUARDS) for own in settings.accounts.values()):
        settings = settings.for_account(str(parameters.get("registryId") or account()), profile)
    if settings.read_only:
        raise _refusal(READ_ONLY, settings, "read_only")
    tag = str(parameters.get("imageTag", ""))
    if tag and "protected_tags" in settings.sources and _is_protected(tag, settings):
        raise _refusal(f"The tag {tag} is protected", settings, "protected_tags")


def _is_protected(tag: str, settings: Settings) -> bool:
    from ecrtui.retag.planner import WritePolicy  # most settings do not protect tags

    return WritePolicy(settings.protected_tags).protects(tag)


def _refusal(title: str, settings: Settings, name: str) -> GeneralError:
    return GeneralError(title, "Nothing was sent.", f"{name} was set by {settings.sources[name]}.")
