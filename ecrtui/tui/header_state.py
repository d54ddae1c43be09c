"""The value of the header: the registry, the caller, and whether writes are allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.session import Session
    from ecrtui.settings import Settings


class HeaderState(NamedTuple):
    """The content of a screen's header. An empty field is not known (yet)."""

    registry_id: str = ""
    region: str = ""
    endpoint: str = ""
    identity: str = ""
    alias: str = ""
    """The alias of the account; empty if it has none, or is not known."""
    read_only: bool = False
    production: bool = False
    """The settings mark the account as production."""
    unlocked_until: float = 0
    """When writes are refused again, in seconds since 1970, if ``read_only`` was unlocked; 0 if it was not."""
    demo: bool = False
    connected: bool = False
    mfa_ends: float = 0
    """When the credentials end that an MFA code gave, in seconds since 1970; 0 if there are none."""
    writes: int = 0
    """Writes in flight to this registry."""

    def expecting(self, location: RegistryLocation, alias: str, settings: Settings) -> HeaderState:
        """Return this state with a registry that is not connected yet, and the settings of its account."""
        return self._at(location, settings)._replace(alias=alias)

    def connected_to(self, session: Session) -> HeaderState:
        """Return this state with the registry of a session."""
        alias = self.alias if self.registry_id == session.location.registry_id else ""
        return self._at(session.location, session.settings)._replace(alias=alias, connected=True)

    def _at(self, location: RegistryLocation, settings: Settings) -> HeaderState:
        return self._replace(
            registry_id=location.registry_id,
            region=location.region,
            endpoint=location.endpoint,
            read_only=settings.read_only,
            production=settings.production,
        )
