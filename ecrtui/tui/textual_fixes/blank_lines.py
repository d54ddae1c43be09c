"""Draw a widget that has nothing but a background as one line.

Defect: Textual renders each line of a screen and of a container, though all are the same and other widgets cover them.
``Widget.BLANK`` renders one, but without the filters for ``NO_COLOR`` and for the colors of the terminal.
Upstream: no issue known.
Delete this module when Textual renders a blank widget once, with the filters.
"""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget


def blank_lines(widget: Widget, crop: Region) -> list[Strip]:
    """Return the lines of a widget without border, padding and contents of its own; for ``Widget.render_lines``."""
    base, background = widget.background_colors
    strip = Strip.blank(crop.width, Style(background=base + background).rich_style)
    for line_filter in widget.get_line_filters():
        strip = strip.apply_filter(line_filter, background)
    return [strip] * crop.height
