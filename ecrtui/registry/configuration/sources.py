"""Where each value of the AWS configuration comes from: an option, a variable or a profile.

The order of the sources is that of ``configuration``, and of botocore.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from botocore.utils import get_environ_proxies

from ecrtui.paths import AWS_FILES, expand
from ecrtui.redaction import public_url, redact_url
from ecrtui.registry.configuration.session import PROFILE_VARIABLES, REGION_VARIABLES

if TYPE_CHECKING:
    from botocore.session import Session

    from ecrtui.settings import Connection

_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL")

_FILE_NAMES = {"AWS_CONFIG_FILE": "config file", "AWS_SHARED_CREDENTIALS_FILE": "credentials file"}

_METHODS = {
    "env": "the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "shared-credentials-file": "keys in the credentials file",
    "config-file": "keys in the config file",
    "assume-role": "an assumed role (role_arn)",
    "assume-role-with-web-identity": "an assumed role with a web identity token",
    "sso": "IAM Identity Center (aws sso login)",
    "custom-process": "the command of credential_process",
    "container-role": "the role of the container",
    "iam-role": "the role of the EC2 instance",
    "login": "aws login",
}
"""The credential providers of botocore by their ``METHOD``."""


class SourcedValue(NamedTuple):
    """A value of the configuration and the place that sets it."""

    name: str
    value: str
    source: str = ""


def configuration_sources(session: Session, connection: Connection, endpoint: str) -> Iterator[SourcedValue]:
    """Yield the values that decide where requests go, without user names and passwords.

    Args:
        session: the session of the connection.
        connection: the options of the user.
        endpoint: the URL that requests go to.

    Raises:
        botocore.exceptions.BotoCoreError: the configuration cannot be read.
    """
    name = session.get_config_variable("profile") or "default"
    profile: Mapping[str, Any] = session.get_scoped_config()
    for variable, default in AWS_FILES.items():
        file = expand(os.environ.get(variable) or default)
        state = "" if file.exists() else " (does not exist)"
        yield SourcedValue(_FILE_NAMES[variable], f"{file}{state}", variable if os.environ.get(variable) else "")
    yield SourcedValue("profile", name, "--profile" if connection.profile else _variable(PROFILE_VARIABLES))
    region = session.get_config_variable("region") or ""
    yield SourcedValue("region", region or "none", _region_source(region, connection, profile))
    yield SourcedValue("endpoint", public_url(endpoint), _endpoint_source(session, connection, profile))
    yield _proxy(endpoint)
    yield _certificates(connection, profile)


def credentials_source(method: str) -> str:
    """Return where credentials come from, in words, for the ``method`` of botocore's credentials."""
    return _METHODS.get(method, method)


def _region_source(region: str, connection: Connection, profile: Mapping[str, Any]) -> str:
    if connection.region:
        return "--region"
    if variable := _variable(REGION_VARIABLES):
        return variable
    if profile.get("region"):
        return "region of the profile"
    return "the EC2 instance" if region else ""


def _endpoint_source(session: Session, connection: Connection, profile: Mapping[str, Any]) -> str:
    if connection.endpoint_url:
        return "--endpoint-url"
    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return "ignore_configured_endpoint_urls"
    if variable := _variable(_ENDPOINT_VARIABLES):
        return variable
    services: Mapping[str, Any] = session.full_config.get("services", {}).get(profile.get("services", ""), {})
    if isinstance(own := services.get("ecr"), dict) and own.get("endpoint_url"):
        return f"services {profile['services']} of the profile"
    return "endpoint_url of the profile" if profile.get("endpoint_url") else "the region"


def _proxy(endpoint: str) -> SourcedValue:
    scheme = urlsplit(endpoint).scheme
    used = get_environ_proxies(endpoint).get(scheme) if scheme else None
    variable = _variable((f"{scheme}_proxy", f"{scheme.upper()}_PROXY"))
    if used:
        return SourcedValue("proxy", redact_url(used), variable)
    if variable:
        return SourcedValue("proxy", "none for this endpoint", _variable(("no_proxy", "NO_PROXY")))
    return SourcedValue("proxy", "none")


def _certificates(connection: Connection, profile: Mapping[str, Any]) -> SourcedValue:
    name = "CA certificates"
    if not connection.verify_ssl:
        return SourcedValue(name, "not verified", "--no-verify-ssl")
    places = (
        (connection.ca_bundle, "--ca-bundle"),
        (os.environ.get("AWS_CA_BUNDLE"), "AWS_CA_BUNDLE"),
        (profile.get("ca_bundle"), "ca_bundle of the profile"),
        (os.environ.get("REQUESTS_CA_BUNDLE"), "REQUESTS_CA_BUNDLE"),
    )
    found = next(((str(value), source) for value, source in places if value), ("those of botocore", ""))
    return SourcedValue(name, *found)


def _variable(names: tuple[str, ...]) -> str:
    """Return the first of these variables that has a value; empty if none has."""
    return next((name for name in names if os.environ.get(name)), "")
