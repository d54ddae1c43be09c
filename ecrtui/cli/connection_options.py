"""The connection options, named as in the AWS CLI: one table for every command, ``put-image`` too."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ecrtui.cli.argument_types import given_text, seconds
from ecrtui.redaction import redact_url
from ecrtui.settings import Connection

if TYPE_CHECKING:
    from ecrtui.ecr.reference import Reference


class ConnectionOption(NamedTuple):
    """An option that sets a field of :class:`ecrtui.settings.Connection`.

    Args:
        name: the name without dashes.
        field: the field.
        help: what it does, without a full stop.
        metavar: the placeholder of its value in the help; empty for a switch, which inverts the default of the field.
        type: converts its value; None for a text that is not empty.
        in_aws_cli: True if ``aws ecr`` has the option and needs it to reach the same registry.
    """

    name: str
    field: str
    help: str
    metavar: str = ""
    type: Callable[[str], Any] | None = None
    in_aws_cli: bool = False

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of argparse for its name and value, without help."""
        if self.metavar:
            return {"dest": self.field}
        default = Connection._field_defaults[self.field]
        return {"dest": self.field, "action": "store_false" if default else "store_true"}


CONNECTION_OPTIONS = (
    ConnectionOption("profile", "profile", "AWS profile", "NAME", in_aws_cli=True),
    ConnectionOption("region", "region", "AWS region; overrides environment and profile", "REGION", in_aws_cli=True),
    ConnectionOption("registry-id", "registry_id", "account of the registry (default: your own)", "ACCOUNT"),
    ConnectionOption(
        "endpoint-url", "endpoint_url", "send requests to this endpoint instead of AWS", "URL", in_aws_cli=True
    ),
    ConnectionOption("no-verify-ssl", "verify_ssl", "do not verify certificates", in_aws_cli=True),
    ConnectionOption("ca-bundle", "ca_bundle", "CA certificates to verify TLS with", "FILE", in_aws_cli=True),
    ConnectionOption("no-sign-request", "sign_request", "do not sign requests", in_aws_cli=True),
    ConnectionOption("cli-read-timeout", "read_timeout", "read timeout; 0 disables the timeout", "SECONDS", seconds),
    ConnectionOption(
        "cli-connect-timeout", "connect_timeout", "connect timeout; 0 disables the timeout", "SECONDS", seconds
    ),
    ConnectionOption(
        "debug", "debug", "log requests, without secrets: commands to standard error, the application to a log file"
    ),
    ConnectionOption("demo", "demo", "use an embedded registry with demo data; no AWS needed"),
    ConnectionOption("db", "database", "use the embedded registry in this SQLite file", "FILE"),
)


def add_connection_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that select a registry and how to reach it, and ``--read-only``, so that an alias can set it."""
    group = parser.add_argument_group("connection")
    for option in CONNECTION_OPTIONS:
        value: dict[str, Any] = {"metavar": option.metavar, "type": option.type or given_text} if option.metavar else {}
        group.add_argument(f"--{option.name}", help=option.help, **option.arguments, **value)
    group.add_argument("--read-only", action="store_true", default=None, help="refuse every write")


def connection_from(options: argparse.Namespace, reference: Reference | None = None) -> Connection:
    """Return the connection of the parsed options. An image URI as reference sets account and region."""
    connection = Connection(**{name: value for name, value in vars(options).items() if name in Connection._fields})
    if reference is None:
        return connection
    return connection._replace(
        region=connection.region or reference.region or None,
        registry_id=connection.registry_id or reference.registry_id or None,
    )


def aws_cli_words(connection: Connection) -> Iterator[str]:
    """Yield the words of a connection on the command line of ``aws ecr``, to be shown: without passwords."""
    return _words(connection, (option for option in CONNECTION_OPTIONS if option.in_aws_cli))


def connection_words(options: argparse.Namespace) -> Iterator[str]:
    """Yield the words of the connection options that were given, to be shown: without passwords."""
    return _words(connection_from(options), CONNECTION_OPTIONS)


def _words(connection: Connection, shown: Iterable[ConnectionOption]) -> Iterator[str]:
    for option in shown:
        value = getattr(connection, option.field)
        if value != Connection._field_defaults[option.field]:
            yield f"--{option.name}"
            if option.metavar:
                yield redact_url(str(value))
