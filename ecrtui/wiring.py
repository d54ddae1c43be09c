"""The composition root: the only module that knows the concrete classes of all layers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecrtui.catalog.cache.fingerprint import connection_fingerprint
from ecrtui.ecr.location import EMBEDDED
from ecrtui.errors import EcrTuiError
from ecrtui.paths import cache_file
from ecrtui.registry.process.rpc import CARRY, STOP_CARRYING
from ecrtui.registry.user import User
from ecrtui.settings import Connection, Settings

if TYPE_CHECKING:
    from ecrtui.catalog.cache.store import Cache
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.ecr.profile import ProfileList
    from ecrtui.ecr.reference import Reference
    from ecrtui.emulator.service import EmbeddedRegistry
    from ecrtui.promote.apply import Carrier
    from ecrtui.recent_connections import RecentConnection
    from ecrtui.registry.client import Clients, InProcessTransport
    from ecrtui.registry.diagnosis import Diagnosis
    from ecrtui.registry.gateway import EcrRegistry
    from ecrtui.registry.process.client import RegistryProcess, RemoteConnection
    from ecrtui.registry.process.launch import LaunchedProcess
    from ecrtui.registry.process.server import RegistryOf
    from ecrtui.registry.protocol import Registry
    from ecrtui.registry.user import SignInMethod
    from ecrtui.retag.engine import Engine
    from ecrtui.session import Connections, Session, SessionSource
    from ecrtui.tui.app import EcrTuiApp
    from ecrtui.tui.messages import PutImageDraft
    from ecrtui.tui.put_image_app import PutImageFormResult


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
        embedded: an embedded registry to use instead of one from the options; for tests.
        user: how to ask and to tell the user; None if there is no user.
        caller_account: the account of the caller if it is known from before; other credentials are refused then.

    Raises:
        EcrTuiError: the database of the embedded registry cannot be opened.
    """
    from ecrtui.registry.gateway import EcrRegistry

    clients = _open_clients(connection, embedded=embedded, user=user, caller_account=caller_account)
    return EcrRegistry(clients, connection.registry_id)


