"""Explain in words how the user can renew the credentials of a session."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ecrtui.ecr.profile import parse_sso_role
from ecrtui.errors import CredentialsError

if TYPE_CHECKING:
    from botocore.session import Session

_OTHER_SOURCES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Variables that name a source of credentials outside ~/.aws, in the order of botocore."""

EXPORT_AGAIN = "The credentials come from the environment (AWS_ACCESS_KEY_ID). Export new ones and start ecrtui again"


def no_mfa_code(session: Session, question: str) -> str:
    """Fail: there is no user to ask.

    Raises:
        CredentialsError: always; names the command that asks for the code.
    """
    raise CredentialsError("The profile needs an MFA code", question.strip().rstrip(":"), _mfa_hint(session))


def sign_in_hint(
    session: Session, given_profile: str | None, *, asks_for_code: bool = False, of_source: bool = False
) -> str:
    """Return how the user can renew the credentials of a session, in words.

    Args:
        session: the session; its configuration says where the credentials come from.
        given_profile: the profile from a flag, which wins over credentials in the environment.
        asks_for_code: whether ecrtui itself asks for an MFA code.
        of_source: whether AWS has refused the credentials that request the role, so that a new code does not help.
    """
    chain = list(_source_profiles(session))
    if given_profile is None and (hint := _environment_hint(chain[0][1])):
        return hint
    name, source = chain[-1]
    option = _profile_option(session, name)
    if "web_identity_token_file" in source:
        return "The credentials come from web_identity_token_file in ~/.aws/config. Renew this token, then try again."
    if source.keys() & {"sso_account_id", "sso_role_name"}:
        if (role := parse_sso_role(name)) is not None and role.session == source.get("sso_session"):
            return sso_session_hint(role.session)
        return f"Run `aws sso login{option}`, then try again."
    if "login_session" in source:
        remote = " --remote" if os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY") else ""
        return f"Run `aws login{option}{remote}`, then try again."
    if not of_source and any(profile.keys() >= {"role_arn", "mfa_serial"} for _, profile in chain):
        return "Try again: ecrtui asks for a new MFA code." if asks_for_code else _mfa_hint(session)
    if "credential_process" in source:
        return "Run the credential_process command of ~/.aws/config by itself, and fix it."
    if (named := source.get("credential_source")) is not None:
        if named == "Environment" and os.environ.get("AWS_ACCESS_KEY_ID"):
            return f"{EXPORT_AGAIN}."
        return f"The profile takes its credentials from {named}, which has none here. Use another profile, or fix it."
    if "aws_access_key_id" in source:
        return f"Renew the access key of the profile (`aws configure{option}`), then try again."
    if variable := next(filter(os.environ.get, _OTHER_SOURCES), ""):
        return f"The credentials come from {variable}. Check what it names, and whether that answers. Then try again."
    return "The credentials come from the role of the EC2 instance. Check this role, then try again."


def sso_session_hint(name: str) -> str:
    """Return how the user can sign in to an ``sso-session``, in words."""
    return f"Run `aws sso login --sso-session {shlex.quote(name)}`, then try again."


def _mfa_hint(session: Session) -> str:
    command = f"aws sts get-caller-identity{_profile_option(session)}"
    return f"Run `{command}` and enter the code, then try again. ecrtui uses the credentials that the AWS CLI caches."


def _profile_option(session: Session, name: str = "") -> str:
    """Return the option for a profile; without a name, for the profile in use. Empty if it is the default."""
    used = session.get_config_variable("profile")
    profile = used if name in ("", used or "default") else name
    return f" --profile {shlex.quote(profile)}" if profile else ""


def _environment_hint(profile: Mapping[str, Any]) -> str:
    """Return how the user can renew credentials of the environment; empty if those of this profile come first.

    A token comes before the keys of a profile, but not before a role that is requested with other credentials.
    """
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return f"{EXPORT_AGAIN}, or unset them to use a profile."
    is_role = "role_arn" in profile and "web_identity_token_file" not in profile
    if os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") and not is_role:
        return "The credentials come from the token that AWS_WEB_IDENTITY_TOKEN_FILE names. Renew it, then try again."
    return ""


def _source_profiles(session: Session) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield name and profile of the profile in use, and of those that it takes its credentials from.

    The last one has the credentials; those before are roles. A profile that is not a role ignores ``source_profile``.
    """
    profiles: Mapping[str, Mapping[str, Any]] = session.full_config.get("profiles", {})
    name, seen = session.get_config_variable("profile") or "default", set[str]()
    while name and name not in seen:
        seen.add(name)
        profile = profiles.get(name, {})
        yield name, profile
        name = profile.get("source_profile") if "role_arn" in profile else None
