"""The connections to the targets of promotions. They stay open, so that the next promotion need not sign in again."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.app import App

if TYPE_CHECKING:
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.session import Connections, SessionSource
    from ecrtui.settings import Connection


class TargetConnections:
    """Opens the connections that users name as targets.

    Args:
        connections: what the user can connect to.
        in_use: returns the sources of the open screens.
    """

    def __init__(self, connections: Connections, in_use: Callable[[], Sequence[SessionSource]]) -> None:
        self._connections = connections
        self._in_use = in_use
        self._opened: dict[Connection, SessionSource] = {}
        self._profiles: list[str] = []

    def source(self, connection: Connection) -> SessionSource:
        """Return the source of a connection: that of an open screen or of an earlier target, or else a new one."""
        known = next((source for source in self._in_use() if source.connection == connection), None)
        if known is not None:
            return known
        if connection not in self._opened:
            self._opened[connection] = self._connections.open(connection)
        return self._opened[connection]

    def opened_at(self, location: RegistryLocation) -> SessionSource | None:
        """Return the source of an open connection to a registry; None if there is none."""
        known = (*self._in_use(), *self._opened.values())
        return next((source for source in known if source.opened and source.opened.location == location), None)

    def profiles(self) -> Sequence[str]:
        """Return the names of the profiles: those that the user chose last first, those of open screens last.

        Blocks; raises EcrTuiError.
        """
        if not self._profiles:
            recent = (connection.profile for connection in self._connections.recent())
            listed = (profile.name for profile in self._connections.profiles().profiles)
            self._profiles = list(filter(None, dict.fromkeys((*recent, *listed))))
        in_use = {source.connection.used_profile(os.environ) for source in self._in_use()}
        return sorted(self._profiles, key=in_use.__contains__)

    def regions(self, region: str) -> Sequence[str]:
        """Return the known AWS regions in the partition of a region. Blocks."""
        return self._connections.regions(region)


class TargetsApp(App[None]):
    """An application whose screens can copy images to other connections."""

    target_connections: TargetConnections | None = None
    """None if there is no other connection."""


def target_connections_of(app: object) -> TargetConnections | None:
    """Return the connections to targets of an application; None if there is no other connection."""
    return app.target_connections if isinstance(app, TargetsApp) else None
