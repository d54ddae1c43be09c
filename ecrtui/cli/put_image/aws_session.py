"""The AWS session of one run, from the AWS configuration, the environment and the command line."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any, cast

from ecrtui import __version__
from ecrtui.cli.aws_cli_output import check_encoding, compile_query
from ecrtui.cli.put_image.errors import CommandLineError, ConfigurationError, GeneralError
from ecrtui.cli.put_image.operation_model import PutImageClient
from ecrtui.errors import UsageError
from ecrtui.redaction import redact_url

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.loaders import Loader
    from botocore.session import Session

DEFAULT_TIMEOUT = 60
"""Seconds to connect and to read."""
BINARY_FORMATS = ("base64", "raw-in-base64-out")
TIMESTAMP_FORMATS = ("wire", "iso8601")


def new_session() -> Session:
    """Return a session with the environment and the AWS configuration, but not yet the command line.

    Raises:
        botocore.exceptions.ConfigParseError: a configuration file is invalid.
    """
    from ecrtui.registry.configuration import unread_session

    session = unread_session()
    session.register_component("data_loader", _loader())
    session.user_agent_name, session.user_agent_version = "ecrtui", __version__
    session.full_config  # noqa: B018 - an invalid file is reported before anything else, as the AWS CLI does
    return session


def _loader() -> Loader:
    """Return the loader of service models. It does not read the profile, so that a wrong one is reported later."""
    from ecrtui.cli.put_image.service_loader import LazyServiceLoader

    folders = os.environ.get("AWS_DATA_PATH", "").split(os.pathsep)
    return LazyServiceLoader([os.path.expanduser(os.path.expandvars(folder)) for folder in folders if folder])  # noqa: PTH111


def aws_cli_setting(session: Session, variable: str, name: str, default: str) -> str:
    """Return a setting of the AWS CLI: environment > profile > default.

    Raises:
        botocore.exceptions.ProfileNotFound: there is no such profile.
    """
    if variable in os.environ:
        return os.environ[variable]
    return str(session.get_scoped_config().get(name, default))


def apply_globals(session: Session, options: argparse.Namespace) -> None:
    """Check the global options and apply them to the session, in the order of the AWS CLI.

    The query is compiled in place, and ``verify_ssl`` becomes the ``verify`` argument of botocore.

    Raises:
        CommandLineError: the query or the endpoint URL is invalid.
        ValueError: a timeout is not a number.
        GeneralError: ``AWS_CLI_OUTPUT_ENCODING`` or ``cli_binary_format`` is invalid.
        ConfigurationError: ``cli_timestamp_format`` is invalid.
    """
    from botocore import UNSIGNED
    from botocore.config import Config

    if options.query is not None:
        options.query = compile_query(options.query)
    _check_endpoint(options.endpoint_url)
    settings: dict[str, Any] = {name: _seconds(getattr(options, name)) for name in ("read_timeout", "connect_timeout")}
    if not options.sign_request:
        settings["signature_version"] = UNSIGNED
    session.set_default_client_config(Config(**settings))
    options.verify_ssl = options.ca_bundle if options.verify_ssl else False
    if options.profile:
        session.set_config_variable("profile", options.profile)
    if options.region:
        session.set_config_variable("region", options.region)
    try:
        check_encoding(None)
    except UsageError as problem:
        raise GeneralError(problem.title, "", problem.hint) from problem
    _check_formats(session, options)


def new_client(session: Session, options: argparse.Namespace, config: Config | None = None) -> PutImageClient:
    """Return a client for ECR.

    Raises:
        botocore.exceptions.BotoCoreError: no such profile, no region, or no credentials.
        ValueError: the endpoint is not a URL.
    """
    from ecrtui.registry.boto3_client import create_client

    _share_credentials(session)
    if options.region is None and session.get_config_variable("region") is None:
        from ecrtui.registry.configuration import instance_region

        if found := instance_region(session):
            session.set_config_variable("region", found)
    client: Any = create_client(
        session,
        "ecr",
        region_name=options.region,
        endpoint_url=options.endpoint_url,
        verify=options.verify_ssl,
        config=config,
    )
    return cast(PutImageClient, client)


def _share_credentials(session: Session) -> None:
    """Share the credential cache of the AWS CLI, if the profile uses temporary credentials."""
    temporary = {"role_arn", "sso_account_id", "sso_session", "login_session"}
    if not temporary.isdisjoint(session.get_scoped_config()) or "AWS_ROLE_ARN" in os.environ:
        from ecrtui.registry.configuration import credentials_cache, share_credentials_cache

        share_credentials_cache(session, credentials_cache())


def _check_endpoint(url: str | None) -> None:
    from urllib.parse import urlsplit

    if url is not None and not urlsplit(url).scheme:
        raise CommandLineError(
            f'Bad value for --endpoint-url "{redact_url(url)}": scheme is missing.  '
            "Must be of the form http://<hostname>/ or https://<hostname>/"
        )


def _seconds(text: str | None) -> int | None:
    """Return a timeout in seconds; None for no timeout."""
    return (DEFAULT_TIMEOUT if text is None else int(text)) or None


def _check_formats(session: Session, options: argparse.Namespace) -> None:
    """Check two settings that PutImage does not use, because the AWS CLI refuses wrong ones."""
    from botocore.exceptions import ProfileNotFound

    try:
        configured = session.get_scoped_config()
    except ProfileNotFound:
        return  # reported when the client is created
    timestamps = configured.get("cli_timestamp_format", "iso8601")
    if timestamps not in TIMESTAMP_FORMATS:
        raise ConfigurationError(
            f'Unknown cli_timestamp_format value: {timestamps}, valid values are "wire" or "iso8601"'
        )
    binary = options.cli_binary_format or configured.get("cli_binary_format", BINARY_FORMATS[0])
    if binary not in BINARY_FORMATS:
        raise GeneralError(repr(binary), "", f"Set cli_binary_format to one of {', '.join(BINARY_FORMATS)}.")
