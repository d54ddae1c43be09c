"""A screen with several connections: its header, and whether writes are refused, follow the selected row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ecrtui.ecr import units
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.header_state import HeaderState
from ecrtui.tui.table.table import Table

if TYPE_CHECKING:
    from ecrtui.session import SessionSource


class CombinedHeaderMixin(AppScreen):
    """A screen whose rows act over several connections, each of which is read-only, or unlocked, on its own."""

    combined = 0
    """The number of connections; 0 for a screen with one."""

    def chosen_sources(self) -> Iterable[SessionSource]:
        """Return the sources of the rows that an action would use. Screens override it."""
        return (self.acting_source,)

    def on_table_cursor_moved(self, _: Table.CursorMoved) -> None:
        self.show_acting()

    def lock_changed(self) -> None:
        self.show_acting()

    def show_acting(self) -> None:
        """Show the registry of the selected row in the header."""
        if self.combined:
            before, self.header_state = self.header_state, self.combined_state(self.acting_source)
            if before.is_locked != self.header_state.is_locked:
                self.refresh_bindings()

    def combined_state(self, source: SessionSource | None) -> HeaderState:
        """Return the state of the header for a row of this source."""
        state = HeaderState(connections=units.format_count(self.combined, "connection"), connected=True)
        session = None if source is None else source.opened
        return state if session is None else state.connected_to(session)

    def why_no_writes(self) -> str:
        """Return why writes are refused; empty if one of the chosen rows is of a connection that allows them."""
        states = [self.combined_state(source) for source in self.chosen_sources()] if self.combined else []
        return "" if any(not state.is_locked for state in states) else super().why_no_writes()
