"""The theme of the application: loading, choosing and remembering it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrtui.errors import EcrTuiError
from ecrtui.tui import blocking, themes
from ecrtui.tui.textual_fixes.theme_start import start_with_theme

if TYPE_CHECKING:
    from textual.theme import Theme

    from ecrtui.tui.app import EcrTuiApp
    from ecrtui.tui.overlays.menus import ThemeMenu


class ThemeManager:
    """Loads the themes of an application, when they are needed.

    Args:
        app: the application.
    """

    def __init__(self, app: EcrTuiApp) -> None:
        self._app = app
        self.own_names: tuple[str, ...] = ()
        """The names of the shipped themes and the user's own; empty until :meth:`load_all` has run."""
        self._menu: ThemeMenu | None = None
        """The menu while it is open. The theme of the application is only a preview then."""

    def start_with(self, name: str) -> None:
        """Set the theme before the first frame, if it exists."""
        if self._is_available(name):
            start_with_theme(self._app, name)

    def use(self, name: str) -> None:
        """Set the theme; keep the current one, with a warning, if it does not exist."""
        if self._is_available(name):
            self._app.theme = name
            if self._menu is not None:
                self._menu.current = name
        else:
            self._app.warn(f"Unknown theme {name!r}; using {self._app.theme}.")

    async def load_all(self) -> None:
        """Load all themes, and warn about broken theme files."""
        loaded = await blocking.run_blocking(themes.load_themes)
        for theme in loaded.themes:
            self._register(theme)
        self.own_names = tuple(theme.name for theme in loaded.themes)
        if loaded.report:
            self._app.warn(loaded.report)

    async def choose(self) -> None:
        """Let the user choose a theme, and save it in the settings."""
        from ecrtui.tui.overlays.menus import ThemeMenu

        if not self.own_names:
            await self.load_all()
        names = [*self.own_names, *sorted(set(self._app.available_themes) - set(self.own_names))]
        self._menu = ThemeMenu(names, self._app.theme)
        self._app.push_screen(self._menu, self._save)

    def css_variables(self) -> dict[str, str]:
        """Return the variables of the theme in use for the style sheets."""
        return themes.css_variables(self._app.current_theme, no_color=self._app.no_color)

    def _register(self, theme: Theme) -> None:
        self._app.register_theme(themes.without_color(theme) if self._app.no_color else theme)

    def _is_available(self, name: str) -> bool:
        if name not in self._app.available_themes and (theme := themes.load_theme(name)) is not None:
            self._register(theme)
        return name in self._app.available_themes

    def _save(self, name: str | None) -> None:
        self._menu = None
        if name is None:
            return
        from ecrtui.saved_settings import remember_theme  # the first frame does not need it

        try:
            remember_theme(name)
        except EcrTuiError as error:
            self._app.notify(str(error), severity="warning")
        else:
            self._warn_if_overridden(name)

    def _warn_if_overridden(self, name: str) -> None:
        """Warn if something other than the saved theme sets the theme at the next start."""
        session = self._app.connect.opened
        settings = self._app.settings if session is None else session.settings
        winner = settings.wins_over_file("theme")
        if winner and settings.theme != name:
            self._app.warn(
                f"Theme {name!r} is saved, but {winner} sets {settings.theme!r} and wins at the next start. "
                "Change it there to keep your choice."
            )
