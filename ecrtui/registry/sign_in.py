"""Sign-in: adapt the credential providers of botocore, and explain how to renew expired credentials."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from botocore.credentials import AssumeRoleProvider, ProcessProvider, SSOProvider
from botocore.utils import SSOTokenLoader

from ecrtui.errors import CredentialsError
from ecrtui.registry.credential_process import OnWaiting, run_credential_process
from ecrtui.registry.credentials_cache import SignInCache

if TYPE_CHECKING:
    from botocore.session import Session

_OTHER_SOURCES = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Variables that name a source of credentials outside ~/.aws, in the order of botocore."""

MfaCode = Callable[[str], str]
"""Asks the user for the code of an MFA device: takes the question, returns the code."""


class SignIn(NamedTuple):
    """How the credential providers of a session reach the user.

    Args:
        mfa_code: asks for the code of an MFA device; None to ask on the terminal, as the AWS CLI does.
        on_waiting: tells what is waited for.
        hint: returns how the user can sign in.
    """

    mfa_code: MfaCode | None
    on_waiting: OnWaiting
    hint: Callable[[], str]


def adapt_providers(providers: Sequence[Any], sign_in: SignIn) -> None:
    """Keep credential providers from reading the terminal, and make them name the cause when they fail.

    By default, an assumed role asks for its MFA code with ``getpass``, the command of ``credential_process`` inherits
    the terminal, and a damaged sign-in file raises a bare exception. botocore has no public API to change that.
    """
    for provider in providers:
        if isinstance(provider, AssumeRoleProvider):
            _adapt_role(provider, sign_in)
        elif isinstance(provider, ProcessProvider):
            _adapt_process(provider, sign_in.on_waiting)
        elif isinstance(provider, SSOProvider):
            _adapt_sso(provider, sign_in.hint)


def _adapt_process(provider: Any, on_waiting: OnWaiting) -> None:
    def retrieve(command: str) -> dict[str, Any]:
        found = run_credential_process(command, provider._profile_name, on_waiting)
        return found | {"account_id": found["account_id"] or provider.profile_config.get("aws_account_id")}

    provider._retrieve_credentials_using = retrieve


def _adapt_sso(provider: Any, hint: Callable[[], str]) -> None:
    cache = SignInCache(Path(provider._SSO_TOKEN_CACHE_DIR), hint)
    provider._token_cache = provider._token_provider._cache = cache
    provider._token_provider._token_loader = SSOTokenLoader(cache=cast(Any, cache))


def _adapt_role(provider: Any, sign_in: SignIn) -> None:
    """Adapt an assumed role, and the providers of its ``source_profile``."""
    if sign_in.mfa_code is not None:
        provider._prompter = sign_in.mfa_code
    builder = provider._profile_provider_builder
    original = builder.providers

    def providers(*arguments: Any, **options: Any) -> Sequence[Any]:
        adapted: Sequence[Any] = original(*arguments, **options)
        adapt_providers(adapted, sign_in)
        return adapted

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
    if "web_identity_token_file" in keys:
        return "The credentials come from web_identity_token_file in ~/.aws/config. Renew this token, then try again."
    if "aws_access_key_id" not in keys and (variable := next(filter(os.environ.get, _OTHER_SOURCES), "")):
        return f"The credentials come from {variable}. Check what it names, and whether that answers. Then try again."
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
