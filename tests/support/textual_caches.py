"""What the tests spare Textual, as it takes most of their time: the program has one application, they start a thousand.

Each application parses the same style sheets. Without a terminal, it draws frames and drops them.
"""

from __future__ import annotations

from typing import Any

from textual._compositor import Compositor
from textual._context import active_app, visible_screen_stack
from textual.css.stylesheet import Stylesheet

from ecrtui.tui.app import EcrTuiApp

_parsed: dict[tuple[Any, ...], Any] = {}


def install() -> None:
    """Parse each style sheet once, and draw the program only for the tests that look at it."""
    _parse_once()
    _draw_on_demand()


def _parse_once() -> None:
    """Keep the rules of each style sheet, by its text and the variables of the theme. Nothing changes a parsed rule."""
    sheet: Any = Stylesheet
    parse = sheet._parse_rules

    def parse_once(self: Any, *arguments: Any, **options: Any) -> Any:
        key = (arguments, tuple(options.items()), tuple(self._variables.items()))
        if key not in _parsed:
            _parsed[key] = parse(self, *arguments, **options)
        return _parsed[key]

    sheet._parse_rules = parse_once


def _draw_on_demand() -> None:
    """Leave out the frames that ``App._display`` would drop; draw the screen once for the tests that look at it.

    Tests of the frames of Textual use applications of their own, which draw all frames.
    """
    compositor: Any = Compositor
    render_update, render_strips = compositor.render_update, compositor.render_strips

    def without_frames() -> bool:
        app = active_app.get()
        return isinstance(app, EcrTuiApp) and app.is_headless

    def note_change(self: Any, full: bool = False, screen_stack: Any = None, simplify: bool = False) -> Any:
        if full or not without_frames():
            return render_update(self, full, screen_stack, simplify)
        self._dirty_regions.clear()
        self._drawn = None
        return None

    def draw_once(self: Any, size: Any = None) -> Any:
        app: Any = active_app.get()
        if not without_frames() or self is not app.screen._compositor:
            return render_strips(self, size)
        if getattr(self, "_drawn", None) is None:
            visible_screen_stack.set(app._background_screens)  # they show below an overlay
            self._drawn = render_strips(self, size)
        return self._drawn

    compositor.render_update, compositor.render_strips = note_change, draw_once
