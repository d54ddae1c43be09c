"""Draw only the lines that an update shows.

Defect: ``Compositor`` draws all lines of each widget that reaches into the rectangle around everything that has
changed, also where nothing has changed or other widgets cover it. A key in a filter changes two lines and a table; the
pane beside the table, and the screen and the containers below both, take a third of the time of such a frame.
Upstream: no issue known.
Delete this module when ``Compositor`` draws what is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip

Span = tuple[int, int, int]
"""A line, its first cell that has changed, and the last one plus one."""

Chops = Sequence[dict[int, Strip | None]]
"""By line, and by the cells at which a widget starts or ends: what is drawn from there on; None where nothing is."""


class SeenLinesCompositor(Compositor):
    """A compositor that draws those lines of a widget of which something has changed that no other widget covers."""

    def render_partial_update(self) -> ChopsUpdate | None:
        spans = list(self._regions_to_spans(self._dirty_regions))
        self._dirty_regions.clear()
        return ChopsUpdate(self._draw(spans), spans, [cuts[1:] for cuts in self.cuts]) if spans else None

    def _render_chops(self, crop: Region, is_rendered_line: Callable[[int], bool]) -> Sequence[Mapping[int, Strip]]:
        spans = [(y, *self.size.region.column_span) for y in crop.line_range if is_rendered_line(y)]
        return cast(Sequence[Mapping[int, Strip]], self._draw(spans))  # as in the base class

    def _draw(self, spans: Iterable[Span]) -> Chops:
        """Draw what is seen in these spans: the widgets in front first, and those behind them where cells are left."""
        cuts = self.cuts
        chops: Chops = [dict.fromkeys(line[:-1]) for line in cuts]
        missing = _starts(cuts, spans)
        for widget, (region, clip) in self.visible_widgets.items():
            shown = region.intersection(clip)
            lines = [y for y in shown.line_range if y in missing and _reaches(shown, missing[y])]
            if not lines:
                continue
            drawn = range(lines[0], lines[-1] + 1)
            crop = Region(shown.x - region.x, drawn.start - region.y, shown.width, len(drawn))
            for y, strip in zip(drawn, widget.render_lines(crop), strict=False):
                if y in missing:
                    for x, piece in _pieces(strip, shown, cuts[y]):
                        if x in missing[y]:
                            missing[y].discard(x)
                            chops[y][x] = piece
                    if not missing[y]:
                        del missing[y]
        return chops


class DrawsSeenLines:
    """A screen with this compositor."""

    _compositor: Compositor

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._compositor = SeenLinesCompositor()


def _starts(cuts: Sequence[Sequence[int]], spans: Iterable[Span]) -> dict[int, set[int]]:
    """Return by line the cells at which a widget starts or ends, as far as what follows is in these spans."""
    starts: dict[int, set[int]] = {}
    for y, first, last in spans:
        if y < len(cuts):  # a screen without a size has no lines yet
            starts.setdefault(y, set()).update(x for x, end in pairwise(cuts[y]) if x < last and end > first)
    return starts


def _reaches(shown: Region, starts: Iterable[int]) -> bool:
    return any(shown.x <= x < shown.right for x in starts)


def _pieces(strip: Strip, shown: Region, cuts: Sequence[int]) -> Iterator[tuple[int, Strip]]:
    """Divide the strip of a widget where other widgets start or end; yield the first cell of each piece with it."""
    inside = [x for x in cuts if shown.x <= x <= shown.right]
    return zip(inside, strip.divide([x - shown.x for x in inside[1:]]), strict=False)
