"""Draw the lines of a widget that has no border and no padding above and below them.

Defect: Textual looks up the border, the outline and the padding again for each line. That takes a third of the time of
a table, where each key changes all lines, and most of that of the pane beside it. Then it builds each line anew to
replace colors of the terminal in it, which most themes do not use.
Upstream: no issue known.
Delete this module when Textual looks them up once for all lines.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual._border import get_box
from textual.color import Color
from textual.css.types import EdgeStyle
from textual.filter import LineFilter
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style

Sides = tuple[list[Segment], list[Segment]]
"""What is left and right of each line: the border and the padding."""

MAX_KEPT = 1024
"""Styles to remember: a table has some dozens."""


class BareLines(ScrollView):
    """A scroll view that draws its lines itself, unless its styles change them, or what is above and below them."""

    _kept: tuple[object, dict[int, RichStyle | None]] = (None, {})
    """The filters and the background of the last lines, and by id the styles that the filters leave as they are."""
    _sided: tuple[Sides, dict[int, tuple[Strip, Strip]]] = (([], []), {})
    """The sides of the last lines, and by line what was drawn between them and the whole line."""

    def render_lines(self, crop: Region) -> list[Strip]:
        if not self._is_bare:
            return super().render_lines(crop)
        base, background = self.background_colors
        fill = Style(background=base + background).rich_style
        width, filters = self.region.width, self.get_line_filters()
        sides = self._sides(base, background)
        if sides != self._sided[0]:
            self._sided = sides, {}
        room = width - sum(segment.cell_length for side in sides for segment in side)
        drawn = ((y, self.render_line(y).adjust_cell_length(room, fill)) for y in crop.line_range)
        lines = (self._between(y, strip) if any(sides) else strip for y, strip in drawn)
        strips = [self._filtered(strip, filters, background) for strip in lines]
        start, end = crop.column_span
        return strips if (start, end) == (0, width) else [strip.crop(start, end) for strip in strips]

    def _sides(self, base: Color, background: Color) -> Sides:
        """Return what the styles put left and right of each line."""
        inner, outer = Style(background=base + background), Style(background=base)

        def border(edge: EdgeStyle, position: int) -> list[Segment]:
            kind, color = edge
            return [get_box(kind, inner, outer, Style(foreground=base + color))[1][position]] if kind else []

        def blank(cells: int) -> list[Segment]:
            return [Segment(" " * cells, inner.rich_style)] if cells else []

        styles = self.styles
        left = border(styles.border_left, 0) + blank(styles.padding.left)
        return left, blank(styles.padding.right) + border(styles.border_right, 2)

    def _between(self, y: int, strip: Strip) -> Strip:
        """Return a line with its sides. It is the same object as before if it was drawn so before."""
        (left, right), lines = self._sided
        kept = lines.get(y)
        if kept is not None and kept[0] is strip:
            return kept[1]
        whole = Strip([*left, *strip, *right])
        lines[y] = strip, whole
        return whole

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
        """True if no style changes the lines, or adds to them above and below."""
        styles = self.styles
        is_clear = self.opacity == 1 and styles.text_opacity == 1 and not styles.tint.a
        has_edges = styles.gutter.height or any(edge for edge, _ in styles.outline)
        return is_clear and not has_edges and not styles.has_rule("hatch")
