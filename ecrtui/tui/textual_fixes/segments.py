"""Turn ``Content`` into Rich segments, for widgets that draw line by line.

Defect: ``Widget.get_visual_style(partial=True)`` loses opaque backgrounds and reversed text, so a component style
cannot be laid over another style. Textual also has no public way from ``Content`` to segments.
Upstream: no issue known.
Delete :func:`component_style` when ``get_visual_style(partial=True)`` returns what the component class sets.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

ParseStyle = Callable[[str | Style], Style]


def style_parser(variables: dict[str, str]) -> ParseStyle:
    """Return a caching style parser for these theme variables; create a new one when the theme changes."""
    known: dict[str | Style, Style] = {}

    def parse(style: str | Style) -> Style:
        parsed = known.get(style)
        if parsed is None:
            parsed = known[style] = Style.parse(style, variables) if isinstance(style, str) else style
        return parsed

    return parse


def to_segments(content: Content, base: Style, parse: ParseStyle, over: Style | None = None) -> list[Segment]:
    """Return one line of content as segments.

    Args:
        content: One line.
        base: The style below the content.
        parse: A parser from :func:`style_parser`.
        over: A style above the content, such as the cursor's. Its colors replace those of the content; the content
            stays bold and underlined.
    """
    return [
        Segment(text, (style if over is None else style + over).rich_style)
        for text, style in content.render(base, "", parse)
    ]


def component_style(widget: Widget, name: str) -> Style:
    """Return only what a component class sets, as a style to lay over others."""
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
