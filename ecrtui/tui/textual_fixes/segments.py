"""Content to segments, for the widgets that draw line by line."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

ParseStyle = Callable[[str | Style], Style]


def style_parser(variables: dict[str, str]) -> ParseStyle:
    """Parses styles with these theme variables and remembers them; make a new one when the theme changes."""
    known: dict[str | Style, Style] = {}

    def parse(style: str | Style) -> Style:
        parsed = known.get(style)
        if parsed is None:
            parsed = known[style] = Style.parse(style, variables) if isinstance(style, str) else style
        return parsed

    return parse


def to_segments(content: Content, base: Style, parse: ParseStyle, over: Style | None = None) -> list[Segment]:
    """Draw content.

    Args:
        content: one line.
        base: what lies under it.
        parse: from :func:`parser`.
        over: what lies over it; a cursor's colours hide those of the content, its bold and underlined stay.
    """
    return [
        Segment(text, (style if over is None else style + over).rich_style)
        for text, style in content.render(base, "", parse)
    ]


def component_style(widget: Widget, name: str) -> Style:
    """The style of a component class alone, to be laid over others.

    ``Widget.get_visual_style(partial=True)`` (Textual 8.2.8) loses opaque backgrounds and reversed text.
    """
    styles = widget.get_component_styles(name)
    background = styles.background if styles.has_rule("background") else None
    foreground = styles.color if styles.has_rule("color") else None
    if foreground is not None and styles.auto_color:
        foreground = (background or widget.background_colors[1]).get_contrast_text(foreground.a)
    shape = styles.text_style
    return Style(
        background=background,
        foreground=foreground,
        bold=shape.bold,
        dim=shape.dim,
        italic=shape.italic,
        underline=shape.underline,
        reverse=shape.reverse,
        strike=shape.strike,
    )
