"""Where toasts appear: never over a form at the bottom of the screen."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen
from textual.widgets._toast import ToastRack

FOOTER = 1
"""Rows of the footer, which toasts leave free."""


def keep_toasts_above(screen: Screen[Any], rows: int) -> None:
    """Keep the toasts of a screen above a form.

    Args:
        screen: the screen.
        rows: the height of the form; 0 without one.
    """
    for rack in screen.query(ToastRack):
        rack.styles.margin = (0, 0, rows + FOOTER, 0)
