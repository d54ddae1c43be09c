"""Actions of every screen with images: open the image at a pane."""

from __future__ import annotations

from ecrtui.tui import messages
from ecrtui.tui.base_screen import AppScreen


class InspectMixin(AppScreen):
    """A screen on which images can be inspected."""

    def show_config(self, repository: str, digest: str) -> None:
        """Open an image at its config; an index at the config of one of its platforms."""
        self.post_message(messages.OpenImage(self.connect, repository, digest, pane="config"))

    def show_findings(self, repository: str, digest: str) -> None:
        """Open an image at its scan findings; an index at those of its worst platform."""
        self.post_message(messages.OpenImage(self.connect, repository, digest, pane="findings"))
