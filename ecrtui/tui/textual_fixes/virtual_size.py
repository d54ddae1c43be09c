"""Change the height of a scrolled area without a layout of the screen.

Defect: ``Widget.virtual_size`` is a reactive with ``layout=True``, so each new row of a table, and each other text in
a pane, lays the whole screen out again. Only the scroll bar depends on the height.
Upstream: no issue known.
Delete this module when a change of ``virtual_size`` alone does not cause a layout.
"""

from __future__ import annotations

from textual.geometry import Size
from textual.widget import Widget


def set_virtual_size(widget: Widget, size: Size) -> None:
    """Set the virtual size of a widget, in cells.

    Lay the screen out only if a scroll bar may appear or vanish, or if the widget is as high as its content.
    """
    has_bar = size.height > widget.scrollable_content_region.height
    keeps_height = has_bar or not widget.styles.is_auto_height
    if size.width == widget.virtual_size.width and has_bar == widget.show_vertical_scrollbar and keeps_height:
        widget.set_reactive(Widget.virtual_size, size)
        if has_bar:
            widget.vertical_scrollbar.window_virtual_size = size.height
    else:
        widget.virtual_size = size
