"""The composition root: it opens registries, sessions and engines from the concrete classes of all layers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecrtui.ecr.location import EMBEDDED
from ecrtui.paths import cache_file
from ecrtui.registry.process.rpc import COPY_BLOBS, STOP_COPYING
from ecrtui.settings import Connection, Settings

if TYPE_CHECKING:
    from ecrtui.catalog.cache.store import Cache
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.emulator.database import Database
    from ecrtui.emulator.service import EmbeddedRegistry
    from ecrtui.promote.apply import BlobCopier
    from ecrtui.registry.client import Clients, InProcessTransport
    from ecrtui.registry.diagnosis import Diagnosis
    from ecrtui.registry.gateway import EcrRegistry
    from ecrtui.registry.process.server import RegistryOf
    from ecrtui.registry.protocol import Registry
    from ecrtui.registry.user import User
    from ecrtui.retag.engine import Engine
    from ecrtui.session import Session


_AS_CONFIGURED = Connection()


def open_registry(
    connection: Connection,
    *,
    embedded: EmbeddedRegistry | None = None,
    user: User | None = None,
    caller_account: str = "",
) -> EcrRegistry:
    """Return the registry of a connection: AWS, another endpoint, or the embedded registry in this process.

    Nothing is sent. Errors of credentials or the network come from the first call. This imports boto3, so do not call
    it on the UI thread.

    Args:
        connection: the user's options. ``demo`` and ``database`` select the embedded registry.
        embedded: an embedded registry to use instead of one that is opened from the options.
        user: how to ask and to tell the user; None if there is no user.
        caller_account: the account of the caller if it is known from before; other credentials are refused then.

    Raises:
        EcrTuiError: the database of the embedded registry cannot be opened.
    """
    from ecrtui.registry.gateway import EcrRegistry

    clients = _open_clients(connection, embedded=embedded, user=user, caller_account=caller_account)
    return EcrRegistry(clients, connection.registry_id)


def open_diagnosis(connection: Connection, *, embedded: EmbeddedRegistry | None = None) -> Diagnosis:
    """Return what looks at a connection. It sends nothing and does not ask for an MFA code.

    Args:
        connection: the user's options.
        embedded: an embedded registry to use instead of one from the options; for tests.

    Raises:
        EcrTuiError: the database of the embedded registry cannot be opened.
    """
    from ecrtui.registry.diagnosis import Diagnosis

    return Diagnosis(_open_clients(connection, embedded=embedded), connection)


def _open_clients(
    connection: Connection,
    *,
    embedded: EmbeddedRegistry | None = None,
    user: User | None = None,
    caller_account: str = "",
) -> Clients:
    from ecrtui.registry.client import Clients

    if embedded is None and connection.is_embedded:
        embedded = open_embedded(connection)
    in_process = _in_process(embedded, connection.database) if embedded else None
    return Clients(connection, in_process=in_process, user=user, caller_account=caller_account)


def open_embedded(connection: Connection) -> EmbeddedRegistry:
    """Return the embedded registry of a connection, in a file or in memory, with the demo data if it has ``demo``.

    Only the demo creates the file. Without it, a missing file would be an empty registry, as after a typing mistake.

    Raises:
        UsageError: the file does not exist, or cannot be used.
    """
    import sqlite3
    import time

    from ecrtui.emulator import uploads
    from ecrtui.emulator.database_file import failure_text, open_database
    from ecrtui.emulator.errors import DatabaseRefusedError
    from ecrtui.emulator.service import REGION, EmbeddedRegistry
    from ecrtui.errors import UsageError

    region = connection.region or REGION
    try:
        database = open_database(connection.database, create=connection.demo)
        if connection.demo:
            from ecrtui.emulator.demo import load_demo

            load_demo(database, region=region)
        uploads.remove_expired(database, now=time.time())
    except DatabaseRefusedError as problem:
        hint = "Give another file with --db, or create one with ecrtui local import, seed or serve."
        raise UsageError("Could not open the registry file", str(problem), hint) from problem
    except sqlite3.Error as problem:
        raise UsageError("Could not write the registry file", failure_text(problem)) from problem
    return EmbeddedRegistry(database, region=region)


def _in_process(embedded: EmbeddedRegistry, file: str | None) -> InProcessTransport:
    from ecrtui.emulator import sts
    from ecrtui.emulator.in_process_transport import attach, send
    from ecrtui.registry.client import InProcessTransport

    return InProcessTransport(
        attach=partial(attach, embedded=embedded),
        send=partial(send, embedded),
        identity=sts.caller_arn(embedded.registry_id, embedded.region),
        region=embedded.region,
        endpoint=f"{EMBEDDED} {Path(file).resolve()}" if file else EMBEDDED,
    )


def serve_registry(descriptor: int) -> None:
    """Run the registry process: handle the calls that arrive at this socket until its other end is closed."""
    import socket
    from weakref import WeakSet

    from ecrtui.registry import gateway  # loads boto3 while the other process draws its first frame
    from ecrtui.registry.process.server import serve

    databases: WeakSet[Database] = WeakSet()

    def open_with_log(connection: Connection, caller_account: str, user: User) -> gateway.EcrRegistry:
        log_to_file(connection)
        embedded = open_embedded(connection) if connection.is_embedded else None
        if embedded is not None:
            databases.add(embedded.database)
        return open_registry(connection, embedded=embedded, user=user, caller_account=caller_account)

    def close_databases() -> None:
        for database in list(databases):
            database.close()

    link = socket.socket(fileno=descriptor)
    serve(link, open_with_log, {COPY_BLOBS: _copy_blobs, STOP_COPYING: _stop_copying}, close_databases)


def _copy_blobs(registry_of: RegistryOf, *arguments: Any) -> Iterator[Any]:
    from ecrtui.paths import journal_file
    from ecrtui.promote.copy_calls import serve_copy
    from ecrtui.retag.journal.journal import Journal
    from ecrtui.retag.journal.transfers import TransferRecords

    def records_of(location: RegistryLocation) -> TransferRecords:
        return TransferRecords(Journal(None if location.endpoint == EMBEDDED else journal_file()), location)

    return serve_copy(registry_of, records_of, *arguments)


def _stop_copying(_: RegistryOf, __: int, token: str) -> Iterator[None]:
    from ecrtui.promote.copy_calls import stop_copy

    stop_copy(token)
    yield None


def open_copier(source: Registry, target: Registry) -> AbstractContextManager[BlobCopier]:
    """Return what copies blobs between the registries of two sessions, outside of the process that draws.

    The context starts a process for it if the registries are in the registry process, and ends it.
    """
    from ecrtui.promote.remote import remote_copier
    from ecrtui.promote.transfer import copy_blobs
    from ecrtui.registry.gateway import EcrRegistry
    from ecrtui.registry.process.client import RemoteRegistry

    if isinstance(source, RemoteRegistry) and isinstance(target, RemoteRegistry):
        return remote_copier(source, target)
    if isinstance(source, EcrRegistry) and isinstance(target, EcrRegistry):
        return nullcontext(partial(copy_blobs, source, target))
    raise TypeError("the registries are in different processes")


def account_settings(registry: Registry, settings: Settings, connection: Connection) -> Settings:
    """Return the settings for the account of a registry, by its id, the profile, and the alias if one can matter.

    An alias needs a request, and a permission that few callers have. An alias that is not known matches no pattern.

    Raises:
        EcrTuiError: the account is not known.
    """
    alias = registry.account_alias() if settings.accounts_by_name else None
    return settings.for_account(registry.location().registry_id, alias or "", connection.used_profile(os.environ))


def open_session(
    registry: Registry,
    settings: Settings,
    on_cache_problem: Callable[[str], None] = lambda _: None,
    connection: Connection = _AS_CONFIGURED,
) -> Session:
    """Return what the screens work with, on one registry.

    Args:
        registry: the registry.
        settings: the settings before the account is known.
        on_cache_problem: gets the reason when nothing can be stored on disk any more. Any thread can call it.
        connection: the options that lead to the registry.

    Raises:
        EcrTuiError: the registry cannot be reached, or does not accept the caller.
    """
    from ecrtui.catalog.catalog import Catalog
    from ecrtui.session import Session

    location = registry.location()
    own = account_settings(registry, settings, connection)
    return Session(
        location,
        own,
        registry,
        Catalog(registry, open_cache(location, own, on_cache_problem)),
        lambda: open_engine(registry, own),
        lambda other: open_session(registry.of_account(other), settings, on_cache_problem, connection),
        open_copier,
    )


def open_cache(location: RegistryLocation, settings: Settings, on_problem: Callable[[str], None]) -> Cache | None:
    """Return the cache on disk; None if the settings switch it off or the registry is embedded in this process."""
    from ecrtui.catalog.cache.store import Cache

    if not settings.cache or location.is_embedded:
        return None
    return Cache(cache_file(), location, on_problem=on_problem)


def log_to_file(connection: Connection) -> None:
    """Send the logs of all libraries to the log file with ``--debug``, and nowhere without it.

    Raises:
        UsageError: the log file cannot be written.
    """
    from ecrtui.errors import UsageError
    from ecrtui.paths import log_file
    from ecrtui.private_files import describe
    from ecrtui.registry.logs import log_to

    try:
        log_to(log_file() if connection.debug else None, debug=connection.debug)
    except OSError as problem:
        raise UsageError(
            "Could not write the log file", describe(problem, log_file()), "Start without --debug."
        ) from None


def open_engine(registry: Registry, settings: Settings) -> Engine:
    """Return the engine with the user's journal. The journal of a registry in memory is in memory too.

    Nothing is opened or created before the first write.

    Raises:
        EcrTuiError: the location of the registry is unknown.
    """
    from ecrtui.paths import journal_file
    from ecrtui.retag.engine import Engine
    from ecrtui.retag.journal.journal import Journal

    in_memory = registry.location().endpoint == EMBEDDED
    return Engine(registry, Journal(None if in_memory else journal_file()), settings)
