"""The AWS session of one run of put-image, with the settings and the defaults of the AWS CLI."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

from ecrtui import __version__

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.session import Session  # noqa: TC004 - others import it for type hints

    from ecrtui.registry.aws_cli.operation_model import PutImageClient
    from ecrtui.settings import Connection

__all__ = [
    "Session",
    "apply_connection",
    "caller_account",
    "new_client",
    "new_session",
    "profile_settings",
    "setting",
    "sign_in_hint",
]

DEFAULT_TIMEOUT = 60
"""Seconds to connect and to read."""


def new_session() -> Session:
    """Return a session with the environment and the AWS configuration, but not yet the command line.

    Raises:
        botocore.exceptions.ConfigParseError: a configuration file is invalid.
    """
    from ecrtui.registry.configuration.session import select_profile, unread_session

    session = unread_session()
    select_profile(session)
    session.register_component("data_loader", _loader(os.environ.get("AWS_DATA_PATH", "")))
    session.user_agent_name, session.user_agent_version = "ecrtui", __version__
    session.full_config  # noqa: B018 - an invalid file is reported before anything else, as the AWS CLI does
    return session


@cache
def _loader(data_path: str) -> Loader:
    """Return the loader of service models, the same for all sessions of a process.

    It does not read the profile, so that a wrong one is reported later.
    """
    from ecrtui.registry.aws_cli.service_loader import LazyServiceLoader

    folders = data_path.split(os.pathsep)
    return LazyServiceLoader([os.path.expanduser(os.path.expandvars(folder)) for folder in folders if folder])  # noqa: PTH111


def setting(session: Session, variable: str, name: str, default: str) -> str:
    """Return a setting of the AWS CLI: environment > profile > default.

    Raises:
        botocore.exceptions.ProfileNotFound: there is no such profile.
    """
    if variable in os.environ:
        return os.environ[variable]
    return str(session.get_scoped_config().get(name, default))


def profile_settings(session: Session) -> Mapping[str, Any] | None:
    """Return the settings of the profile; None if there is no such profile."""
    from botocore.exceptions import ProfileNotFound

    try:
        found: Mapping[str, Any] = session.get_scoped_config()
    except ProfileNotFound:
        return None
    return found


def apply_connection(session: Session, connection: Connection) -> None:
    """Give the session the options of the command line: profile, region, time limits, and whether to sign."""
    from botocore import UNSIGNED
    from botocore.config import Config

    from ecrtui.registry.configuration.session import select_profile, time_limits_of

    connect, read = time_limits_of(connection, connect=DEFAULT_TIMEOUT, read=DEFAULT_TIMEOUT)
    signature = {} if connection.sign_request else {"signature_version": UNSIGNED}
    session.set_default_client_config(Config(connect_timeout=connect, read_timeout=read, **cast(Any, signature)))
    if connection.profile:
        select_profile(session, connection.profile)
    if connection.region:
        session.set_config_variable("region", connection.region)


def new_client(
    session: Session, connection: Connection, *, seconds: int | None = None, attempts: int | None = None
) -> PutImageClient:
    """Return a client for ECR.

    Args:
        session: the session, to which the connection was applied.
        connection: the options of the command line.
        seconds: the time limit to connect and to read; None for that of the connection.
        attempts: the total number of attempts; None for that of the configuration.

    Raises:
        botocore.exceptions.BotoCoreError: no such profile, no region, or no credentials.
        ValueError: the endpoint is not a URL.
    """
    from ecrtui.registry.boto3_client import create_client
    from ecrtui.registry.configuration.session import instance_region, verify_of

    _prepare_credentials(session, connection)
    configured = connection.region is not None or session.get_config_variable("region") is not None
    if not configured and (found := instance_region(session)):
        session.set_config_variable("region", found)
    client: Any = create_client(
        session,
        "ecr",
        region_name=connection.region,
        endpoint_url=connection.endpoint_url,
        verify=verify_of(connection),
        config=_limits(seconds, attempts),
    )
    return cast("PutImageClient", client)


def _limits(seconds: int | None, attempts: int | None) -> Any:
    if seconds is None:
        return None
    from botocore.config import Config

    retries: Any = {"total_max_attempts": attempts}
    return Config(read_timeout=seconds, connect_timeout=seconds, retries=retries)


def _prepare_credentials(session: Session, connection: Connection) -> None:
    """Share the credential cache of the AWS CLI, if the profile uses temporary credentials. Keep the first credentials.

    So the account whose settings allow the write, the write, and the look at its result have the same caller.
    """
    from ecrtui.registry.configuration.session import credentials_cache, keep_credentials, share_credentials_cache

    sources = {"role_arn", "sso_account_id", "sso_session", "login_session", "credential_process"}
    if not sources.isdisjoint(session.get_scoped_config()) or "AWS_ROLE_ARN" in os.environ:
        from ecrtui.registry.credentials.sign_in import SignIn, adapt_providers
        from ecrtui.registry.user import User, has_terminal

        resolver = share_credentials_cache(session, credentials_cache())
        hint = partial(sign_in_hint, session, connection)
        adapt_providers(resolver.providers, SignIn(None, lambda *_: None, User(on_terminal=has_terminal()), hint, hint))
    keep_credentials(session)


def caller_account(session: Session, connection: Connection, client: PutImageClient) -> str:
    """Return the account of the credentials that sign the requests of a client.

    Raises:
        EcrTuiError: AWS does not accept the credentials, or did not return their account.
    """
    from ecrtui.registry.boto3_client import create_client
    from ecrtui.registry.configuration.session import verify_of
    from ecrtui.registry.credentials.account_check import read_account
    from ecrtui.registry.endpoint import is_aws

    sts = None
    if connection.sign_request and is_aws(client.meta.endpoint_url):
        sts = create_client(session, "sts", region_name=connection.region, verify=verify_of(connection))
    return read_account(sts, cast(Any, client), lambda: sign_in_hint(session, connection))


def sign_in_hint(session: Session, connection: Connection) -> str:
    """Return how the user can renew the credentials, in words."""
    from ecrtui.registry.credentials.sign_in_hints import sign_in_hint as hint_of_profile

    return hint_of_profile(session, connection.profile)
