"""The connection options, named as in the AWS CLI."""

from __future__ import annotations

import argparse

from ecrtui.cli.argument_types import seconds
from ecrtui.ecr.reference import Reference
from ecrtui.settings import Connection


def add_connection_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that select a registry and how to reach it."""
    group = parser.add_argument_group("connection")
    group.add_argument("--profile", metavar="NAME", help="AWS profile")
    group.add_argument("--region", metavar="REGION", help="AWS region; overrides environment and profile")
    group.add_argument("--registry-id", metavar="ACCOUNT", help="account of the registry (default: your own)")
    group.add_argument("--endpoint-url", metavar="URL", help="send requests to this endpoint instead of AWS")
    group.add_argument("--no-verify-ssl", dest="verify_ssl", action="store_false", help="do not verify certificates")
    group.add_argument("--ca-bundle", metavar="FILE", help="CA certificates to verify TLS with")
    group.add_argument("--no-sign-request", dest="sign_request", action="store_false", help="do not sign requests")
    group.add_argument(
        "--cli-read-timeout",
        dest="read_timeout",
        type=seconds,
        metavar="SECONDS",
        help="read timeout; 0 disables the timeout",
    )
    group.add_argument(
        "--cli-connect-timeout",
        dest="connect_timeout",
        type=seconds,
        metavar="SECONDS",
        help="connect timeout; 0 disables the timeout",
    )
    group.add_argument(
        "--debug",
        action="store_true",
        help="log requests, without secrets: commands to standard error, the application to a log file",
    )
    group.add_argument("--demo", action="store_true", help="use an embedded registry with demo data; no AWS needed")
    group.add_argument("--db", dest="database", metavar="FILE", help="use the embedded registry in this SQLite file")


def connection_from(options: argparse.Namespace, reference: Reference | None = None) -> Connection:
    """Return the connection of the parsed options. An image URI as reference sets account and region."""
    connection = Connection(**{name: getattr(options, name) for name in Connection._fields})
    if reference is None:
        return connection
    return connection._replace(
        region=connection.region or reference.region or None,
        registry_id=connection.registry_id or reference.registry_id or None,
    )
