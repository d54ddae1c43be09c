"""The connections of an application: a session for each, which opens at its first use."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from ecrtui.catalog.cache.fingerprint import connection_fingerprint
from ecrtui.errors import EcrTuiError
from ecrtui.paths import cache_file
from ecrtui.registry.user import User
from ecrtui.settings import Connection, Settings
from ecrtui.wiring import open_registry, open_session

if TYPE_CHECKING:
    from ecrtui.catalog.cache.store import Cache
    from ecrtui.ecr.profile import ProfileList, SsoRole
    from ecrtui.emulator.service import EmbeddedRegistry
    from ecrtui.recent_connections import RecentConnection
    from ecrtui.registry.process.client import RegistryProcess, RemoteConnection
    from ecrtui.registry.protocol import Registry
    from ecrtui.registry.user import SignInMethod
    from ecrtui.session import Session
    from ecrtui.tui.app import EcrTuiApp


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

    @property
    def opened(self) -> Session | None:
        """The session; None if there is none yet. Never blocks."""
        return self._session

    def talk_through(self, app: EcrTuiApp) -> None:
        """Ask and tell the user through the screens of an application."""
        _talk_through(self.user, app, self._settings, self.connection.profile)
        self.user.on_credentials = partial(app.show_credentials, self)
        self.user.on_denial = partial(app.note_denial, self)
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
        if not self._settings.cache or self._embedded or self.connection.is_embedded:
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
        from ecrtui.registry.configuration.profiles import list_profiles

        return list_profiles()

    def sso_roles(
        self, session: str, connection: Connection, is_wanted: Callable[[], bool]
    ) -> Iterator[tuple[SsoRole, ...]]:
        """Yield the roles of an ``sso-session``, account by account. Blocks."""
        user = User()
        if self._app is not None:
            _talk_through(user, self._app, self._settings, session)
            _ask_while(user, is_wanted)
        if self._process is not None and self._process.start():
            return self._process.sso_roles(session, connection, user)
        from ecrtui.registry.sso.roles import list_roles

        return list_roles(session, connection, user)

    def regions(self, region: str) -> tuple[str, ...]:
        """Return the known AWS regions in the partition of a region."""
        from ecrtui.registry.configuration.region_names import regions_of_partition

        return regions_of_partition(region)

    def recent(self) -> tuple[RecentConnection, ...]:
        """Return the connections that the user chose, the last one first."""
        from ecrtui.recent_connections import recent_connections

        return recent_connections()

    def remember(self, connection: Connection, region: str) -> None:
        """Remember a connection of a profile, or of the environment, with the region that it uses."""
        from ecrtui.recent_connections import RecentConnection, remember_connection

        if not connection.is_embedded:
            remember_connection(RecentConnection(connection.profile or "", region))


def _talk_through(user: User, app: EcrTuiApp, settings: Settings, profile: str | None) -> None:
    """Ask and tell a user through the screens of an application."""
    # Several connections can ask at the same time.
    user.mfa_code = lambda question: app.ask_for_code(f"{profile}: {question}" if profile else question)
    user.on_waiting = app.show_waiting
    user.lend_terminal = partial(_lend_terminal, app)
    user.sign_in_method = partial(_sign_in_method, settings)
    user.sign_in = app.show_sign_in
    user.end_sign_in = app.end_sign_in
    user.on_notice = app.show_notice
    user.on_new_credentials = app.show_new_caller


def _ask_while(user: User, is_wanted: Callable[[], bool]) -> None:
    """Ask a user to sign in only as long as the result is wanted."""
    method, sign_in = user.sign_in_method, user.sign_in
    user.sign_in_method = lambda: method() if is_wanted() else None
    user.sign_in = lambda request: sign_in(request) if is_wanted() else True


def _sign_in_method(settings: Settings) -> SignInMethod:
    from ecrtui.registry.sso.method import choose_method

    return choose_method(settings.sso_login, os.environ)


def _lend_terminal(app: EcrTuiApp, command: str, profile: str, problem: str) -> dict[str, Any] | None:
    """Offer to run a command of ``credential_process`` on the terminal; see :class:`ecrtui.registry.user.User`."""
    from ecrtui.registry.credentials.credential_process import run_credential_process

    work = partial(run_credential_process, command, profile, app.show_waiting, on_terminal=True)
    return app.lend_terminal(f"credential_process of profile {profile} may have a question for you", problem, work)
