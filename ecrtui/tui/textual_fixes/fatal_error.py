"""Print a traceback without local variables when the application crashes.

Defect: ``App._fatal_error`` prints the local variables of every frame and has no option to leave them out. Local
variables can hold credentials.
Upstream: no issue known.
Delete this module when Textual can leave the local variables out.
"""

from __future__ import annotations

from textual.app import App


class NoLocalsOnCrashApp(App[None], inherit_bindings=False):
    """An application whose crash report contains no local variables."""

    def _fatal_error(self) -> None:
        from rich.segment import Segments
        from rich.traceback import Traceback

        self.bell()
        traceback = Traceback(show_locals=False, width=None)
        self._exit_renderables.append(Segments(self.console.render(traceback, self.console.options)))
        self._close_messages_no_wait()
