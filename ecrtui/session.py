"""A session: the connection to one registry, with its catalog for reads and its engine for writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from ecrtui.ecr.location import RegistryLocation
from ecrtui.settings import Connection, Settings

if TYPE_CHECKING:
    from ecrtui.catalog.cache.store import Cache
    from ecrtui.catalog.catalog import Catalog
    from ecrtui.ecr.profile import ProfileList, SsoRole
    from ecrtui.promote.apply import BlobCopier
    from ecrtui.recent_connections import RecentConnection
    from ecrtui.registry.protocol import Registry
    from ecrtui.retag.engine import Engine


class Session:
    """An open connection to a registry.

    Args:
        location: the registry.
        settings: the settings for this account.
        registry: calls ECR.
        catalog: reads lists.
        make_engine: creates the engine that writes.
        for_account: opens the registry of another account over the same connection. Blocks; raises EcrTuiError.
        open_copier: opens what copies blobs from one registry to another, outside of the process that draws. Blocks.
    """

    def __init__(
        self,
        location: RegistryLocation,
        settings: Settings,
        registry: Registry,
        catalog: Catalog,
        make_engine: Callable[[], Engine],
        for_account: Callable[[str], Session],
        open_copier: Callable[[Registry, Registry], AbstractContextManager[BlobCopier]],
    ) -> None:
        self.location = location
        self.settings = settings
        self.registry = registry
        self.catalog = catalog
        self.for_account = for_account
        self.open_copier = open_copier
        self._make_engine = make_engine
        self._engine_lock = Lock()

    @property
    def engine(self) -> Engine:
        """The engine that writes. It is created on first use, so that the first rows do not wait for it."""
        with self._engine_lock:  # each engine has its own unlocked time, so there must be only one
            return self._engine

    @cached_property
    def _engine(self) -> Engine:
        return self._make_engine()

    def order_tags(self, tags: tuple[str, ...]) -> tuple[str, ...]:
        """Return the tags of an image in the order in which they are shown: the protected ones first."""
        if len(tags) < 2:  # most of 100,000 images
            return tags
        from ecrtui.retag.planner import WritePolicy  # commands that only list do not need it

        return WritePolicy(self.settings.protected_tags).order_tags(tags)

    @property
    def partition(self) -> str:
        """The AWS partition of the region ("aws", "aws-cn"). Reads a file."""
        from ecrtui.registry.configuration.region_names import partition_of  # a list of what was denied needs it

        return partition_of(self.location.region)

    @property
    def unlocked_until(self) -> float:
        """When a read-only registry refuses writes again, in seconds since 1970; 0 if it always did.

        It creates no engine.
        """
        return self._engine.unlocked_until if "_engine" in vars(self) else 0.0


class SessionSource(Protocol):
    """A source of the session, and of the data that was cached before there is one."""

    @property
    def connection(self) -> Connection:
        """The options of the connection."""

    @property
    def opened(self) -> Session | None:
        """The session; None if there is none yet. Never blocks."""

    def __call__(self) -> Session:
        """Return the session; connect on the first call. Blocks; raises EcrTuiError if it cannot connect."""

    def cached_snapshot(self) -> Cache | None:
        """Return the data of the last session over this connection, without network access; None if there is none."""

    def close(self) -> None:
        """Release the connection. The session cannot be used afterwards."""


class AccountSource:
    """The source of the session of another account, over the same connection. Thread-safe: there is one session.

    Args:
        source: the source of the session of the connection.
        registry_id: the account.
    """

    def __init__(self, source: SessionSource, registry_id: str) -> None:
        self.of_connection = source
        """The source of the session of the connection."""
        self._registry_id = registry_id
        self._lock = Lock()
        self._session: Session | None = None

    @property
    def connection(self) -> Connection:
        """The options of the connection, with this account."""
        return self.of_connection.connection._replace(registry_id=self._registry_id)

    @property
    def opened(self) -> Session | None:
        """The session; None if there is none yet."""
        return self._session

    def __call__(self) -> Session:
        """Return the session. Blocks; raises EcrTuiError if the account cannot be reached."""
        with self._lock:
            if self._session is None:
                self._session = self.of_connection().for_account(self._registry_id)
            return self._session

    def cached_snapshot(self) -> Cache | None:
        """Return None: what was cached is of the account of the connection."""
        return None

    def close(self) -> None:
        """Do nothing: the connection is that of the other source."""


def source_of_credentials(source: SessionSource) -> SessionSource:
    """Return the source whose connection a source uses, and so its credentials: another account has none of its own."""
    return source.of_connection if isinstance(source, AccountSource) else source


class Connections(Protocol):
    """What the user can connect to. The methods block, except :meth:`open`."""

    def open(self, connection: Connection) -> SessionSource:
        """Return the source of a session over another connection. Nothing is read or sent before its first call."""

    def profiles(self) -> ProfileList:
        """Return the profiles of the AWS configuration. Raises EcrTuiError."""

    def sso_roles(
        self, session: str, connection: Connection, is_wanted: Callable[[], bool]
    ) -> Iterator[tuple[SsoRole, ...]]:
        """Yield the roles of an ``sso-session``, account by account; the user signs in first. Raises EcrTuiError.

        Args:
            session: the name of the ``sso-session``.
            connection: has the time limits and the certificates.
            is_wanted: returns whether the user still waits for the roles; afterwards, nothing is asked.
        """

    def regions(self, region: str) -> tuple[str, ...]:
        """Return the known AWS regions in the partition of a region."""

    def recent(self) -> tuple[RecentConnection, ...]:
        """Return the connections that the user chose, the last one first."""

    def remember(self, connection: Connection, region: str) -> None:
        """Remember a connection that the user chose, with the region that it uses."""
