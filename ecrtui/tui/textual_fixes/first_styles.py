"""Apply the styles of a new screen once.

Defect: Textual applies the styles of each widget of a screen when it mounts the widget, and those of all widgets again
when the screen appears for the first time. That takes a tenth of the time from the start of the application to its
first frame, and delays each screen that a key opens.
Upstream: no issue known.
Delete this module when Textual applies them once.
"""

from __future__ import annotations

from textual import events


class FirstStyles:
    """A screen that applies no styles when it appears for the first time."""

    _has_appeared = False

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        """Run before the method of ``Screen``, which reads the event."""
        if not self._has_appeared:
            self._has_appeared = True
            event.refresh_styles = False
