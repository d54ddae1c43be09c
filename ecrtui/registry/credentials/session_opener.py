"""Open the botocore session of a connection, and sign the user in when its credentials need it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from botocore.session import Session

from ecrtui.registry.configuration.session import (
    apply_network_options,
    credentials_cache,
    new_session,
    share_credentials_cache,
    share_service_models,
)
from ecrtui.registry.credentials.mfa import MfaCredentials
from ecrtui.registry.credentials.sign_in import SignIn, adapt_providers, until_refused
from ecrtui.registry.credentials.sign_in_hints import no_mfa_code, sign_in_hint
from ecrtui.registry.endpoint import check_endpoint
from ecrtui.registry.user import SignInMethod, User
from ecrtui.settings import Connection

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

    from ecrtui.registry.sso.configuration import SsoConfiguration


class SessionOpener:
    """Opens the sessions of a connection to AWS, or to an endpoint with the ECR API.

    Args:
        connection: the options of the user.
        user: how to ask and to tell the user.
        check: checks new credentials before they sign a request.
    """

    def __init__(
        self,
        connection: Connection,
        user: User,
        check: Callable[[ReadOnlyCredentials], None],
    ) -> None:
        self._connection = connection
        self._user = user
        self._check = check
        self._credentials_cache = credentials_cache()
        self.mfa: MfaCredentials | None = None
        """The credentials that an MFA code gave to the session that was opened last."""

    def open(self) -> Session:
        """Return a session that reads the configuration and the credentials of the user.

        Raises:
            UsageError: the endpoint or the file of certificates cannot be used.
            BotoCoreError, ValueError: the configuration is not valid.
        """
        connection = self._connection
        check_endpoint(connection.endpoint_url)
        session = new_session(connection.profile, connection.region)
        apply_network_options(session, connection)
        if connection.sign_request:
            resolver = share_credentials_cache(session, self._credentials_cache, self._check)
            self.mfa = MfaCredentials(until_refused(self._user.mfa_code or partial(no_mfa_code, session)))
            sign_in = SignIn(
                self.mfa,
                until_refused(partial(_sign_in_to_sso, session, self._user)),
                self._user,
                partial(self.hint, session),
                partial(self.hint, session, of_source=True),
            )
            adapt_providers(resolver.providers, sign_in)
        return session

    def hint(self, session: Session, *, of_source: bool = False) -> str:
        """Return how the user can renew the credentials of a session, or those that request its role, in words."""
        asks_for_code = self._user.mfa_code is not None
        return sign_in_hint(session, self._connection.profile, asks_for_code=asks_for_code, of_source=of_source)


def embedded_session(region: str | None) -> Session:
    """Return a session that reads no configuration of the user and needs no credentials."""
    session = Session()
    unset = (None, None, None, None)
    session.session_var_map.update({"profile": unset, "region": unset})
    for name in ("config_file", "credentials_file"):
        session.set_config_variable(name, os.devnull)
    share_service_models(session)
    session.set_config_variable("region", region)
    return session


def _sign_in_to_sso(
    session: Session, user: User, configuration: SsoConfiguration, method: SignInMethod, refused: str
) -> None:
    from ecrtui.registry.sso.sign_in import sign_in  # most sessions need none

    sign_in(session, configuration, user, method, refused)
