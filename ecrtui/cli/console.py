"""Messages and progress, for every command that is not the application."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from ecrtui.cli.standard_streams import write_stderr
from ecrtui.ecr.safe_text import visible_lines

if TYPE_CHECKING:
    from ecrtui.errors import EcrTuiError

REDRAW_INTERVAL = 0.1
"""Seconds between two updates of a progress line."""

MAX_LINE = 2000
"""Characters of a line of an error. It can repeat a word of the command line of any length."""

_CLEAR_LINE = "\r\x1b[K"


def print_message(text: str, *, prefix: str = "ecrtui: ") -> None:
    """Print text on standard error with a prefix on each line."""
    write_stderr(f"{prefix}{_safe_lines(text, prefix)}\n")


def print_error(error: EcrTuiError) -> None:
    """Print what happened, the service's words and the next step on standard error."""
    write_stderr(f"ecrtui: {_safe_lines(str(error), limit=MAX_LINE)}\n")
    if hint := error.hint or error.command:
        write_stderr(f"hint: {_safe_lines(hint)}\n")


def _safe_lines(text: str, prefix: str = "", limit: int | None = None) -> str:
    """Return text with every control character visible, and its lines after the first one indented.

    It can have words of the service: none of their lines can pass for a message of ecrtui.
    """
    return visible_lines(text, limit).replace("\n", f"\n{prefix}  ")


class ProgressLine:
    """A line on standard error that is rewritten in place and removed at the end; a context manager.

    Args:
        shown: False to print nothing except the messages of :meth:`log`. The line also needs a terminal.
    """

    def __init__(self, *, shown: bool = True) -> None:
        self._shown = shown and sys.stderr.isatty()
        self._updated = 0.0
        self._reasons: set[str] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._clear()

    def update(self, text: str) -> None:
        """Replace the line; more often than every 0.1 s has no effect."""
        now = time.monotonic()
        if self._shown and now - self._updated > REDRAW_INTERVAL:
            self._updated = now
            write_stderr(_CLEAR_LINE + text)

    def log(self, text: str) -> None:
        """Print a message that stays, above the line."""
        self._clear()
        print_message(text)

    def log_retry(self, error: EcrTuiError) -> None:
        """Print why a request is sent again: each reason once, however many requests wait. Safe between threads."""
        reason = str(error)
        with self._lock:
            if reason not in self._reasons:
                self._reasons.add(reason)
                self.log(f"{reason}. Trying again.")

    def log_throttling(self, seconds: float) -> None:
        """Print that the service is throttling requests, and when the command continues."""
        self.log(f"throttled; continuing in {seconds:.0f} s")

    def _clear(self) -> None:
        if self._shown:
            write_stderr(_CLEAR_LINE)


def count_progress(line: ProgressLine, unit: str) -> Callable[[int, int], None]:
    """Return a callback that shows ``12 of 40 images`` in the line."""
    return lambda done, total: line.update(f"{done:,} of {total:,} {unit}")
