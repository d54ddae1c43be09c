"""The signals that ask a command to end: Ctrl-C, SIGTERM, and SIGHUP, which comes when the terminal is gone.

A signal that the caller ignores, as under ``nohup``, stays ignored.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import NoReturn

from ecrtui.cli.console import print_message

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interrupts() -> Iterator[None]:
    """Let every such signal in the block raise KeyboardInterrupt, as Ctrl-C does."""
    with _handled(_interrupt):
        yield


@contextmanager
def stop_event(message: str = "") -> Iterator[Event]:
    """Yield an event that the first signal sets. A second one raises KeyboardInterrupt, a third one ends.

    SIGHUP never counts as a second one: the kernel, the shell and a service manager may each send one at the same end.

    Args:
        message: what to print on standard error when the event is set.
    """
    stopped = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if not stopped.is_set():
            stopped.set()
            if message:
                print_message(message)
        elif number != signal.SIGHUP:
            restore()
            raise KeyboardInterrupt

    with _handled(stop) as restore:
        yield stopped


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[Callable[[], None]]:
    """Handle the signals in the block. Yield a function that restores the handlers before its end."""
    before = {number: found for number in _ENDINGS if (found := signal.getsignal(number)) is not signal.SIG_IGN}

    def restore() -> None:
        for number, found in before.items():
            signal.signal(number, found)

    for number in before:
        signal.signal(number, handler)
    try:
        yield restore
    finally:
        restore()
