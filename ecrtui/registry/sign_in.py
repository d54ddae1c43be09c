"""How the user signs in: nothing of it may ask behind the screen, and what to do when it has lapsed, in words."""

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
"""Asks the user for the code of an MFA device: gets the question, gives the code."""


def detach_from_terminal(providers: Sequence[Any], mfa_code: MfaCode) -> None:
    """Let no provider of credentials ask behind the screen.

    botocore has no public way to say so: an assumed role asks for its MFA code with ``getpass``, and the command of
    ``credential_process`` inherits the terminal.
    """
    for provider in providers:
        if isinstance(provider, AssumeRoleProvider):
            _detach_role(provider, mfa_code)
        elif isinstance(provider, ProcessProvider):
            _detach_command(provider)


def _detach_command(provider: Any) -> None:
    provider._popen = partial(subprocess.Popen, stdin=subprocess.DEVNULL, start_new_session=True)


def _detach_role(provider: Any, mfa_code: MfaCode) -> None:
    """An assumed role, and the providers that its ``source_profile`` is looked up with."""
    provider._prompter = mfa_code
    builder = provider._profile_provider_builder
    theirs = builder.providers

    def providers(*arguments: Any, **options: Any) -> Sequence[Any]:
        made: Sequence[Any] = theirs(*arguments, **options)
        detach_from_terminal(made, mfa_code)
        return made

    builder.providers = providers


def no_mfa_code(session: Session, question: str) -> str:
    """Stands in for asking where nobody can be asked.

    Raises:
        CredentialsError: always; says which command asks.
    """
    command = f"aws sts get-caller-identity{_profile_option(session)}"
    raise CredentialsError(
        "The profile asks for an MFA code",
        question.strip().rstrip(":"),
        f"Run `{command}`, type the code there, then try again: ecrtui finds the credentials that the AWS CLI keeps.",
    )


def _profile_option(session: Session) -> str:
    profile = session.get_config_variable("profile")
    return f" --profile {profile}" if profile else ""


def sign_in_hint(session: Session, given_profile: str | None) -> str:
    """The next step for a user whose credentials in this session do not work (any more).

    Args:
        session: whose configuration tells where the credentials come from.
        given_profile: the profile that a flag gave, which wins over credentials in the environment.
    """
    if given_profile is None and os.environ.get("AWS_ACCESS_KEY_ID"):
        return (
            "The credentials are those of the environment (AWS_ACCESS_KEY_ID): export new ones and start ecrtui again, "
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
        return "The credentials come from the command of credential_process in ~/.aws/config: see why it gives none."
    return f"Renew the credentials of the profile (`aws configure{option}`, `aws sso login{option}`), then try again."


def _source_profiles(session: Session) -> Iterator[Mapping[str, Any]]:
    """The profile in force, and those that it takes its credentials from."""
    profiles: Mapping[str, Mapping[str, Any]] = session.full_config.get("profiles", {})
    name, seen = session.get_config_variable("profile") or "default", set[str]()
    while name and name not in seen:
        seen.add(name)
        profile = profiles.get(name, {})
        yield profile
        name = profile.get("source_profile")
