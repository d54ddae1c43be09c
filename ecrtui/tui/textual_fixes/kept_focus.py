"""Keep the focus of a widget that is hidden and shown again at once.

Defect: a hidden widget gives the focus up when its Hide event arrives, even if the widget is on the screen again by
then. Another widget gets the keys.
Upstream: no issue known.
Delete this module when a widget that is displayed keeps the focus at a late Hide event.
"""

from __future__ import annotations

from textual.screen import Screen
from textual.widget import Widget


class KeptFocus(Screen[None]):
    """A screen that leaves the focus where it is while the widget can have it. So ``Widget.blur`` does nothing here."""

    def _reset_focus(self, widget: Widget, avoiding: list[Widget] | None = None) -> None:
        is_removed = avoiding is not None
        if is_removed or widget not in self.focus_chain:
            super()._reset_focus(widget, avoiding)