def open_diagnosis(connection: Connection, *, embedded: EmbeddedRegistry | None = None) -> Diagnosis:
    """Return what looks at a connection. Nothing is sent, and nobody is asked for an MFA code.

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

    if embedded is None and (connection.demo or connection.database is not None):
        embedded = open_embedded(connection)
    in_process = _in_process(embedded, connection.database) if embedded else None
    return Clients(connection, in_process=in_process, user=user, caller_account=caller_account)


def open_embedded(connection: Connection) -> EmbeddedRegistry:
    """Return the embedded registry of a connection, in a file or in memory, with the demo data if it has ``demo``.

    Raises:
        UsageError: the file cannot be used.
    """
    import sqlite3
    import time

    from ecrtui.emulator import uploads
    from ecrtui.emulator.database import failure_text, open_database
    from ecrtui.emulator.errors import DatabaseRefusedError
    from ecrtui.emulator.service import REGION, EmbeddedRegistry
    from ecrtui.errors import UsageError

    region = connection.region or REGION
    try:
        database = open_database(connection.database)
        if connection.demo:
            from ecrtui.emulator.demo import load_demo

            load_demo(database, region=region)
        uploads.remove_expired(database, now=time.time())
    except DatabaseRefusedError as problem:
        raise UsageError("Could not open the registry file", str(problem), "Give another file with --db.") from problem
    except sqlite3.Error as problem:
        raise UsageError("Could not write the registry file", failure_text(problem)) from problem
    return EmbeddedRegistry(database, region=region)


def _in_process(embedded: EmbeddedRegistry, file: str | None) -> InProcessTransport:
    from ecrtui.emulator import sts
    from ecrtui.emulator.in_process_transport import attach, get
    from ecrtui.registry.client import InProcessTransport

    return InProcessTransport(
        attach=partial(attach, embedded=embedded),
        get=partial(get, embedded),
        identity=sts.caller_arn(embedded.registry_id, embedded.region),
        region=embedded.region,
        endpoint=f"{EMBEDDED} {Path(file).resolve()}" if file else EMBEDDED,
    )


def serve_registry(descriptor: int) -> None:
    """Run the registry process: handle the calls that arrive at this socket until its other end is closed."""
    import socket

    from ecrtui.registry import gateway  # loads boto3 while the other process draws its first frame
    from ecrtui.registry.process.server import serve

    def open_with_log(connection: Connection, caller_account: str, user: User) -> gateway.EcrRegistry:
        log_to_file(connection)
        return open_registry(connection, user=user, caller_account=caller_account)

    serve(socket.socket(fileno=descriptor), open_with_log, {CARRY: _carry, STOP_CARRYING: _stop_carrying})


def _carry(registry_of: RegistryOf, *arguments: Any) -> Iterator[Any]:
    from ecrtui.paths import journal_file
    from ecrtui.promote.carrier import carry
    from ecrtui.retag.journal.journal import Journal
    from ecrtui.retag.journal.transfers import TransferRecords

    def records_of(location: RegistryLocation) -> TransferRecords:
        return TransferRecords(Journal(None if location.endpoint == EMBEDDED else journal_file()), location)

    return carry(registry_of, records_of, *arguments)


def _stop_carrying(_: RegistryOf, __: int, token: str) -> Iterator[None]:
    from ecrtui.promote.carrier import stop

    stop(token)
    yield None


def open_carrier(source: Registry, target: Registry) -> AbstractContextManager[Carrier]:
    """Return what copies blobs between the registries of two sessions, outside of the process that draws.

    The context starts a process for it if the registries are in the registry process, and ends it.
    """
    from ecrtui.promote.remote import remote_carrier
    from ecrtui.promote.transfer import copy_blobs
    from ecrtui.registry.gateway import EcrRegistry
    from ecrtui.registry.process.client import RemoteRegistry

    if isinstance(source, RemoteRegistry) and isinstance(target, RemoteRegistry):
        return remote_carrier(source, target)
    if isinstance(source, EcrRegistry) and isinstance(target, EcrRegistry):
        return nullcontext(partial(copy_blobs, source, target))
    raise TypeError("the registries are in different processes")


class SessionFactory:
    """Opens the session of a connection at the first call, and returns the same one afterwards. Thread-safe.

    A call after a failure tries again, so that a retry after signing in works.

    Args:
        connection: the user's options.
        settings: the settings before the account is known.
        embedded: an embedded registry to use instead of one from the options; for tests.
        remote: the connection in the registry process; None to use the registry in this process. The process is
            started if it does not run.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        *,
        embedded: EmbeddedRegistry | None = None,
        remote: RemoteConnection | None = None,
    ) -> None:
        self.connection = connection
        self._settings = settings
        self._embedded = embedded
        self._remote = remote
        self.user = User() if remote is None else remote.user
        self.on_notice: Callable[[str], None] = lambda _: None
        """Tells the user what is wrong without stopping the work."""
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._failures: list[EcrTuiError] = []
        self._cache_problem = ""

    def talk_through(self, app: EcrTuiApp) -> None:
        """Ask and tell the user through the screens of an application."""
        profile = self.connection.profile  # several connections can ask at the same time
        self.user.mfa_code = lambda question: app.ask_for_code(f"{profile}: {question}" if profile else question)
        self.user.on_waiting = app.show_waiting
        self.user.lend_terminal = partial(_lend_terminal, app)
        self.user.sign_in_method = partial(_sign_in_method, self._settings)
        self.user.sign_in = app.show_sign_in
        self.user.end_sign_in = app.end_sign_in
        self.user.on_notice = app.show_notice
        self.user.on_new_credentials = app.show_new_caller
        self.on_notice = app.show_notice

    def __call__(self) -> Session:
        """Return the session. Block until it is open; raise EcrTuiError if it cannot be opened.

        Calls that wait while another one fails, fail with it: the user is asked to sign in once, not once for each.
        """
        failures = len(self._failures)
        with self._lock:
            if self._session is None:
                if len(self._failures) > failures:
                    raise self._failures[-1]
                try:
                    self._session = open_session(
                        self._registry(), self._settings, self._tell_cache_problem, self.connection
                    )
                except EcrTuiError as error:
                    self._failures.append(error)
                    raise
                self._session.catalog.remember_connection(connection_fingerprint(self.connection))
            return self._session

    def _tell_cache_problem(self, problem: str) -> None:
        """Tell the user once that lists are not kept on disk. The sessions of other accounts have the same file."""
        if not self._cache_problem:
            self._cache_problem = problem
            self.on_notice(f"Lists are not kept on disk. {problem}")

    def _registry(self) -> Registry:
        if self._remote is None or not self._remote.process.start():
            return open_registry(self.connection, embedded=self._embedded, user=self.user)
        from ecrtui.registry.process.client import RemoteRegistry

        return RemoteRegistry(self._remote, self.connection.registry_id or "")

    def close(self) -> None:
        """Let the registry process forget the connection. The session cannot be used afterwards."""
        if self._remote is not None:
            self._remote.close()

    def cached_snapshot(self) -> Cache | None:
        """Return the cached data for this connection, without network access; None if there is none."""
        if not self._settings.cache or self._embedded or self.connection.demo or self.connection.database:
            return None
        if not os.path.exists(cache_file()):  # noqa: PTH110 - Path.exists raises without permission for the folder
            return None
        from ecrtui.catalog.cache.store import Cache  # it loads SQLite, and the first frame waits for every import

        return Cache.for_fingerprint(cache_file(), connection_fingerprint(self.connection))


