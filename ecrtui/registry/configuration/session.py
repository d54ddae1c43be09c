"""Sessions that read environment variables and ``~/.aws`` in the order of the AWS CLI 2.

The settings of botocore differ in a few points from those of the AWS CLI. This module adapts them, for the
application and for ``ecrtui put-image`` alike. These are botocore sessions, because boto3 does not expose the
settings; ``boto3_client`` creates clients on them. Functions raise what botocore raises: callers translate.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.credentials import CredentialResolver, EnvProvider, create_credential_resolver
from botocore.exceptions import BotoCoreError, CredentialRetrievalError, MetadataRetrievalError
from botocore.loaders import Loader, create_loader
from botocore.session import Session
from botocore.utils import BadIMDSRequestError, IMDSRegionProvider

from ecrtui.ecr.profile import parse_sso_role
from ecrtui.errors import CredentialsError, EcrTuiError, UsageError
from ecrtui.paths import has_home
from ecrtui.registry.configuration.option_check import check_options
from ecrtui.registry.credentials.cache import CredentialsCache
from ecrtui.registry.credentials.sign_in_hints import EXPORT_AGAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.credentials import Credentials, ReadOnlyCredentials

    from ecrtui.settings import Connection

_log = logging.getLogger(__name__)

CREDENTIALS_CACHE = Path("~/.aws/cli/cache")
"""Where the AWS CLI, and ecrtui, keep the temporary credentials of assumed roles, with or without MFA."""

CONNECT_TIMEOUT = 4
"""Seconds to connect, unless a flag says otherwise."""

READ_TIMEOUT = 15
"""Seconds without a byte of the response, unless a flag says otherwise."""

PROFILE_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")

_AWS_CLI_VARIABLES: Mapping[str, tuple[str | None, list[str], Any, Any]] = {
    "profile": (None, [*PROFILE_VARIABLES], None, None),
    "region": ("region", [*REGION_VARIABLES], None, None),
    "retry_mode": ("retry_mode", ["AWS_RETRY_MODE"], "standard", None),
}
"""Settings of the AWS CLI that botocore lacks: the order of the two profile variables, and ``AWS_REGION``."""


_STILL_EXPIRED = "refreshed credentials are still expired"
"""In the message of botocore's RuntimeError, which has no class of its own."""


def new_session(profile: str | None = None, region: str | None = None) -> Session:
    """Return a session for a profile and a region that flags gave; None is "as configured".

    The profile is ``--profile`` > ``AWS_PROFILE`` > ``AWS_DEFAULT_PROFILE``; the region ``--region`` > ``AWS_REGION``
    > ``AWS_DEFAULT_REGION`` > the profile > that of the EC2 instance. A profile from a flag wins over
    credentials in the environment; a profile from a variable does not. ``SESSION/ACCOUNT/ROLE`` stands for a profile
    with this role of an ``sso-session``.

    Raises:
        botocore.exceptions.ProfileNotFound: there is no such profile.
        botocore.exceptions.ConfigParseError: a configuration file is broken.
        botocore.exceptions.InvalidConfigError: an option of the profile has no value.
    """
    session = unread_session()
    select_profile(session, profile)
    share_service_models(session)
    if region is not None:
        session.set_config_variable("region", region)
    session.get_scoped_config()
    check_options(session)
    if not session.get_config_variable("region") and (found := instance_region(session)):
        session.set_config_variable("region", found)
    return session


def unread_session() -> Session:
    """Return a session that has read no configuration, and asks no EC2 instance for its region."""
    session = Session()
    session.session_var_map.update(_AWS_CLI_VARIABLES)
    return session


def select_profile(session: Session, name: str | None = None) -> None:
    """Let a session use a profile; None for the one of the environment. It can be the role of an ``sso-session``.

    Raises:
        botocore.exceptions.ConfigParseError: a configuration file is broken.
    """
    if name is not None:
        session.set_config_variable("profile", name)
    if (role := parse_sso_role(session.get_config_variable("profile") or "")) is not None:
        _add_profile(session, role.session, role.profile, sso_account_id=role.account, sso_role_name=role.role)


