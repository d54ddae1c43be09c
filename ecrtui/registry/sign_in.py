"""Adapt the credential providers of botocore: how they ask the user, and what they say when they fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

from botocore.credentials import AssumeRoleProvider, AssumeRoleWithWebIdentityProvider, ProcessProvider, SSOProvider
from botocore.utils import SSOTokenLoader

from ecrtui.errors import CredentialsError
from ecrtui.registry.credential_process import run_credential_process
from ecrtui.registry.credentials_cache import SignInCache
from ecrtui.registry.role_requests import MfaCode, ask_for_six_digits, creator_of_role_clients
from ecrtui.registry.user import User


class SignIn(NamedTuple):
    """How the credential providers of a session reach the user.

    Args:
        mfa_code: asks for the code of an MFA device; None to do all that the AWS CLI does: ask on the terminal, once,
            and raise the errors of botocore.
        user: how to ask and to tell the user.
        hint: returns how the user can sign in.
    """

    mfa_code: MfaCode | None
    user: User
    hint: Callable[[], str]


def ask_until_refused(ask: MfaCode) -> MfaCode:
    """Return the same question, which fails at once after the user has refused an answer.

    Several requests can wait for the same credentials. The user refuses once for all of them; a retry begins a new
    session.
    """
    refusals: list[CredentialsError] = []

    def asked(question: str) -> str:
        if refusals:
            raise refusals[0]
        try:
            return ask(question)
        except CredentialsError as refusal:
            refusals.append(refusal)
            raise

    return asked


def adapt_providers(providers: Sequence[Any], sign_in: SignIn) -> None:
    """Keep credential providers from reading the terminal, and make them name the cause when they fail.

    By default, an assumed role asks for its MFA code with ``getpass``, the command of ``credential_process`` inherits
    the terminal, and a damaged sign-in file raises a bare exception. botocore has no public API to change that.
    """
    for provider in providers:
        if isinstance(provider, AssumeRoleProvider):
            _adapt_role(provider, sign_in)
        elif isinstance(provider, ProcessProvider):
            _adapt_process(provider, sign_in.user)
        elif isinstance(provider, AssumeRoleWithWebIdentityProvider):
            _explain_denials(provider, sign_in)
        elif isinstance(provider, SSOProvider):
            _adapt_sso(provider, sign_in)


def _explain_denials(provider: Any, sign_in: SignIn) -> None:
    if sign_in.mfa_code is not None:
        ask = partial(ask_for_six_digits, sign_in.mfa_code)
        provider._client_creator = creator_of_role_clients(provider._client_creator, ask)


def _adapt_process(provider: Any, user: User) -> None:
    def run(command: str) -> dict[str, Any]:
        profile = provider._profile_name
        try:
            return run_credential_process(command, profile, user.on_waiting, on_terminal=user.on_terminal)
        except CredentialsError as error:
            found = user.lend_terminal(command, profile, error.detail) if user.lend_terminal else None
            if found is None:
                raise
            return found

    def retrieve(command: str) -> dict[str, Any]:
        found = run(command)
        return found | {"account_id": found["account_id"] or provider.profile_config.get("aws_account_id")}

    provider._retrieve_credentials_using = retrieve


def _adapt_sso(provider: Any, sign_in: SignIn) -> None:
    _explain_denials(provider, sign_in)
    cache = SignInCache(Path(provider._SSO_TOKEN_CACHE_DIR), sign_in.hint)
    provider._token_cache = provider._token_provider._cache = cache
    provider._token_provider._token_loader = SSOTokenLoader(cache=cast(Any, cache))


def _adapt_role(provider: Any, sign_in: SignIn) -> None:
    """Adapt an assumed role, and the providers of its ``source_profile``."""
    _explain_denials(provider, sign_in)
    if sign_in.mfa_code is not None:
        provider._prompter = partial(ask_for_six_digits, sign_in.mfa_code)
        load = provider._load_creds_via_assume_role
        provider._load_creds_via_assume_role = lambda profile: _asking_again(load(profile))
    builder = provider._profile_provider_builder
    original = builder.providers

    def providers(*arguments: Any, **options: Any) -> Sequence[Any]:
        adapted: Sequence[Any] = original(*arguments, **options)
        adapt_providers(adapted, sign_in)
        return adapted

    builder.providers = providers


def _asking_again(credentials: Any) -> Any:
    """Let credentials ask for another MFA code when they are about to expire. botocore asks once and then fails.

    botocore first tries to renew them while they are still good for some minutes. That must not ask the user.
    """
    refresh = credentials._refresh_using

    def ask_when_needed() -> Any:
        if hasattr(refresh, "_has_been_called") and credentials.refresh_needed(credentials._mandatory_refresh_timeout):
            refresh._has_been_called = False
        return refresh()

    credentials._refresh_using = ask_when_needed
    return credentials
