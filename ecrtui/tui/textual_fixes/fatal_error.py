"""Print a traceback without local variables and without secrets when the application crashes.

Defect: ``App._fatal_error`` prints the local variables of every frame and has no option to leave them out. Local
variables can hold credentials.
Upstream: no issue known.
Delete this module when Textual can leave the local variables out.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from textual.app import App

from ecrtui.redaction import redact

if TYPE_CHECKING:
    from rich.traceback import Trace


class NoLocalsOnCrashApp(App[None], inherit_bindings=False):
    """An application whose crash report contains no local variables."""

    def _fatal_error(self) -> None:
        from rich.segment import Segments
        from rich.traceback import Traceback

        self.bell()
        kind, problem, frames = sys.exc_info()
        if kind is not None and problem is not None:
            trace = Traceback.extract(kind, problem, frames, show_locals=False)
            _redact(trace)
            traceback = Traceback(trace, width=None)
            self._exit_renderables.append(Segments(self.console.render(traceback, self.console.options)))
        self._close_messages_no_wait()


def _redact(trace: Trace) -> None:
    for stack in trace.stacks:
        stack.exc_value = redact(stack.exc_value)
        stack.notes = [redact(note) for note in stack.notes]
        for inner in stack.exceptions:
            _redact(inner)
