"""The palette: everything by name."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette


class Palette(CommandPalette):
    """Textual's own (8.2.8), which ends the application in two ways that this one does not."""

    def _action_command_list(self, action: str) -> None:
        """A page key that comes before the list has a size is for nothing."""
        if self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Only once, and only on top: a second click beside it would close the place below."""
        if self.is_active and self.is_running:
            return super().dismiss(result)
        nothing: AwaitComplete = AwaitComplete.nothing()  # type: ignore[no-untyped-call]  # it has no types in Textual
        return nothing
