"""The container of the panes of the image screen. One pane is on the screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from textual.containers import Container

from ecrtui.tui.inspector.inspected import Inspected
from ecrtui.tui.inspector.pane import Pane
from ecrtui.tui.inspector.pane_table import BY_ID


class PaneStack(Container):
    """Holds the panes that were shown. It creates a pane when that is shown for the first time."""

    DEFAULT_CSS = """
    PaneStack { height: 1fr; }
    """

    @property
    def panes(self) -> Iterable[Pane[Any]]:
        """The panes that were shown."""
        return cast(Iterable[Pane[Any]], self.children)

    @property
    def shown(self) -> Pane[Any] | None:
        """The pane on the screen; None while there is none, or its widgets are not mounted."""
        return next((pane for pane in self.panes if pane.is_shown), None)

    async def show(self, pane_id: str, inspected: Inspected) -> Pane[Any] | None:
        """Show the pane with this id.

        Return:
            The pane; None if a key asked for another pane meanwhile, or an earlier call is mounting this one.
        """
        pane = self.query_one_optional(f"#pane-{pane_id}", Pane)
        for other in self.panes:
            other.set_class(other is pane, "-shown")
        if pane is None:
            pane = BY_ID[pane_id].make(inspected)
            pane.id = f"pane-{pane_id}"
            pane.add_class("-shown", update=False)
            await self.mount(pane)
        return pane if pane.is_shown else None
