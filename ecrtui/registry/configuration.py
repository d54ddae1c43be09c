"""Sessions that read environment variables and ``~/.aws`` in the order of the AWS CLI 2.

The settings of botocore differ in a few points from those of the AWS CLI. This module adapts them, for the
application and for ``ecrtui put-image`` alike. These are botocore sessions, because boto3 does not expose the
settings; ``boto3_client`` creates clients on them. Functions raise what botocore raises: callers translate.
"""

from __future__ import annotations

import logging
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.credentials import CredentialResolver, create_credential_resolver
from botocore.loaders import Loader, create_loader
from botocore.session import Session
from botocore.utils import InstanceMetadataRegionFetcher, JSONFileCache

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.credentials import Credentials, ReadOnlyCredentials

    from ecrtui.settings import Connection

_log = logging.getLogger(__name__)

CREDENTIALS_CACHE = Path("~/.aws/cli/cache")
"""Where the AWS CLI, and ecrtui, keep the temporary credentials of assumed roles, with or without MFA."""

_AWS_CLI_VARIABLES: Mapping[str, tuple[str | None, list[str], Any, Any]] = {
    "profile": (None, ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"], None, None),
    "region": ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None),
    "retry_mode": ("retry_mode", ["AWS_RETRY_MODE"], "standard", None),
}
"""Settings of the AWS CLI that botocore lacks: the order of the two profile variables, and ``AWS_REGION``."""


def new_session(profile: str | None = None, region: str | None = None) -> Session:
    """Return a session for a profile and a region that flags gave; None is "as configured".

    The profile is ``--profile`` > ``AWS_PROFILE`` > ``AWS_DEFAULT_PROFILE``; the region ``--region`` > ``AWS_REGION``
    > ``AWS_DEFAULT_REGION`` > the profile > that of the EC2 instance. A profile from a flag wins over
    credentials in the environment; a profile from a variable does not.

    Raises:
        botocore.exceptions.ProfileNotFound: there is no such profile.
        botocore.exceptions.ConfigParseError: a configuration file is broken.
    """
    session = unread_session(profile, region)
    session.get_scoped_config()
    if not session.get_config_variable("region") and (found := instance_region(session)):
        session.set_config_variable("region", found)
    return session


def unread_session(profile: str | None = None, region: str | None = None) -> Session:
    """Return the same session without reading a file or asking the EC2 instance for its region."""
    session = Session()
    share_service_models(session)
    session.session_var_map.update(_AWS_CLI_VARIABLES)
    if profile is not None:
        session.set_config_variable("profile", profile)
    if region is not None:
        session.set_config_variable("region", region)
    return session


def share_service_models(session: Session) -> None:
    """Share botocore's data files between sessions: the second session takes half the time."""
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))


@cache
def _loader(data_path: str | None) -> Loader:
    return create_loader(data_path)


def share_credentials_cache(
    session: Session, check: Callable[[ReadOnlyCredentials], None] | None = None
) -> CredentialResolver:
    """Keep temporary credentials in the cache of the AWS CLI; return the credential resolver of the session.

    Args:
        session: the session.
        check: raises an error if a request must not be signed with these credentials; called for each request.

    Raises:
        botocore.exceptions.BotoCoreError: the configuration of the credentials is not valid.
    """
    cache = cast("dict[str, Any]", _CredentialsCache(str(CREDENTIALS_CACHE.expanduser())))
    resolver = create_credential_resolver(session, cache=cache, region_name=session.get_config_variable("region"))
    session.register_component("credential_provider", _CheckedResolver(resolver, check) if check else resolver)
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
        frozen = self._credentials.get_frozen_credentials()
        self._check(frozen)
        return frozen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._credentials, name)


class _CheckedResolver:
    """A credential resolver whose credentials are checked each time they are used."""

    def __init__(self, resolver: CredentialResolver, check: Callable[[ReadOnlyCredentials], None]) -> None:
        self._resolver = resolver
        self._check = check

    def load_credentials(self) -> _CheckedCredentials | None:
        """Return the first credentials that are found. botocore calls this once a session."""
        found = self._resolver.load_credentials()
        return _CheckedCredentials(found, self._check) if found else None


class _CredentialsCache(JSONFileCache):
    """The cache of the AWS CLI. Credentials that cannot be written to it still work."""

    def __setitem__(self, key: str, value: Any) -> None:
        try:
            super().__setitem__(key, value)
        except OSError as problem:
            _log.debug("could not cache temporary credentials: %s", problem)


def verify_of(connection: Connection) -> bool | str | None:
    """Return the value for ``verify``: False, a file of certificates, or None for "as configured".

    ``--no-verify-ssl`` wins over ``--ca-bundle``, as it does in the AWS CLI.
    """
    return connection.ca_bundle if connection.verify_ssl else False


def time_limits_of(connection: Connection, *, connect: int, read: int) -> tuple[int | None, int | None]:
    """Return the seconds to connect and to read, or the defaults. None is no limit; flags write it as 0."""
    return _limit(connection.connect_timeout, connect), _limit(connection.read_timeout, read)


def retries_of(session: Session, default_mode: str) -> Config:
    """Return the retry mode: ``AWS_RETRY_MODE`` > ``retry_mode`` of the profile > the default."""
    mode = os.environ.get("AWS_RETRY_MODE") or session.get_scoped_config().get("retry_mode") or default_mode
    return Config(retries=cast(Any, {"mode": mode}))


def _limit(given: int | None, default: int) -> int | None:
    return default if given is None else given or None


def instance_region(session: Session) -> str | None:
    """Return the region of this EC2 instance; None elsewhere, and with ``AWS_EC2_METADATA_DISABLED``."""
    fetcher = InstanceMetadataRegionFetcher(
        timeout=session.get_config_variable("metadata_service_timeout"),
        num_attempts=session.get_config_variable("metadata_service_num_attempts"),
        user_agent=session.user_agent(),
        config={
            name: session.get_config_variable(name)
            for name in (
                "ec2_metadata_service_endpoint",
                "ec2_metadata_service_endpoint_mode",
                "ec2_metadata_v1_disabled",
            )
        },
    )
    return fetcher.retrieve_region()
