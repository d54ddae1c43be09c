"""Draw the lines of a widget without border and padding.

Defect: Textual looks up the border, the outline and the padding again for each line. That takes a third of the time of
a table, where each key changes all lines.
Upstream: no issue known.
Delete this module when Textual looks them up once for all lines.
"""

from __future__ import annotations

from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style


class BareLines(ScrollView):
    """A scroll view that draws its lines itself, unless its styles change what is around them."""

    def render_lines(self, crop: Region) -> list[Strip]:
        if not self._is_bare:
            return super().render_lines(crop)
        base, background = self.background_colors
        fill = Style(background=base + background).rich_style
        width, filters = self.region.width, self.get_line_filters()
        strips = []
        for y in crop.line_range:
            strip = self.render_line(y).adjust_cell_length(width, fill)
            for line_filter in filters:
                strip = strip.apply_filter(line_filter, background)
            strips.append(strip)
        start, end = crop.column_span
        return strips if (start, end) == (0, width) else [strip.crop(start, end) for strip in strips]

    @property
    def _is_bare(self) -> bool:
        """True if no style changes the lines, or adds to them."""
        styles = self.styles
        is_clear = self.opacity == 1 and styles.text_opacity == 1 and not styles.tint.a
        has_edges = any(styles.gutter) or any(edge for edge, _ in styles.outline)
        return is_clear and not has_edges and not styles.has_rule("hatch")
