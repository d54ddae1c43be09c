"""A botocore session that reads environment variables and ``~/.aws`` in the order of the AWS CLI 2.

botocore from the package index and the one inside the AWS CLI differ in a few settings; here are those that matter,
for the application's client and for ``ecrtui put-image`` alike. These functions raise what botocore raises:
the callers have their own words for it.
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
    from collections.abc import Mapping

    from ecrtui.settings import Connection

_log = logging.getLogger(__name__)

CREDENTIALS_CACHE = Path("~/.aws/cli/cache")
"""Where the AWS CLI keeps the temporary credentials of assumed roles, with or without MFA, and so do we."""

_AWS_CLI_VARIABLES: Mapping[str, tuple[str | None, list[str], Any, Any]] = {
    "profile": (None, ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"], None, None),
    "region": ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None),
    "retry_mode": ("retry_mode", ["AWS_RETRY_MODE"], "standard", None),
}
"""Where botocore's own table differs from the AWS CLI's: the order of two profile variables, ``AWS_REGION``."""


def new_session(profile: str | None = None, region: str | None = None) -> Session:
    """A session for a profile and a region, each given by a flag; None is "as configured".

    The profile is ``--profile`` > ``AWS_PROFILE`` > ``AWS_DEFAULT_PROFILE``; the region ``--region`` > ``AWS_REGION``
    > ``AWS_DEFAULT_REGION`` > the profile > the instance that this runs on. A profile that was given by a flag
    wins over credentials in the environment, one that was given by a variable does not.
    Temporary credentials are shared with the AWS CLI through its cache.

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
    """The same session before anything of it was looked up: no file was read, no instance was asked for its region."""
    session = Session()
    share_service_models(session)
    session.session_var_map.update(_AWS_CLI_VARIABLES)
    if profile is not None:
        session.set_config_variable("profile", profile)
    if region is not None:
        session.set_config_variable("region", region)
    return session


def share_service_models(session: Session) -> None:
    """Let sessions share what is read from botocore's data files: the second one is made in half the time."""
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))


@cache
def _loader(data_path: str | None) -> Loader:
    return create_loader(data_path)


def share_credentials_cache(session: Session) -> CredentialResolver:
    """Keep the temporary credentials of the session where the AWS CLI keeps its own; the session's resolver.

    Raises:
        botocore.exceptions.BotoCoreError: the configuration of the credentials cannot be used.
    """
    cache = cast("dict[str, Any]", _CredentialsCache(str(CREDENTIALS_CACHE.expanduser())))
    resolver = create_credential_resolver(session, cache=cache, region_name=session.get_config_variable("region"))
    session.register_component("credential_provider", resolver)
    return resolver


class _CredentialsCache(JSONFileCache):
    """The AWS CLI's cache; where it cannot be written, credentials work all the same and are not kept."""

    def __setitem__(self, key: str, value: Any) -> None:
        try:
            super().__setitem__(key, value)
        except OSError as problem:
            _log.debug("temporary credentials are not kept: %s", problem)


def verify_of(connection: Connection) -> bool | str | None:
    """What botocore takes as ``verify``: False, a file of certificates, or None for "as configured".

    ``--no-verify-ssl`` wins over ``--ca-bundle``, as it does in the AWS CLI.
    """
    return connection.ca_bundle if connection.verify_ssl else False


def time_limits_of(connection: Connection, *, connect: int, read: int) -> tuple[int | None, int | None]:
    """Seconds to connect and to read, with defaults for what no flag gave. A flag of 0 is no limit, which is None."""
    return _limit(connection.connect_timeout, connect), _limit(connection.read_timeout, read)


def retries_of(session: Session, default_mode: str) -> Config:
    """The retries: ``AWS_RETRY_MODE`` > ``retry_mode`` of the profile > the default; the attempts as configured."""
    mode = os.environ.get("AWS_RETRY_MODE") or session.get_scoped_config().get("retry_mode") or default_mode
    return Config(retries=cast(Any, {"mode": mode}))


def _limit(given: int | None, default: int) -> int | None:
    return default if given is None else given or None


def instance_region(session: Session) -> str | None:
    """The region of the EC2 instance that this runs on; None elsewhere, and with ``AWS_EC2_METADATA_DISABLED``."""
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
