"""Several connections that one screen shows side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ecrtui.catalog.listing.merged import MergedListing
from ecrtui.errors import EcrTuiError, UsageError

if TYPE_CHECKING:
    from ecrtui.session import Session, SessionSource
    from ecrtui.settings import Connection


class CombinedSource:
    """The sources of a screen with several connections. Its session is that of the first one that opens.

    Args:
        members: the sources; at least one.
    """

    def __init__(self, members: Sequence[SessionSource]) -> None:
        self.members = tuple(members)

    @property
    def connection(self) -> Connection:
        """The options of the first connection."""
        return self.members[0].connection

    @property
    def opened(self) -> None:
        """None: each row acts over its own connection."""
        return None

    def __call__(self) -> Session:
        """Open all connections at once; return the first session.

        Raises:
            EcrTuiError: none of them opens.
        """
        opened = MergedListing([partial(_open, member) for member in self.members])
        problem: EcrTuiError = UsageError("Nothing to connect to")
        for batch in opened:
            for result in batch.items:
                if not isinstance(result, EcrTuiError):
                    opened.close()
                    return result
                problem = result
        raise problem

    def cached_snapshot(self) -> None:
        """Return None: rows of several registries are not cached."""

    def close(self) -> None:
        """Release all connections."""
        for member in self.members:
            member.close()


def _open(member: Callable[[], Session]) -> Iterable[tuple[Session | EcrTuiError]]:
    try:
        yield (member(),)
    except EcrTuiError as error:
        yield (error,)
