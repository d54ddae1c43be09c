"""What a connected application works with: one registry's catalogue and the engine that writes to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from ecrtui.ecr.location import RegistryLocation
from ecrtui.settings import Settings

if TYPE_CHECKING:
    from ecrtui.catalog.cache.store import Cache
    from ecrtui.catalog.catalog import Catalogue
    from ecrtui.retag.engine import Engine


@dataclass(frozen=True)
class Session:
    """A connection that works: where it leads, and what can be done there."""

    location: RegistryLocation
    settings: Settings
    """The settings in force for this account."""
    catalog: Catalogue
    make_engine: Callable[[], Engine]
    for_account: Callable[[str], Session]
    """The session on the registry of another account, by the same connection; blocks, and raises EcrTuiError."""

    @cached_property
    def engine(self) -> Engine:
        """What writes; made when it is first asked for, because the first rows need not wait for it."""
        return self.make_engine()


class SessionSource(Protocol):
    """The way to the registry, and what is known of it before it was gone."""

    def __call__(self) -> Session:
        """The session, connecting on the first call; blocks, and raises EcrTuiError while it cannot."""

    def cached_snapshot(self) -> Cache | None:
        """What was seen the last time that this way was gone; reads a file and asks nobody. None if nothing is kept."""
