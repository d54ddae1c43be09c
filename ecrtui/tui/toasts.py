"""What toasts say, and where they appear: never over a form at the bottom of the screen."""

from __future__ import annotations

from functools import partial
from typing import Any

from textual.app import App
from textual.notifications import Notify, SeverityLevel
from textual.screen import Screen
from textual.widgets._toast import ToastRack

from ecrtui.tui import safe_text as text

FOOTER = 1
"""Rows of the footer, which toasts leave free."""


class ToastsApp(App[None], inherit_bindings=False):
    """An application that shows toasts."""

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a toast. The message may have a service's words, so it is escaped and never markup."""
        super().notify(text.visible_lines(message), title=title, severity=severity, timeout=timeout, markup=False)

    def on_notify(self, event: Notify) -> None:
        """Forget equal toasts: Textual then shows the new one, for its whole time."""
        new = event.notification
        for earlier in list(self._notifications):
            if (earlier.message, earlier.title, earlier.severity) == (new.message, new.title, new.severity):
                self._unnotify(earlier, refresh=False)

    def warn(self, message: str) -> None:
        """Show a warning for ten seconds."""
        self.notify(message, severity="warning", timeout=10)

    def show_notice(self, message: str) -> None:
        """Show a warning that does not stop the work. Any thread can call it; it does not wait."""
        self.call_later(partial(self.notify, message, severity="warning"))


def keep_toasts_above(screen: Screen[Any], rows: int) -> None:
    """Keep the toasts of a screen above a form.

    Args:
        screen: the screen.
        rows: the height of the form; 0 without one.
    """
    for rack in screen.query(ToastRack):
        rack.styles.margin = (0, 0, rows + FOOTER, 0)
