"""Keep the focus of a widget that is displayed again, or whose container is hidden.

Defect: a hidden widget gives the focus up when its Hide event arrives, even if the widget is on the screen again by
then. Another widget gets the keys. A container that is hidden while its content loads, or while the terminal is too
small, takes the focus from its widgets, and does not return it when it is shown.
Upstream: no issue known.
Delete this module when a widget that is displayed keeps the focus at a Hide event.
"""

from __future__ import annotations

from textual.screen import Screen
from textual.widget import Widget


class KeptFocus(Screen[None]):
    """A screen that leaves the focus where it is while the widget can have it. So ``Widget.blur`` does nothing here."""

    def _reset_focus(self, widget: Widget, avoiding: list[Widget] | None = None) -> None:
        is_removed = avoiding is not None
        if is_removed or not (widget.display and widget.focusable):
            super()._reset_focus(widget, avoiding)
