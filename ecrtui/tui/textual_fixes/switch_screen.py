"""Replace the top screen, also if it is the default screen.

Defect: ``App.switch_screen`` takes a result callback from the screen, and raises an exception for the default screen,
which has none.
Upstream: no issue known.
Delete this module when ``App.switch_screen`` replaces the default screen.
"""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.screen import Screen


def switch_screen(app: App[Any], screen: Screen[Any]) -> None:
    """Replace the top screen of the application."""
    top = app.screen
    if not top._result_callbacks:
        top._push_result_callback(top, None)
    app.switch_screen(screen)
