"""Open the botocore session of a connection, and sign the user in when its credentials need it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.session import Session

from ecrtui.errors import UsageError
from ecrtui.registry.configuration.session import (
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
        time_limits: seconds to connect and to read while credentials are found and renewed; None for no limit.
    """

    def __init__(
        self,
        connection: Connection,
        user: User,
        check: Callable[[ReadOnlyCredentials], None],
        time_limits: tuple[float | None, float | None],
    ) -> None:
        self._connection = connection
        self._user = user
        self._check = check
        self._time_limits = time_limits
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
        # botocore creates the clients of STS and IAM Identity Center, without options.
        if connection.ca_bundle and connection.verify_ssl:
            session.set_config_variable("ca_bundle", connection.ca_bundle)
        connect, read = self._time_limits
        session.set_default_client_config(Config(connect_timeout=connect, read_timeout=read))
        _check_bundle(session.get_config_variable("ca_bundle"))
        if connection.sign_request:
            resolver = share_credentials_cache(session, self._credentials_cache, self._check)
            self.mfa = MfaCredentials(until_refused(self._user.mfa_code or partial(no_mfa_code, session)))
            sign_in = SignIn(
                self.mfa,
                until_refused(partial(_sign_in_to_sso, session, self._user)),
                self._user,
                partial(self.hint, session),
            )
            adapt_providers(resolver.providers, sign_in)
        return session

    def hint(self, session: Session) -> str:
        """Return how the user can renew the credentials of a session, in words."""
        asks_for_code = self._user.mfa_code is not None
        return sign_in_hint(session, self._connection.profile, asks_for_code=asks_for_code)


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


def _check_bundle(bundle: bool | str | None) -> None:
    if isinstance(bundle, str) and not Path(bundle).exists():
        raise UsageError(
            f"The certificate file {bundle!r} does not exist",
            hint="Check --ca-bundle, AWS_CA_BUNDLE, and ca_bundle in ~/.aws/config.",
        )
