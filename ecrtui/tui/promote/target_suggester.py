"""Completes what the user types as the target of a promotion: repositories, options, profiles and regions."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import suppress

from textual.suggester import Suggester

from ecrtui.errors import EcrTuiError
from ecrtui.promote.target_connection import TARGET_OPTIONS
from ecrtui.tui import blocking
from ecrtui.tui.promote.target_connections import TargetConnections

_PROFILE, _REGION = TARGET_OPTIONS[0].name, TARGET_OPTIONS[1].name


class TargetSuggester(Suggester):
    """Suggests the rest of the last word.

    Args:
        repositories: the names of the repositories of the source's connection.
        connections: the connections to targets; None if there is no other connection.
        region: the region of the source; empty if it is not known yet.
    """

    def __init__(self, repositories: Sequence[str], connections: TargetConnections | None, region: str) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._repositories = repositories
        self._connections = connections
        self._region = region

    async def get_suggestion(self, value: str) -> str | None:
        """Return the whole line with the last word completed; None if nothing is known that begins so."""
        head, blank, word = value.rpartition(" ")
        with suppress(EcrTuiError):  # the form says what is wrong once the line is complete
            for choice in await self._choices(head.split(), word):
                if choice.startswith(word) and choice != word:
                    return f"{head}{blank}{choice}"
        return None

    async def _choices(self, before: Sequence[str], word: str) -> Sequence[str]:
        last = before[-1] if before else ""
        if self._connections is not None and last == _PROFILE:
            return [shlex.quote(name) for name in await blocking.run_blocking(self._connections.profiles)]
        if self._connections is not None and last == _REGION:
            return await blocking.run_blocking(self._connections.regions, self._region)
        if word.startswith("-"):
            return [option.name for option in TARGET_OPTIONS if option.name not in before and self._connections]
        is_own = not any(word.startswith("-") for word in before)  # others of another registry are not known
        return self._repositories if word and is_own else ()
