"""Wait for the writes that an internal error of the application left in flight."""

from __future__ import annotations

import sys

from ecrtui.tui import blocking

WRITE_TIMEOUT = 60.0
"""Seconds to wait for a write. A request with its retries takes no longer on a working network."""


def finish_writes() -> None:
    """Wait for the writes in flight, and say on standard error what is known of them."""
    if not blocking.has_writes():
        return
    try:  # around the text too: Ctrl-C counts as soon as it can be read
        _print(f"A write is in flight. ecrtui waits for it, at most {WRITE_TIMEOUT:.0f} seconds. Ctrl-C stops waiting.")
        ended = blocking.finish_writes(WRITE_TIMEOUT)
    except KeyboardInterrupt:
        ended = False
    if ended:
        _print("The write has ended. ecrtui history shows its result.")
    else:
        _print("The outcome of the write is unknown. ecrtui history shows it, and the next start reads it back.")


def _print(text: str) -> None:
    sys.stderr.write(f"ecrtui: {text}\n")
    sys.stderr.flush()
