"""Sign-in: keep credential providers off the terminal, and explain how to renew expired credentials."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.credentials import AssumeRoleProvider, ProcessProvider

from ecrtui.errors import CredentialsError

if TYPE_CHECKING:
    from botocore.session import Session

MfaCode = Callable[[str], str]
"""Asks the user for the code of an MFA device: takes the question, returns the code."""


def detach_from_terminal(providers: Sequence[Any], mfa_code: MfaCode) -> None:
    """Keep credential providers from reading the terminal, which the screen owns.

    By default, an assumed role asks for its MFA code with ``getpass``, and the command of ``credential_process``
    inherits the terminal. botocore has no public API to change that.
    """
    for provider in providers:
        if isinstance(provider, AssumeRoleProvider):
            _detach_role(provider, mfa_code)
        elif isinstance(provider, ProcessProvider):
            _detach_command(provider)


def _detach_command(provider: Any) -> None:
    provider._popen = partial(subprocess.Popen, stdin=subprocess.DEVNULL, start_new_session=True)


def _detach_role(provider: Any, mfa_code: MfaCode) -> None:
    """Detach an assumed role, and the providers of its ``source_profile``."""
    provider._prompter = mfa_code
    builder = provider._profile_provider_builder
    original = builder.providers

    def providers(*arguments: Any, **options: Any) -> Sequence[Any]:
        detached: Sequence[Any] = original(*arguments, **options)
        detach_from_terminal(detached, mfa_code)
        return detached

    builder.providers = providers


def no_mfa_code(session: Session, question: str) -> str:
    """Fail: there is no user to ask.

    Raises:
        CredentialsError: always; names the command that asks for the code.
    """
    command = f"aws sts get-caller-identity{_profile_option(session)}"
    raise CredentialsError(
        "The profile needs an MFA code",
        question.strip().rstrip(":"),
        f"Run `{command}` and enter the code, then try again. ecrtui uses the credentials that the AWS CLI caches.",
    )


def _profile_option(session: Session) -> str:
    profile = session.get_config_variable("profile")
    return f" --profile {profile}" if profile else ""


def sign_in_hint(session: Session, given_profile: str | None) -> str:
    """Return how the user can renew the credentials of a session, in words.

    Args:
        session: the session; its configuration says where the credentials come from.
        given_profile: the profile from a flag, which wins over credentials in the environment.
    """
    if given_profile is None and os.environ.get("AWS_ACCESS_KEY_ID"):
        return (
            "The credentials come from the environment (AWS_ACCESS_KEY_ID). Export new ones and start ecrtui again, "
            "or unset them to use a profile."
        )
    option = _profile_option(session)
    chain = list(_source_profiles(session))
    keys = set().union(*chain)
    if keys & {"sso_session", "sso_start_url"}:
        return f"Run `aws sso login{option}`, then try again."
    if "login_session" in keys:
        return f"Run `aws login{option}`, then try again."
    if "mfa_serial" in keys:
        return f"Run `aws sts get-caller-identity{option}`, which asks for the MFA code, then try again."
    if "credential_process" in keys:
        return "Run the credential_process command of ~/.aws/config by itself, and fix it."
    return f"Renew the credentials of the profile (`aws configure{option}`, `aws sso login{option}`), then try again."


def _source_profiles(session: Session) -> Iterator[Mapping[str, Any]]:
    """Yield the profile in use, and the profiles that it takes its credentials from."""
    profiles: Mapping[str, Mapping[str, Any]] = session.full_config.get("profiles", {})
    name, seen = session.get_config_variable("profile") or "default", set[str]()
    while name and name not in seen:
        seen.add(name)
        profile = profiles.get(name, {})
        yield profile
        name = profile.get("source_profile")
