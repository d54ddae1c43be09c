"""The connection options, with the names of the AWS CLI; one definition for every command that takes them."""

from __future__ import annotations

import argparse

from ecrtui.ecr.reference import Reference
from ecrtui.settings import Connection


def add_connection_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that tell which registry to talk to, and how."""
    group = parser.add_argument_group("connection")
    group.add_argument("--profile", metavar="NAME", help="profile of the AWS configuration")
    group.add_argument("--region", metavar="REGION", help="region; overrides configuration and environment")
    group.add_argument("--registry-id", metavar="ACCOUNT", help="account of the registry, if not the caller's own")
    group.add_argument("--endpoint-url", metavar="URL", help="talk to this endpoint instead of AWS")
    group.add_argument("--no-verify-ssl", dest="verify_ssl", action="store_false", help="do not check TLS certificates")
    group.add_argument("--ca-bundle", metavar="FILE", help="certificates to check TLS with")
    group.add_argument("--no-sign-request", dest="sign_request", action="store_false", help="send no credentials")
    group.add_argument("--cli-read-timeout", dest="read_timeout", type=int, metavar="SECONDS", help="0 is none")
    group.add_argument("--cli-connect-timeout", dest="connect_timeout", type=int, metavar="SECONDS", help="0 is none")
    group.add_argument("--debug", action="store_true", help="log requests to standard error, or to ecrtui's log file")
    group.add_argument(
        "--demo", action="store_true", help="the embedded registry with demo data; no AWS account needed"
    )
    group.add_argument("--db", dest="database", metavar="FILE", help="keep the embedded registry in this SQLite file")


def connection_from(options: argparse.Namespace, reference: Reference | None = None) -> Connection:
    """The connection that the parsed options describe; a reference that is a whole URI sets account and region."""
    connection = Connection(**{name: getattr(options, name) for name in Connection._fields})
    if reference is None:
        return connection
    return connection._replace(
        region=connection.region or reference.region or None,
        registry_id=connection.registry_id or reference.registry_id or None,
    )
