"""Standard error, signals and closed output, for every command that is not the application."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from ecrtui.ecr.safe_text import visible_lines

if TYPE_CHECKING:
    from ecrtui.errors import EcrTuiError

REDRAW_INTERVAL = 0.1
"""Seconds between two updates of a progress line."""

_CLEAR_LINE = "\r\x1b[K"


def print_message(text: str, *, prefix: str = "ecrtui: ") -> None:
    """Print text on standard error with a prefix on each line and every control character visible."""
    lines = visible_lines(text).split("\n")
    print("\n".join(prefix + line for line in lines), file=sys.stderr)


def print_error(error: EcrTuiError) -> None:
    """Print what happened, the service's words and the next step on standard error."""
    print(visible_lines(f"ecrtui: {error}"), file=sys.stderr)
    if error.hint:
        print(visible_lines(f"hint: {error.hint}"), file=sys.stderr)


class ProgressLine:
    """A line on standard error that is rewritten in place and removed at the end; a context manager.

    Args:
        shown: False to print nothing except the messages of :meth:`log`. The line also needs a terminal.
    """

    def __init__(self, *, shown: bool = True) -> None:
        self._shown = shown and sys.stderr.isatty()
        self._updated = 0.0

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
            print(_CLEAR_LINE + text, end="", file=sys.stderr, flush=True)

    def log(self, text: str) -> None:
        """Print a message that stays, above the line."""
        self._clear()
        print_message(text)

    def _clear(self) -> None:
        if self._shown:
            print(_CLEAR_LINE, end="", file=sys.stderr, flush=True)


@contextmanager
def stop_event(message: str = "") -> Iterator[Event]:
    """Yield an event that the first Ctrl-C or SIGTERM sets; a second one ends the program.

    Args:
        message: what to print on standard error when the event is set.
    """
    stopped = Event()
    handlers: dict[signal.Signals, Any] = {}

    def stop(number: int, frame: FrameType | None) -> None:
        if message:
            print_message(message)
        stopped.set()
        restore()

    def restore() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        handlers[number] = signal.signal(number, stop)
    try:
        yield stopped
    finally:
        restore()


@contextmanager
def closed_output_ignored() -> Iterator[None]:
    """Treat a reader that closes standard output early, such as ``head``, as success."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()


def discard_stdout() -> None:
    """Send the rest of standard output to ``os.devnull``, so that flushing it at exit cannot fail."""
    with suppress(OSError, ValueError, AttributeError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)


def count_progress(line: ProgressLine, unit: str) -> Callable[[int, int], None]:
    """Return a callback that shows ``12 of 40 images`` in the line."""
    return lambda done, total: line.update(f"{done:,} of {total:,} {unit}")
