"""The accounts and roles that the user of an ``sso-session`` can use (ListAccounts, ListAccountRoles)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, ProfileNotFound, SSOTokenLoadError, TokenRetrievalError
from botocore.session import Session
from botocore.tokens import SSOTokenProvider

from ecrtui.ecr.profile import SsoRole
from ecrtui.errors import CredentialsError
from ecrtui.registry.configuration.session import apply_network_options, session_of_sso
from ecrtui.registry.credentials.sign_in_hints import sso_session_hint
from ecrtui.registry.errors import code_of, translate_errors
from ecrtui.registry.sso.configuration import DamagedToken, SsoConfiguration, sso_configuration
from ecrtui.registry.sso.sign_in import sign_in
from ecrtui.registry.sso.token_cache import TokenCache
from ecrtui.registry.user import User
from ecrtui.settings import Connection

PARALLEL_ACCOUNTS = 4
"""Accounts whose roles are asked for at the same time. AWS throttles the calls of one user."""


def list_roles(name: str, connection: Connection, user: User) -> Iterator[tuple[SsoRole, ...]]:
    """Yield the roles of one account after the other. Ask the user to sign in if there is no usable token. Blocks.

    Args:
        name: the name of the ``sso-session``.
        connection: the options of the user; the time limits and the certificates are used.
        user: how to ask and to tell the user.

    Raises:
        EcrTuiError: the user is not signed in, or IAM Identity Center does not answer. The roles before that are valid.
    """
    hint = sso_session_hint(name)
    with translate_errors("Sign-in", sign_in=lambda: hint):
        portal = _Portal(name, connection, user, hint)
        accounts = portal.accounts()
        with ThreadPoolExecutor(PARALLEL_ACCOUNTS, "roles") as pool:
            yield from pool.map(portal.roles, accounts)


class _Portal:
    """The access portal, as a user who is signed in.

    Args:
        name: the name of the ``sso-session``.
        connection: the options of the user.
        user: how to ask and to tell the user.
        hint: how the user can sign in.

    Raises:
        CredentialsError: there is no such ``sso-session``, or it is not complete.
    """

    def __init__(self, name: str, connection: Connection, user: User, hint: str) -> None:
        self._name, self._user = name, user
        self._session, self._configuration = _session_of(name)
        apply_network_options(self._session, connection)
        self._cache = TokenCache(lambda: hint)
        config = Config(
            region_name=self._configuration.region, signature_version=UNSIGNED, retries={"mode": "adaptive"}
        )
        self._client: Any = self._session.create_client("sso", config=config)
        self._token = ""

    def accounts(self) -> list[dict[str, str]]:
        """Return the accounts, by name (ListAccounts)."""
        self._token = self._usable_token()
        try:
            found = self._pages("list_accounts", "accountList")
        except ClientError as problem:
            if code_of(problem) != "UnauthorizedException" or not self._signed_in():
                raise
            self._token = self._saved_token()
            found = self._pages("list_accounts", "accountList")
        return sorted(found, key=lambda account: (account.get("accountName", "").lower(), account["accountId"]))

    def roles(self, account: dict[str, str]) -> tuple[SsoRole, ...]:
        """Return the roles of an account (ListAccountRoles)."""
        found = self._pages("list_account_roles", "roleList", accountId=account["accountId"])
        names = sorted(role["roleName"] for role in found)
        return tuple(SsoRole(self._name, account["accountId"], name, account.get("accountName", "")) for name in names)

    def _pages(self, operation: str, member: str, **parameters: str) -> list[dict[str, str]]:
        pages = self._client.get_paginator(operation).paginate(accessToken=self._token, **parameters)
        return [row for page in pages for row in page[member]]

    def _usable_token(self) -> str:
        """Return a token; renew it, or let the user sign in, if it has expired."""
        try:
            return self._saved_token()
        except (SSOTokenLoadError, TokenRetrievalError, DamagedToken):
            if not self._signed_in():
                raise
        return self._saved_token()

    def _saved_token(self) -> str:
        provider = SSOTokenProvider(self._session, cache=self._cache, profile_name=self._session.profile)
        return str(provider.load_token().get_frozen_token().token)

    def _signed_in(self) -> bool:
        """Let the user sign in. Return False if there is no user."""
        method = self._user.sign_in_method()
        if method is not None:
            sign_in(self._session, self._configuration, self._user, method, self._cache.used)
        return method is not None


def _session_of(name: str) -> tuple[Session, SsoConfiguration]:
    """Return a session for an ``sso-session``, and where it signs in."""
    try:
        session = session_of_sso(name)
        return session, sso_configuration({"sso_session": name}, session.full_config.get("sso_sessions", {}))
    except ProfileNotFound:
        raise CredentialsError(
            f"The sso-session {name} does not exist", "", "Write a section [sso-session] into ~/.aws/config."
        ) from None
    except KeyError as missing:
        raise CredentialsError(
            f"The sso-session {name} cannot be used",
            f"It has no {missing.args[0]}.",
            "Write sso_start_url and sso_region into its section of ~/.aws/config.",
        ) from None