def session_of_sso(name: str) -> Session:
    """Return a session that can sign in to an ``sso-session``, and has no role.

    Raises:
        botocore.exceptions.ProfileNotFound: there is no such section.
        botocore.exceptions.ConfigParseError: a configuration file is broken.
        botocore.exceptions.InvalidConfigError: an option of the section has no value.
    """
    session, profile = Session(), f"sso-session {name}"
    session.set_config_variable("profile", profile)
    _add_profile(session, name, profile)
    check_options(session)
    share_service_models(session)
    return session


def _add_profile(session: Session, sso_session: str, name: str, **options: str) -> None:
    """Add a profile of an ``sso-session`` to the configuration, if there is such a section, and no such profile."""
    configuration = session.full_config
    if sso_session in configuration.get("sso_sessions", {}):
        configuration["profiles"].setdefault(name, {"sso_session": sso_session, **options})


def share_service_models(session: Session) -> None:
    """Share botocore's data files between sessions: the second session takes half the time."""
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))


@cache
def _loader(data_path: str | None) -> Loader:
    return create_loader(data_path)


def credentials_cache() -> CredentialsCache | None:
    """Return the cache of the AWS CLI; None without a home folder."""
    folder = CREDENTIALS_CACHE.expanduser() if has_home() else None
    return CredentialsCache(folder) if folder else None


def share_credentials_cache(
    session: Session,
    cache: CredentialsCache | None,
    check: Callable[[ReadOnlyCredentials], None] = lambda _: None,
) -> CredentialResolver:
    """Keep temporary credentials in the cache of the AWS CLI; return the credential resolver of the session.

    Args:
        session: the session.
        cache: the cache; None to keep them in memory.
        check: raises an error if a request must not be signed with these credentials; called for each request.

    Raises:
        botocore.exceptions.BotoCoreError: the configuration of the credentials is not valid.
    """
    if cache is not None:
        cache.watch(session)
    resolver = create_credential_resolver(
        session, cache=cast(Any, cache), region_name=session.get_config_variable("region")
    )
    session.register_component("credential_provider", _CheckedResolver(resolver, check))
    return resolver


