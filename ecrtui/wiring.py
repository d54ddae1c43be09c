"""The composition root: the only module that names concrete classes of every layer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecrtui.catalog.cache.fingerprint import connection_fingerprint
from ecrtui.ecr.location import EMBEDDED
from ecrtui.paths import cache_file
from ecrtui.settings import Connection, Settings

if TYPE_CHECKING:
    from ecrtui.catalog.cache.store import Cache
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.ecr.reference import Reference
    from ecrtui.emulator.service import EmbeddedRegistry
    from ecrtui.registry.client import InProcessTransport
    from ecrtui.registry.gateway import EcrRegistry
    from ecrtui.registry.process.client import RegistryProcess
    from ecrtui.registry.process.launch import LaunchedProcess
    from ecrtui.registry.protocol import Registry
    from ecrtui.retag.engine import Engine
    from ecrtui.session import Session, SessionSource
    from ecrtui.tui.app import EcrTuiApp
    from ecrtui.tui.messages import PutImageDraft
    from ecrtui.tui.put_image_app import PutImageFormResult


def open_registry(
    connection: Connection,
    *,
    embedded: EmbeddedRegistry | None = None,
    mfa_code: Callable[[str], str] | None = None,
) -> EcrRegistry:
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
    in_process = _in_process(embedded, connection.database) if embedded else None
    return EcrRegistry(Clients(connection, in_process=in_process, mfa_code=mfa_code), connection.registry_id)


def open_embedded(connection: Connection) -> EmbeddedRegistry:
    """The embedded registry that the options describe: in a file or in memory, with the demo data if asked for.

    Raises:
        UsageError: the file cannot be used.
    """
    from ecrtui.emulator.database import open_database
    from ecrtui.emulator.errors import DatabaseRefusedError
    from ecrtui.emulator.service import REGION, EmbeddedRegistry
    from ecrtui.errors import UsageError

    region = connection.region or REGION
    try:
        database = open_database(connection.database)
        if connection.demo:
            from ecrtui.emulator.demo import load_demo

            load_demo(database, region=region)
    except DatabaseRefusedError as problem:
        raise UsageError(
            f"{connection.database} cannot be used as a registry", str(problem), "Name another file with --db."
        ) from problem
    return EmbeddedRegistry(database, region=region)


def _in_process(embedded: EmbeddedRegistry, file: str | None) -> InProcessTransport:
    from ecrtui.emulator import sts
    from ecrtui.emulator.in_process_transport import attach
    from ecrtui.registry.client import InProcessTransport

    return InProcessTransport(
        attach=partial(attach, embedded=embedded),
        download=partial(_download, embedded),
        identity=sts.caller_arn(embedded.registry_id),
        region=embedded.region,
        endpoint=f"{EMBEDDED} {Path(file).resolve()}" if file else EMBEDDED,
    )


def _download(embedded: EmbeddedRegistry, url: str) -> bytes:
    from ecrtui.emulator.layer_downloads import DownloadError
    from ecrtui.errors import ConnectionFailed

    try:
        return embedded.download(url)
    except DownloadError as problem:
        raise ConnectionFailed("The blob cannot be downloaded", str(problem), "Try again.", retryable=True) from problem


def serve_registry(descriptor: int) -> None:
    """What the registry's process runs: it answers what comes in over this socket, until the other end is closed."""
    import socket

    from ecrtui.registry import gateway  # botocore is loaded while the other process is busy with its first frame
    from ecrtui.registry.process.server import serve

    def opened(connection: Connection, mfa_code: Callable[[str], str]) -> gateway.EcrRegistry:
        log_to_file(connection)
        return open_registry(connection, mfa_code=mfa_code)

    serve(socket.socket(fileno=descriptor), opened)


