"""The global options of one run: check them, and apply them to the session."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ecrtui.cli.aws_cli_output import check_encoding, compile_query
from ecrtui.cli.connection_options import connection_from
from ecrtui.cli.put_image.errors import CommandLineError, ConfigurationError, GeneralError
from ecrtui.errors import UsageError
from ecrtui.redaction import redact_url
from ecrtui.registry.aws_cli.session import apply_connection, profile_settings
from ecrtui.settings import Connection

if TYPE_CHECKING:
    from ecrtui.registry.aws_cli.session import Session

BINARY_FORMATS = ("base64", "raw-in-base64-out")
TIMESTAMP_FORMATS = ("wire", "iso8601")


def apply_globals(session: Session, options: argparse.Namespace) -> Connection:
    """Check the global options and apply them to the session, in the order of the AWS CLI; return the connection.

    The query is compiled in place.

    Raises:
        CommandLineError: the query or the endpoint URL is invalid.
        ValueError: a timeout is not a number.
        GeneralError: ``AWS_CLI_OUTPUT_ENCODING`` or ``cli_binary_format`` is invalid.
        ConfigurationError: ``cli_timestamp_format`` is invalid.
    """
    if options.query is not None:
        options.query = compile_query(options.query)
    _check_endpoint(options.endpoint_url)
    connection = connection_from(_with_seconds(options))
    apply_connection(session, connection)
    try:
        check_encoding(None)
    except UsageError as problem:
        raise GeneralError(problem.title, "", problem.hint) from problem
    _check_formats(session, options)
    return connection


def _check_endpoint(url: str | None) -> None:
    from urllib.parse import urlsplit

    if url is not None and not urlsplit(url).scheme:
        raise CommandLineError(
            f'Bad value for --endpoint-url "{redact_url(url)}": scheme is missing.  '
            "Must be of the form http://<hostname>/ or https://<hostname>/"
        )


def _with_seconds(options: argparse.Namespace) -> argparse.Namespace:
    """Return the options with the time limits as numbers; raises ValueError."""
    given = {name: getattr(options, name) for name in ("read_timeout", "connect_timeout")}
    numbers = {name: None if text is None else int(text) for name, text in given.items()}
    return argparse.Namespace(**{**vars(options), **numbers})


def _check_formats(session: Session, options: argparse.Namespace) -> None:
    """Check two settings that PutImage does not use, because the AWS CLI refuses wrong ones."""
    configured = profile_settings(session)
    if configured is None:
        return  # reported when the client is created
    timestamps = configured.get("cli_timestamp_format", "iso8601")
    if timestamps not in TIMESTAMP_FORMATS:
        raise ConfigurationError(
            f'Unknown cli_timestamp_format value: {timestamps}, valid values are "wire" or "iso8601"'
        )
    binary = options.cli_binary_format or configured.get("cli_binary_format", BINARY_FORMATS[0])
    if binary not in BINARY_FORMATS:
        raise GeneralError(repr(binary), "", f"Set cli_binary_format to one of {', '.join(BINARY_FORMATS)}.")
