"""Long lists and Python's garbage collector.

Whenever enough objects have come, it looks at all that it ever saw, and a list of 100,000 rows makes it do so again and
again: a third of the time that loading takes, and up to 0.15 s at once in which no other thread runs, that of the
screen included. Rows hold no cycles; nothing is lost if they are not looked at. What does hold cycles is a screen, and
it is looked for when one was left.
"""

from __future__ import annotations

import gc

FREEZE_THRESHOLD_ROWS = 4000
"""After so many rows it is worth it."""

COLLECTOR_THRESHOLDS = (1_000, 10, 1_000)
"""Thresholds of the collector that leave what is old to :func:`clear_up`: twenty milliseconds at 100,000 rows, which a
key would have to wait for."""


def freeze_heap() -> None:
    """Take what there is now out of the collector's sight, until :func:`unsettle`.

    What is not used any more is freed as ever, but for cycles; and a screen is one, with all the rows that it holds.
    """
    gc.collect(1)  # the young cycles that nobody uses any more need not wait
    gc.freeze()


def unfreeze_heap() -> None:
    """Let the collector look at everything again: what was settled may have become garbage. Takes no time by itself."""
    gc.unfreeze()


def disable_gc() -> None:
    """Do not look at anything while the program starts: all that is loaded stays, and there is a lot of it."""
    gc.disable()


def enable_gc() -> None:
    """After :func:`postpone`: look at what comes from now on."""
    if not gc.isenabled():
        gc.set_threshold(*COLLECTOR_THRESHOLDS)
        gc.freeze()
        gc.enable()


def collect_and_freeze() -> None:
    """Something large was left: free it, and take what stays out of sight again. For a moment when nobody waits."""
    gc.collect()
    gc.freeze()
