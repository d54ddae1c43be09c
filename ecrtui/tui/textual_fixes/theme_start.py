"""Set the theme of an application before its first frame without parsing the style sheets again.

Defect: assigning ``App.theme`` always invalidates the style sheets, even before the first frame. Textual then parses
all of them twice.
Upstream: no issue known.
Delete this module when assigning ``App.theme`` before the start costs nothing.
"""

from __future__ import annotations

from textual.app import App


def start_with_theme(app: App[None], name: str) -> None:
    """Set the first theme of an application that is not running yet.

    Args:
        app: The application.
        name: The name of a registered theme. Only a dark theme that is not ANSI takes the short path, because it
            has the same CSS classes as Textual's default theme.
    """
    theme = app.available_themes[name]
    if theme.dark and not theme.ansi:
        app.set_reactive(App.theme, name)
        app.stylesheet.set_variables(app.get_css_variables())
    else:
        app.theme = name
