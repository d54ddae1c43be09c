"""The commands of the palette that connect: ``profile NAME`` and ``region NAME``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import Hit, Hits, Provider

from ecrtui.errors import EcrTuiError
from ecrtui.tui import blocking
from ecrtui.tui import safe_text as text

if TYPE_CHECKING:
    from ecrtui.tui.app import EcrTuiApp
    from ecrtui.tui.connections.rows import ConnectionRow

_REGION = "region "


class ConnectionCommands(Provider):
    """Offers every profile and every region; ``region`` also takes a name that is not in the list."""

    _commands: tuple[tuple[str, ConnectionRow], ...] = ()
    _reading: asyncio.Future[None] | None = None
    """Ends when the profiles and the regions are read."""

    @property
    def _app(self) -> EcrTuiApp:
        return cast("EcrTuiApp", self.app)

    async def startup(self) -> None:
        """Begin to read the profiles and the regions.

        Textual cancels a search at the next letter, and with it a start that it waits for. Then nothing is ever found.
        """
        if self._app.switcher.is_available:
            self._reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        try:
            self._commands = await blocking.run_blocking(lambda: tuple(self._app.switcher.commands()))
        except EcrTuiError as error:
            self._app.notify(f"The profiles cannot be listed. {error}", severity="warning")

    async def search(self, query: str) -> Hits:
        """Yield the commands that match."""
        if self._reading is not None:
            await asyncio.shield(self._reading)
        matcher = self.matcher(query)
        for command, row in self._commands_for(query):
            score = matcher.match(command)
            if score > 0:
                run = partial(self._app.switcher.connect_to, row)
                yield Hit(score, text.content(command), run, text.visible(command), "Connect beside the one in use")

    def _commands_for(self, query: str) -> Iterator[tuple[str, ConnectionRow]]:
        yield from self._commands
        region = query[len(_REGION) :].strip() if query.lower().startswith(_REGION) else ""
        if region and self._app.switcher.is_available and (_REGION + region) not in dict(self._commands):
            yield _REGION + region, self._app.switcher.row_of_region(region)
