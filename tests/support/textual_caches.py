"""Caches for what Textual computes again for each application: most of the time of the tests.

The program starts one application. The tests start a thousand, which parse the same style sheets. Without a terminal,
an application draws frames and drops them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import FunctionType, MethodType
from typing import Any

import textual._callback
from textual._compositor import Compositor
from textual._context import active_app, visible_screen_stack
from textual.css.stylesheet import Stylesheet
from textual.message import Message
from textual.message_pump import MessagePump

from ecrtui.tui.app import EcrTuiApp

_parsed: dict[tuple[Any, ...], dict[Any, Any]] = {}
"""The rules of each style sheet, by the variables of the theme."""


def install() -> None:
    """Parse each style sheet once, find handlers once, and draw the program only for the tests that look at it."""
    _parse_once()
    _find_handlers_once()
    _count_parameters_once()
    _draw_on_demand()


def _parse_once() -> None:
    """Keep the rules of each style sheet, by its text and the variables of the theme. Nothing changes a parsed rule."""
    sheet: Any = Stylesheet
    parse = sheet._parse_rules

    def parse_once(self: Any, *arguments: Any, **options: Any) -> Any:
        parsed = _parsed_with(self)
        key = (arguments, tuple(options.items()))
        if key not in parsed:
            parsed[key] = parse(self, *arguments, **options)
        return parsed[key]

    sheet._parse_rules = parse_once


def _parsed_with(sheet: Any) -> dict[Any, Any]:
    """Return the rules that were parsed with the variables of this sheet, which replaces them as a whole."""
    variables, parsed = sheet.__dict__.get("_parsed_with", (None, {}))
    if variables is not sheet._variables:
        parsed = _parsed.setdefault(tuple(sheet._variables.items()), {})
        sheet._parsed_with = sheet._variables, parsed
    return parsed  # type: ignore[no-any-return]


def _find_handlers_once() -> None:
    """Keep which classes may handle a message. Textual looks at all bases of a widget for each message."""
    pump: Any = MessagePump
    find = pump._get_dispatch_methods

    def find_once(self: Any, method_name: str, message: Any) -> Iterator[tuple[type, Any]]:
        classes: Any = (type(self), type(message))
        handlers = _plain_handlers(method_name, *classes)
        if handlers is None:
            yield from find(self, method_name, message)
            return
        for cls, handler in handlers:
            if message._no_default_action:  # a handler before this one can have set it
                break
            yield cls, handler.__get__(self, cls)

    pump._get_dispatch_methods = find_once


@cache
def _plain_handlers(
    method_name: str, widget_class: type, message_class: type[Message]
) -> tuple[tuple[type, Any], ...] | None:
    """Return the handlers of a message by their name; None if a decorator can add others."""
    handlers = []
    for cls in widget_class.__mro__:
        if not cls.__dict__.get("_decorated_handlers", {}).keys().isdisjoint(message_class.__mro__):
            return None
        handler = cls.__dict__.get(f"_{method_name}") or cls.__dict__.get(method_name)
        if handler is not None and not getattr(handler, "_textual_on", None):
            handlers.append((cls, handler))
    return tuple(handlers)


def _count_parameters_once() -> None:
    """Keep the number of parameters of the functions that are made again and again."""
    callback: Any = textual._callback
    count = callback._count_parameters
    counts: dict[Any, int] = {}

    def count_once(function: Any) -> int:
        if isinstance(function, MethodType):
            return count_once(function.__func__) - 1
        if not isinstance(function, FunctionType) or hasattr(function, "__wrapped__"):  # it has another signature
            return int(count(function))
        if function.__code__ not in counts:
            counts[function.__code__] = count(function)
        return counts[function.__code__]

    callback._count_parameters = count_once


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
