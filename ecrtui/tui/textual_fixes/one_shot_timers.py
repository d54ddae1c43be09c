"""Let a timer that runs once fire, however late.

Defect: a timer skips each time that has passed. One that runs once then never fires if the process gets no processor
for longer than its interval while the timer starts. Textual waits for such a timer, of 8 ms, before it draws a new
size of the terminal, and starts no other one: it then never draws a new size again. With the interval 0 the timer
raises ZeroDivisionError, and with a negative one it loops forever. Textual itself starts such timers: a notification
that expires before it is shown has a time of 0 or less.
Upstream: https://github.com/Textualize/textual/issues/6370 for the intervals; no issue known for the lost timer.
Delete this module when Textual's timers that run once skip nothing.
"""

from __future__ import annotations

from typing import Any

from textual.timer import Timer

_create = Timer.__init__


def keep_one_shot_timers() -> None:
    """Let each timer that is created from now on and runs once skip nothing."""
    patched: Any = Timer
    patched.__init__ = _create_without_skip


def _create_without_skip(timer: Timer, event_target: Any, interval: float, **options: Any) -> None:
    if options.get("repeat") == 0:
        options["skip"] = False
    _create(timer, event_target, interval, **options)
