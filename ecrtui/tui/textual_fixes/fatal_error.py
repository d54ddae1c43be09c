"""Report each crash, without local variables and without secrets.

Defect: ``App._fatal_error`` prints the local variables of every frame and has no option to leave them out. Local
variables can hold credentials. It prints nothing for an exception that no ``except`` block handles at the time, as one
of a thread. When the task of the application is cancelled, the application ends as if the user had quit. When
its shutdown is cancelled, or an exception comes after it, no report is printed, but the exit code is 1.
Upstream: no issue known.
Delete this module when Textual can leave the local variables out, and reports each crash.
"""

from __future__ import annotations

from asyncio import CancelledError
from typing import TYPE_CHECKING, Any

from textual.app import App

from ecrtui.redaction import redact

if TYPE_CHECKING:
    from rich.traceback import Trace


class ReportingApp(App[None], inherit_bindings=False):
    """An application that reports each crash. A report contains no local variables."""

    def run(self, **options: Any) -> None:
        try:
            super().run(**options)
        finally:
            self._print_error_renderables()

    async def _process_messages_loop(self) -> None:
        try:
            await super()._process_messages_loop()
        except CancelledError as cancelled:
            raise RuntimeError("The task of the application was cancelled.") from cancelled

    def _fatal_error(self) -> None:
        from rich.segment import Segments
        from rich.traceback import Traceback

        self.bell()
        error = self._exception
        if error is not None:
            trace = Traceback.extract(type(error), error, error.__traceback__, show_locals=False)
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
