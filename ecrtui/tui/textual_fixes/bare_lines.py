"""Draw the lines of a widget without border and padding.

Defect: Textual looks up the border, the outline and the padding again for each line. That takes a third of the time of
a table, where each key changes all lines. Then it builds each line anew to replace colors of the terminal in it, which
most themes do not use.
Upstream: no issue known.
Delete this module when Textual looks them up once for all lines.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style as RichStyle
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style

MAX_KEPT = 1024
"""Styles to remember: a table has some dozens."""


class BareLines(ScrollView):
    """A scroll view that draws its lines itself, unless its styles change what is around them."""

    _kept: tuple[object, dict[int, RichStyle | None]] = (None, {})
    """The filters and the background of the last lines, and by id the styles that the filters leave as they are."""

    def render_lines(self, crop: Region) -> list[Strip]:
        if not self._is_bare:
            return super().render_lines(crop)
        base, background = self.background_colors
        fill = Style(background=base + background).rich_style
        width, filters = self.region.width, self.get_line_filters()
        lines = (self.render_line(y).adjust_cell_length(width, fill) for y in crop.line_range)
        strips = [self._filtered(strip, filters, background) for strip in lines]
        start, end = crop.column_span
        return strips if (start, end) == (0, width) else [strip.crop(start, end) for strip in strips]

    def _filtered(self, strip: Strip, filters: Sequence[LineFilter], background: Color) -> Strip:
        """Apply the filters to a line, unless they are known to leave all its styles as they are."""
        setting = (filters, background)
        if self._kept[0] != setting or len(self._kept[1]) > MAX_KEPT:
            self._kept = setting, {}
        kept = self._kept[1]
        if all(id(style) in kept for _, style, _ in strip):
            return strip
        shown = strip
        for line_filter in filters:
            shown = shown.apply_filter(line_filter, background)
        styles = ((before, after) for (_, before, _), (_, after, _) in zip(strip, shown, strict=True))
        kept.update((id(before), before) for before, after in styles if after is before)
        return shown

    @property
    def _is_bare(self) -> bool:
        """True if no style changes the lines, or adds to them."""
        styles = self.styles
        is_clear = self.opacity == 1 and styles.text_opacity == 1 and not styles.tint.a
        has_edges = any(styles.gutter) or any(edge for edge, _ in styles.outline)
        return is_clear and not has_edges and not styles.has_rule("hatch")
