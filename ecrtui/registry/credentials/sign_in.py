"""Adapt the credential providers of botocore: how they ask the user, and what they say when they fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

from botocore.credentials import (
    AssumeRoleProvider,
    AssumeRoleWithWebIdentityProvider,
    LoginProvider,
    ProcessProvider,
    SSOProvider,
)
from botocore.exceptions import SSOTokenLoadError, TokenRetrievalError, UnauthorizedSSOTokenError
from botocore.utils import SSOTokenLoader

from ecrtui.errors import CredentialsError
from ecrtui.registry.credentials.aws_login import adapt_login
from ecrtui.registry.credentials.credential_process import run_credential_process
from ecrtui.registry.credentials.mfa import MfaCredentials, must_be_renewed
from ecrtui.registry.credentials.role_requests import creator_of_role_clients
from ecrtui.registry.sso.configuration import DamagedToken, SsoConfiguration, sso_configuration, token_key
from ecrtui.registry.sso.token_cache import TokenCache
from ecrtui.registry.user import SignInMethod, User

Question = ParamSpec("Question")
Answer = TypeVar("Answer")


class SignIn(NamedTuple):
    """How the credential providers of a session reach the user.

    Args:
        mfa: asks for the codes of an MFA device; None to do all that the AWS CLI does: ask on the terminal, once, and
            raise the errors of botocore.
        sign_in: signs in to IAM Identity Center; takes its configuration, the method, and the token that AWS refused.
        user: how to ask and to tell the user.
        hint: returns how the user can sign in.
        source_hint: returns how the user can renew the credentials that request a role.
    """

    mfa: MfaCredentials | None
    sign_in: Callable[[SsoConfiguration, SignInMethod, str], None]
    user: User
    hint: Callable[[], str]
    source_hint: Callable[[], str]


def until_refused(ask: Callable[Question, Answer]) -> Callable[Question, Answer]:
    """Wrap a question, so that it fails at once after the user has refused an answer.

    Several requests can wait for the same credentials. The user refuses once for all of them; a retry begins a new
    session.
    """
    refusals: list[CredentialsError] = []

    def asked(*arguments: Question.args, **options: Question.kwargs) -> Answer:
        if refusals:
            raise refusals[0]
        try:
            return ask(*arguments, **options)
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
        elif isinstance(provider, LoginProvider):
            adapt_login(provider, partial(_adapt_process, user=sign_in.user, may_ask=False), sign_in.hint)
        elif isinstance(provider, AssumeRoleWithWebIdentityProvider):
            _explain_denials(provider, sign_in)
        elif isinstance(provider, SSOProvider):
            _adapt_sso(provider, sign_in)


def _explain_denials(provider: Any, sign_in: SignIn) -> None:
    if sign_in.mfa is not None:
        create = provider._client_creator
        provider._client_creator = creator_of_role_clients(create, sign_in.mfa.ask, sign_in.source_hint)


def _adapt_process(provider: Any, user: User, *, may_ask: bool = True) -> None:
    """Adapt a provider that runs a command.

    Args:
        provider: the provider.
        user: how to ask and to tell the user.
        may_ask: whether the command can have a question, so that it may need the terminal.
    """
    loaded: list[Any] = []
    declined: list[str] = []

    def run(command: str) -> dict[str, Any]:
        profile = provider._profile_name
        try:
            return run_credential_process(command, profile, user.on_waiting, on_terminal=user.on_terminal)
        except CredentialsError as error:
            needed = all(map(must_be_renewed, loaded))
            if declined or not needed or not may_ask or user.lend_terminal is None:
                raise
            if (found := user.lend_terminal(command, profile, error.detail)) is None:
                declined.append(command)
                raise
            return found

    def retrieve(command: str) -> dict[str, Any]:
        found = run(command)
        return found | {"account_id": found["account_id"] or provider.profile_config.get("aws_account_id")}

    load = provider.load

    def load_once() -> Any:
        if (credentials := load()) is not None:
            loaded.append(credentials)
        return credentials

    provider._retrieve_credentials_using = retrieve
    provider.load = load_once


def _adapt_sso(provider: Any, sign_in: SignIn) -> None:
    _explain_denials(provider, sign_in)
    cache = TokenCache(sign_in.hint)
    provider._token_cache = provider._token_provider._cache = cache
    provider._token_provider._token_loader = SSOTokenLoader(cache=cast(Any, cache))
    load = provider.load
    provider.load = lambda: _signing_in(load(), provider, cache, sign_in)


def _signing_in(credentials: Any, provider: Any, cache: TokenCache, sign_in: SignIn) -> Any:
    """Let credentials of IAM Identity Center ask the user to sign in, when there is no token that AWS accepts."""
    if credentials is None:
        return None
    refresh = credentials._refresh_using
    sections = provider._load_config()
    profile = sections["profiles"][provider._profile_name]
    configuration = sso_configuration(profile, sections.get("sso_sessions", {}))

    def refresh_or_sign_in() -> Any:
        try:
            return refresh()
        except (UnauthorizedSSOTokenError, SSOTokenLoadError, TokenRetrievalError, DamagedToken):
            if not must_be_renewed(credentials):
                raise
            method = sign_in.user.sign_in_method()
            # Two programs can renew the same token at the same time: one of them succeeds, for both.
            if method is None and cache.find_other(token_key(configuration.name), cache.used) is None:
                raise
        if method is not None:
            sign_in.sign_in(configuration, method, cache.used)
        return refresh()

    credentials._refresh_using = refresh_or_sign_in
    return credentials


def _adapt_role(provider: Any, sign_in: SignIn) -> None:
    """Adapt an assumed role, and the providers of its ``source_profile``."""
    _explain_denials(provider, sign_in)
    if (mfa := sign_in.mfa) is not None:
        provider._prompter = mfa.ask
        load = provider._load_creds_via_assume_role
        provider._load_creds_via_assume_role = lambda profile: mfa.adapt(load(profile))
    builder = provider._profile_provider_builder
    original = builder.providers

    def providers(*arguments: Any, **options: Any) -> Sequence[Any]:
        adapted: Sequence[Any] = original(*arguments, **options)
        adapt_providers(adapted, sign_in)
        return adapted

    builder.providers = providers
