"""The composition root: the only module that names concrete classes of every layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ecrtui.settings import Connection

if TYPE_CHECKING:
    from ecrtui.local.service import EmbeddedRegistry
    from ecrtui.registry.client import InProcess
    from ecrtui.registry.protocol import Registry


def open_registry(
    connection: Connection,
    *,
    embedded: EmbeddedRegistry | None = None,
    mfa_code: Callable[[str], str] | None = None,
) -> Registry:
    """The registry that the user's options describe: AWS, another endpoint, or the embedded one in this process.

    Nothing is asked of it yet: what is wrong with credentials or the network is told by the first call. botocore is
    imported here, so call it off the UI thread.

    Args:
        connection: the options. ``demo`` and ``database`` lead to the embedded registry.
        embedded: the embedded registry to use in place of one made from the options; for tests, with its faults.
        mfa_code: asks the user for the code of an MFA device; see :class:`ecrtui.registry.client.Clients`.

    Raises:
        EcrTuiError: the database of the embedded registry cannot be opened.
    """
    from ecrtui.registry.client import Clients
    from ecrtui.registry.gateway import EcrRegistry

    if embedded is None and (connection.demo or connection.database):
        embedded = open_embedded(connection)
    in_process = _in_process(embedded) if embedded else None
    return EcrRegistry(Clients(connection, in_process=in_process, mfa_code=mfa_code), connection.registry_id)


def open_embedded(connection: Connection) -> EmbeddedRegistry:
    """The embedded registry that the options describe: in a file or in memory, with the demo data if asked for.

    Raises:
        UsageError: the file cannot be used.
    """
    from ecrtui.errors import UsageError
    from ecrtui.local.database import DatabaseRefusedError, open_database
    from ecrtui.local.service import EmbeddedRegistry

    try:
        database = open_database(connection.database)
        if connection.demo:
            from ecrtui.local.demo import load_demo

            load_demo(database)
    except DatabaseRefusedError as problem:
        raise UsageError(
            f"{connection.database} cannot be used as a registry", str(problem), "Name another file with --db."
        ) from problem
    return EmbeddedRegistry(database)


def _in_process(embedded: EmbeddedRegistry) -> InProcess:
    from ecrtui.local import sts
    from ecrtui.local.inprocess import attach
    from ecrtui.registry.client import InProcess

    return InProcess(
        attach=partial(attach, embedded=embedded),
        download=embedded.download,
        identity=sts.caller_arn(embedded.registry_id),
        region=embedded.region,
    )