class SessionFactory:
    """Opens the session when it is first asked for, and gives the same one from then on; safe between threads.

    While it cannot be opened every call tries again, so that a retry after signing in works.

    Args:
        connection: the user's options.
        settings: the settings in force before the account is known.
        embedded: the embedded registry to use in place of one made from the options; for tests, with its faults.
        process: the process that talks to the registry; None to do it in this one.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        *,
        embedded: EmbeddedRegistry | None = None,
        process: RegistryProcess | None = None,
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._embedded = embedded
        self._process = process
        self.mfa_code: Callable[[str], str] | None = None
        """Asks the user for the code of an MFA device, where somebody can be asked."""
        self._lock = threading.Lock()
        self._session: Session | None = None

    def __call__(self) -> Session:
        """The session; blocks while it is opened, and raises EcrTuiError while it cannot be."""
        with self._lock:
            if self._session is None:
                self._session = open_session(self._registry(), self._settings)
                if cache := open_cache(self._session.location, self._session.settings):
                    cache.remember_connection(connection_fingerprint(self._connection))
            return self._session

    def _registry(self) -> Registry:
        if self._process is None:
            return open_registry(self._connection, embedded=self._embedded, mfa_code=self.mfa_code)
        from ecrtui.registry.process.client import RemoteRegistry

        self._process.mfa_code = self.mfa_code
        return RemoteRegistry(self._process, self._connection.registry_id or "")

    def cached_snapshot(self) -> Cache | None:
        """What was seen the last time that these options were given; asks nobody."""
        if not self._settings.cache or self._embedded or self._connection.demo or self._connection.database:
            return None
        if not cache_file().exists():
            return None
        from ecrtui.catalog.cache.store import Cache

        return Cache.for_fingerprint(cache_file(), connection_fingerprint(self._connection))


def open_session(registry: Registry, settings: Settings) -> Session:
    """Everything that a place of the application works with, on one registry.

    Raises:
        EcrTuiError: the registry cannot be reached, or who the caller is was not accepted.
    """
    from ecrtui.catalog.catalog import Catalog
    from ecrtui.session import Session

    where = registry.location()
    own = settings.for_account(where.registry_id)
    return Session(
        where,
        own,
        registry,
        Catalog(registry, open_cache(where, own)),
        lambda: open_engine(registry, own),
        lambda other: open_session(registry.of_account(other), settings),
    )


def open_cache(location: RegistryLocation, settings: Settings) -> Cache | None:
    """The cache on disk; None if it is switched off, or the registry is in memory and gone with the process."""
    from ecrtui.catalog.cache.store import Cache

    return Cache(cache_file(), location) if settings.cache and not location.endpoint.startswith(EMBEDDED) else None


def application(connect: SessionSource, settings: Settings, start: Reference, *, demo: bool = False) -> EcrTuiApp:
    """The application on this connection."""
    from ecrtui.tui.app import EcrTuiApp

    return EcrTuiApp(connect, settings, start, demo=demo)


def run_application(
    connection: Connection, start: Reference, flags: Mapping[str, Any], launched: LaunchedProcess | None = None
) -> int:
    """Open the application and stay in it until the user leaves; the exit code.

    Args:
        connection: the user's options.
        start: the place to land on.
        flags: settings that were given on the command line.
        launched: the registry's process; None to talk to the registry in this one.
    """
    from ecrtui.settings import load

    settings = load(flags)
    log_to_file(connection)
    process = registry_process(connection, launched) if launched else None
    connector = SessionFactory(connection, settings, process=process)
    app = application(connector, settings, start, demo=connection.demo)
    connector.mfa_code = app.ask_for_code
    try:
        app.run()
    finally:
        if process is not None:
            process.close()
    return app.return_code or 0


def registry_process(connection: Connection, launched: LaunchedProcess) -> RegistryProcess:
    """The process that was launched, told of the connection."""
    from ecrtui.registry.process.client import RegistryProcess

    return RegistryProcess(connection, launched)


def fill_in_put_image(connection: Connection, draft: PutImageDraft) -> PutImageFormResult:
    """Open the Put image form alone and stay in it until an image is put or the user leaves.

    Raises:
        SettingsError: the settings cannot be used.
        UsageError: the log file cannot be written.
    """
    from ecrtui.settings import load
    from ecrtui.tui.put_image_app import PutImageApp

    settings = load({})
    log_to_file(connection)
    connector = SessionFactory(connection, settings)
    app = PutImageApp(connector, settings, draft)
    connector.mfa_code = app.ask_for_code
    return app.fill_in()


def log_to_file(connection: Connection) -> None:
    """Keep what libraries log off the terminal: into ecrtui's log file with ``--debug``, else nowhere.

    Raises:
        UsageError: the log file cannot be written.
    """
    from ecrtui.errors import UsageError
    from ecrtui.paths import log_file
    from ecrtui.registry.redaction import log_to

    try:
        log_to(log_file() if connection.debug else None, debug=connection.debug)
    except OSError as problem:
        raise UsageError("The log file cannot be written", str(problem), "Start without --debug.") from problem


def open_engine(registry: Registry, settings: Settings) -> Engine:
    """The engine, with the user's journal; a registry in memory has its journal in memory too.

    Nothing is opened or created before the first write.

    Raises:
        EcrTuiError: which registry it is could not be found out.
    """
    from ecrtui.paths import journal_file
    from ecrtui.retag.engine import Engine
    from ecrtui.retag.journal.journal import Journal

    in_memory = registry.location().endpoint == EMBEDDED
    return Engine(registry, Journal(None if in_memory else journal_file()), settings)
