"""The value of the header: the registry, the caller, and whether writes are allowed."""

from __future__ import annotations

import time
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
    signed_out: bool = False
    """ECR did not accept the credentials of the last request, or there were none."""
    connections: str = ""
    """The number of connections of the screen, in words; the other fields are of the connection of the row."""
    writes: int = 0
    """Writes in flight to this registry."""

    @property
    def is_locked(self) -> bool:
        """Whether all writes are refused now."""
        return self.read_only and time.time() >= self.unlocked_until

    def registry_in_words(self) -> str:
        """Return where writes go: " in 123456789012, eu-west-1"; empty if that is not known."""
        if not self.registry_id:
            return ""
        name = f"{self.registry_id} ({self.alias})" if self.alias else self.registry_id
        return f" in {name}, {self.region}"

    def expecting(self, location: RegistryLocation, alias: str, settings: Settings) -> HeaderState:
        """Return this state with a registry that is not connected yet, and the settings of its account."""
        return self._at(location, settings)._replace(alias=alias)

    def connected_to(self, session: Session) -> HeaderState:
        """Return this state with the registry of a session."""
        alias = self.alias if self.registry_id == session.location.registry_id else ""
        state = self._at(session.location, session.settings)
        return state._replace(alias=alias, connected=True, unlocked_until=session.unlocked_until)

    def _at(self, location: RegistryLocation, settings: Settings) -> HeaderState:
        return self._replace(
            registry_id=location.registry_id,
            region=location.region,
            endpoint=location.endpoint,
            read_only=settings.read_only,
            production=settings.production,
        )
