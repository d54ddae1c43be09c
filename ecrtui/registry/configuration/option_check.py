"""Check that options of a profile are texts, before botocore uses them.

A line break and a space after ``region =`` make a section of its own of the option: botocore reads it as a mapping,
and fails with a bare TypeError where it uses the option.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import InvalidConfigError
from botocore.session import Session

_CREDENTIAL_OPTIONS = frozenset(
    {
        "aws_access_key_id",
        "aws_account_id",
        "aws_secret_access_key",
        "aws_session_token",
        "aws_security_token",
        "credential_process",
        "credential_source",
        "duration_seconds",
        "endpoint_url",
        "external_id",
        "login_session",
        "mfa_serial",
        "role_arn",
        "role_session_name",
        "services",
        "source_profile",
        "sso_account_id",
        "sso_region",
        "sso_registration_scopes",
        "sso_role_name",
        "sso_session",
        "sso_start_url",
        "web_identity_token_file",
    }
)
"""The options that botocore does not declare as session variables. They are all texts."""


def check_options(session: Session) -> None:
    """Check the profile of a session, and the profiles that it takes credentials from.

    Raises:
        botocore.exceptions.InvalidConfigError: an option that must be a text has options of its own.
    """
    declared = (variable[0] for variable in session.session_var_map.values())
    texts = _CREDENTIAL_OPTIONS.union(name for name in declared if isinstance(name, str)) - {"api_versions"}
    configuration = session.full_config
    for name, options in _profiles(configuration.get("profiles", {}), session.profile or "default"):
        _check(f"The profile {name}", options, texts)
        shared = options.get("sso_session", "")
        _check(f"The sso-session {shared}", configuration.get("sso_sessions", {}).get(shared, {}), texts)


def _profiles(profiles: Mapping[str, Mapping[str, Any]], name: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield a profile, then the profile that it takes credentials from, and so on."""
    visited = set()
    while isinstance(name, str) and name in profiles and name not in visited:
        visited.add(name)
        yield name, profiles[name]
        name = profiles[name].get("source_profile")


def _check(title: str, options: Mapping[str, Any], texts: frozenset[str]) -> None:
    for option, value in options.items():
        if option in texts and not isinstance(value, str):
            raise InvalidConfigError(
                error_msg=f"{title} has no value on the line of {option}, and the next line is indented. "
                f"Write it on one line: {option} = VALUE"
            )
