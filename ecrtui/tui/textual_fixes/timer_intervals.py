"""Let a timer whose time has come fire at once.

Defect: a timer with the interval 0 raises ZeroDivisionError, and one with a negative interval loops forever, so that
the application hangs. Textual itself starts such timers: a notification that expires before it is shown has a time of
0 or less. A process that was stopped, or waited for a slow terminal, gets there.
Upstream: https://github.com/Textualize/textual/issues/6370
Delete this module when that issue is fixed, for negative intervals too.
"""

from __future__ import annotations

from typing import Any

from textual.timer import Timer

SHORTEST = 0.001
"""Seconds."""

_create = Timer.__init__


def require_positive_intervals() -> None:
    """Give each timer that is created from now on an interval of a millisecond or more."""
    patched: Any = Timer
    patched.__init__ = _create_positive


def _create_positive(timer: Timer, event_target: Any, interval: float, **options: Any) -> None:
    _create(timer, event_target, max(interval, SHORTEST), **options)
