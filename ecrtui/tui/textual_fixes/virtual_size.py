"""Change the height of a scrolled area without a layout of the screen.

Defect: ``Widget.virtual_size`` is a reactive with ``layout=True``, so each new row of a table lays the whole screen
out again. Only the scroll bar depends on the height.
Upstream: no issue known.
Delete this module when a change of ``virtual_size`` alone does not cause a layout.
"""

from __future__ import annotations

from textual.geometry import Size
from textual.widget import Widget


def set_virtual_size(widget: Widget, size: Size) -> None:
    """Set the virtual size of a widget, in cells. Lay the screen out only if a scroll bar may appear or vanish."""
    before = widget.virtual_size
    scrolls = widget.show_vertical_scrollbar and size.height > widget.scrollable_content_region.height
    if scrolls and size.width == before.width:
        widget.set_reactive(Widget.virtual_size, size)
        widget.vertical_scrollbar.window_virtual_size = size.height
    else:
        widget.virtual_size = size
