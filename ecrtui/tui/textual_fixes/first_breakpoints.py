"""Give a screen the classes of its breakpoints before its first frame.

Defect: Textual sets these classes when the first Resize arrives, after the first frame. A screen is drawn, and written
to the terminal, first without them and then with them.
Upstream: no issue known.
Delete this module when the first frame of a screen has these classes.
"""

from __future__ import annotations

from typing import Any

from textual.screen import Screen


def set_first_breakpoints(screen: Screen[Any]) -> None:
    """Add the classes for the size of the terminal. Call it when the screen is composed."""
    width, height = screen.app.size
    screen.add_class(
        *screen._get_breakpoint_classes(width, screen.HORIZONTAL_BREAKPOINTS or []),
        *screen._get_breakpoint_classes(height, screen.VERTICAL_BREAKPOINTS or []),
    )