class ProcessConnections:
    """What the user can connect to: all connections share one registry process.

    Args:
        settings: the settings before the account is known.
        process: the registry process; None to use the registries in this process.
    """

    def __init__(self, settings: Settings, process: RegistryProcess | None = None) -> None:
        self._settings = settings
        self._process = process
        self._app: EcrTuiApp | None = None

    def talk_through(self, app: EcrTuiApp) -> None:
        """Let new connections ask and tell the user through the screens of an application."""
        self._app = app

    def open(self, connection: Connection) -> SessionFactory:
        """Return the source of a session over another connection. Nothing is sent before its first call."""
        remote = self._process.open(connection) if self._process is not None else None
        factory = SessionFactory(connection, self._settings, remote=remote)
        if self._app is not None:
            factory.talk_through(self._app)
        return factory

    def profiles(self) -> ProfileList:
        """Return the profiles of the AWS configuration."""
        if self._process is not None and self._process.start():
            return self._process.profiles()
        from ecrtui.registry.profiles import list_profiles

        return list_profiles()

    def regions(self, region: str) -> tuple[str, ...]:
        """Return the known AWS regions in the partition of a region."""
        from ecrtui.registry.region_names import regions_of_partition

        return regions_of_partition(region)

    def recent(self) -> tuple[RecentConnection, ...]:
        """Return the connections that the user chose, the last one first."""
        from ecrtui.recent_connections import recent_connections

        return recent_connections()

    def remember(self, connection: Connection, region: str) -> None:
        """Remember a connection of a profile, or of the environment, with the region that it uses."""
        from ecrtui.recent_connections import RecentConnection, remember_connection

        if not connection.demo and connection.database is None:
            remember_connection(RecentConnection(connection.profile or "", region))


def _sign_in_method(settings: Settings) -> SignInMethod:
    from ecrtui.registry.sso.method import choose_method

    return choose_method(settings.sso_login, os.environ)


def _lend_terminal(app: EcrTuiApp, command: str, profile: str, problem: str) -> dict[str, Any] | None:
    """Offer to run a command of ``credential_process`` on the terminal; see :class:`ecrtui.registry.user.User`."""
    from ecrtui.registry.credential_process import run_credential_process

    work = partial(run_credential_process, command, profile, app.show_waiting, on_terminal=True)
    return app.lend_terminal(f"credential_process of profile {profile} may have a question for you", problem, work)


def account_settings(registry: Registry, settings: Settings, connection: Connection) -> Settings:
    """Return the settings for the account of a registry, by its id, the profile, and the alias if one can matter.

    An alias needs a request, and a permission that few callers have. An alias that is not known matches no pattern.

    Raises:
        EcrTuiError: the account is not known.
    """
    alias = registry.account_alias() if settings.accounts_by_name else ""
    return settings.for_account(registry.location().registry_id, alias, connection.used_profile(os.environ))


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
        open_carrier,
    )


def open_cache(location: RegistryLocation, settings: Settings, on_problem: Callable[[str], None]) -> Cache | None:
    """Return the cache on disk; None if the settings switch it off or the registry is embedded in this process."""
    from ecrtui.catalog.cache.store import Cache

    if not settings.cache or location.endpoint.startswith(EMBEDDED):
        return None
    return Cache(cache_file(), location, on_problem=on_problem)


def create_app(
    connect: SessionSource,
    settings: Settings,
    start: Reference,
    *,
    demo: bool = False,
    connections: Connections | None = None,
) -> EcrTuiApp:
    """Return the application on a connection. Without other connections, the user cannot choose another one."""
    from ecrtui.tui.app import EcrTuiApp

    return EcrTuiApp(connect, settings, start, demo=demo, connections=connections)


def run_application(
    connection: Connection, start: Reference, flags: Mapping[str, Any], launched: LaunchedProcess | None = None
) -> int:
    """Run the application until the user quits; return the exit code.

    Args:
        connection: the user's options.
        start: the repository, image or list to open first.
        flags: settings from the command line.
        launched: the registry process; None to start it after the first frame.
    """
    from ecrtui.settings import load
    from ecrtui.tui.last_writes import finish_writes

    settings = load(flags)
    log_to_file(connection)
    process = registry_process(launched)
    connections = ProcessConnections(settings, process)
    session_factory = connections.open(connection)
    app = create_app(session_factory, settings, start, demo=connection.demo, connections=connections)
    session_factory.talk_through(app)
    connections.talk_through(app)
    try:
        app.run(mouse=settings.mouse)
    finally:
        finish_writes()
        process.close()
    return app.return_code or 0


def registry_process(launched: LaunchedProcess | None) -> RegistryProcess:
    """Return the client of a registry process: of the launched one, or of one that the first call starts."""
    from ecrtui.registry.process.client import RegistryProcess

    return RegistryProcess(launched)


def fill_in_put_image(connection: Connection, draft: PutImageDraft) -> PutImageFormResult:
    """Run only the Put image form, until an image is put or the user quits.

    Raises:
        SettingsError: the settings are not valid.
        UsageError: the log file cannot be written.
    """
    from ecrtui.settings import load
    from ecrtui.tui.last_writes import finish_writes
    from ecrtui.tui.put_image_app import PutImageApp

    settings = load({})
    log_to_file(connection)
    session_factory = SessionFactory(connection, settings)
    app = PutImageApp(session_factory, settings, draft)
    session_factory.talk_through(app)
    try:
        return app.fill_in()
    finally:
        finish_writes()


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