class _CheckedCredentials:
    """Credentials of a botocore session that are checked each time they are used.

    Args:
        credentials: the credentials.
        check: raises an error if a request must not be signed with them.
    """

    def __init__(self, credentials: Credentials, check: Callable[[ReadOnlyCredentials], None]) -> None:
        self._credentials = credentials
        self._check = check

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return the credentials to sign a request with. botocore calls this for each request."""
        with _named_provider(str(self._credentials.method)):
            frozen = self._credentials.get_frozen_credentials()
        self._check(frozen)
        return frozen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._credentials, name)


def keep_credentials(session: Session) -> None:
    """Sign all requests of a session with the credentials that sign the first one, also after they were renewed.

    New credentials can belong to another account.
    """
    session.register_component("credential_provider", _KeepingResolver(session.get_component("credential_provider")))


class _KeptCredentials:
    """Credentials of a botocore session that stay as they were at their first use."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._kept: ReadOnlyCredentials | None = None

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return the credentials to sign a request with. botocore calls this for each request."""
        if self._kept is None:
            self._kept = self._credentials.get_frozen_credentials()
        return self._kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self._credentials, name)


class _KeepingResolver:
    """A credential resolver whose credentials are kept."""

    def __init__(self, resolver: CredentialResolver) -> None:
        self._resolver = resolver

    def load_credentials(self) -> _KeptCredentials | None:
        """Return the first credentials that are found. botocore calls this once a session."""
        found = self._resolver.load_credentials()
        return None if found is None else _KeptCredentials(found)


class _CheckedResolver:
    """A credential resolver whose credentials are checked each time they are used."""

    def __init__(self, resolver: CredentialResolver, check: Callable[[ReadOnlyCredentials], None]) -> None:
        self._resolver = resolver
        self._check = check

    def load_credentials(self) -> _CheckedCredentials | None:
        """Return the first credentials that are found. botocore calls this once a session."""
        for provider in self._resolver.providers:
            with _named_provider(str(provider.METHOD)):
                if (found := provider.load()) is not None:
                    return _CheckedCredentials(found, self._check)
        return None


@contextmanager
def _named_provider(method: str) -> Iterator[None]:
    """Name the provider when botocore fails on what it read: botocore lets the bare exception pass.

    Raises:
        botocore.exceptions.CredentialRetrievalError: the credentials could not be read.
        CredentialsError: new credentials have expired already.
    """
    try:
        yield
    except EcrTuiError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError) as problem:
        if _STILL_EXPIRED in str(problem):
            raise _expired_already(method) from None
        reason = f"{type(problem).__name__}: {problem}"
        raise CredentialRetrievalError(provider=method, error_msg=reason) from problem


def _expired_already(method: str) -> CredentialsError:
    if method == EnvProvider.METHOD:  # botocore "renews" them by reading the same variables again
        ended = os.environ.get(EnvProvider.EXPIRY_TIME)
        return CredentialsError(
            "The credentials have expired", f"{EnvProvider.EXPIRY_TIME} is {ended}.", f"{EXPORT_AGAIN}."
        )
    return CredentialsError(
        "The new credentials have expired already",
        f"They came from {method}. The clock of this machine says {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC.",
        "Set the clock of this machine, then try again.",
    )


def apply_network_options(session: Session, connection: Connection) -> None:
    """Apply the time limits and the certificates of the user to the clients of a sign-in, which have no options.

    Raises:
        UsageError: there is no such file of certificates.
    """
    if connection.ca_bundle and connection.verify_ssl:
        session.set_config_variable("ca_bundle", connection.ca_bundle)
    connect, read = time_limits_of(connection, connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
    session.set_default_client_config(Config(connect_timeout=connect, read_timeout=read))
    bundle = session.get_config_variable("ca_bundle")
    if isinstance(bundle, str) and not Path(bundle).exists():
        raise UsageError(
            f"The certificate file {bundle!r} does not exist",
            hint="Check --ca-bundle, AWS_CA_BUNDLE, and ca_bundle in ~/.aws/config.",
        )


def verify_of(connection: Connection) -> bool | str | None:
    """Return the value for ``verify``: False, a file of certificates, or None for "as configured".

    ``--no-verify-ssl`` wins over ``--ca-bundle``, as it does in the AWS CLI.
    """
    return connection.ca_bundle if connection.verify_ssl else False


def time_limits_of(connection: Connection, *, connect: int, read: int) -> tuple[int | None, int | None]:
    """Return the seconds to connect and to read, or the defaults. None means no limit; flags write it as 0."""
    return _limit(connection.connect_timeout, connect), _limit(connection.read_timeout, read)


def retries_of(session: Session, default_mode: str) -> Config:
    """Return the retry mode: ``AWS_RETRY_MODE`` > ``retry_mode`` of the profile > the default."""
    mode = os.environ.get("AWS_RETRY_MODE") or session.get_scoped_config().get("retry_mode") or default_mode
    return Config(retries=cast(Any, {"mode": mode}))


def _limit(given: int | None, default: int) -> int | None:
    return default if given is None else given or None


def configured_region(profile: str | None) -> str:
    """Return the region of the variables, or of a profile, without a request; empty if it cannot be found."""
    session = unread_session()
    try:
        select_profile(session, profile)
        return str(session.get_config_variable("region") or "")
    except BotoCoreError as problem:
        _log.info("the configured region is not known: %s", problem)
        return ""


def certificates_of(session: Session) -> bool | str:
    """Return the file of certificates that botocore trusts in a session; True for the certificates of botocore."""
    return session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or True


def instance_region(session: Session) -> str | None:
    """Return the region of this EC2 instance; None elsewhere, and with ``AWS_EC2_METADATA_DISABLED``."""
    try:
        region: str | None = IMDSRegionProvider(session).provide()
    except (BadIMDSRequestError, MetadataRetrievalError) as problem:  # at the same address, other clouds answer
        _log.info("there are no metadata of EC2: %r", problem)
        return None
    return region
