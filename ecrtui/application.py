"""The application, and the Put image form alone, on a connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ecrtui.connections import ProcessConnections, SessionFactory
from ecrtui.settings import Connection, Settings
from ecrtui.wiring import log_to_file

if TYPE_CHECKING:
    from ecrtui.ecr.reference import Reference
    from ecrtui.registry.process.client import RegistryProcess
    from ecrtui.registry.process.launch import LaunchedProcess
    from ecrtui.session import Connections, SessionSource
    from ecrtui.tui.app import EcrTuiApp
    from ecrtui.tui.messages import PutImageDraft
    from ecrtui.tui.put_image.app import PutImageFormResult

CONSOLE_THEME: Final = "ecrtui-16"
"""The theme of a terminal with 16 colors or without bright backgrounds, unless the user has chosen one."""


def load_settings(flags: Mapping[str, Any]) -> Settings:
    """Return the settings, with a theme that the terminal can show unless the user has chosen one.

    Raises:
        SettingsError: the settings are not valid.
    """
    from ecrtui.settings import load
    from ecrtui.tui.textual_fixes.terminal_features import has_16_colors, shows_bright_backgrounds

    settings = load(flags)
    if "theme" in settings.sources or (shows_bright_backgrounds() and not has_16_colors()):
        return settings
    # There, the cursor of the usual theme does not show, or critical findings have the color of high ones.
    return replace(settings, theme=CONSOLE_THEME)


def create_app(
    connect: SessionSource,
    settings: Settings,
    start: Reference,
    *,
    demo: bool = False,
    connections: Connections | None = None,
) -> EcrTuiApp:
    """Return the application on a connection. Without other connections, the user cannot choose another one."""
    from ecrtui.tui.textual_fixes.class_definitions import define_classes_faster

    define_classes_faster()
    from ecrtui.tui.app import EcrTuiApp

    return EcrTuiApp(connect, settings, start, demo=demo, connections=connections)


def run_application(
    connection: Connection, start: Reference, flags: Mapping[str, Any], launched: LaunchedProcess | None = None
) -> int:
    """Run the application until the user quits; return the exit code.

    Args:
        connection: the user's options.
        start: the repository, image or list to open first.
        flags: settings from the command line.
        launched: the registry process; None to start it after the first frame.
    """
    from ecrtui.tui.last_writes import finish_writes

    settings = load_settings(flags)
    log_to_file(connection)
    process = registry_process(launched)
    connections = ProcessConnections(settings, process)
    session_factory = connections.open(connection)
    app = create_app(session_factory, settings, start, demo=connection.demo, connections=connections)
    session_factory.talk_through(app)
    connections.talk_through(app)
    try:
        app.run(mouse=settings.mouse)
    finally:
        finish_writes()
        process.close()
    return app.return_code or 0


def registry_process(launched: LaunchedProcess | None) -> RegistryProcess:
    """Return the client of a registry process: of the launched one, or of one that the first call starts."""
    from ecrtui.registry.process.client import RegistryProcess

    return RegistryProcess(launched)


def fill_in_put_image(connection: Connection, draft: PutImageDraft) -> PutImageFormResult:
    """Run only the Put image form, until an image is put or the user quits.

    Raises:
        SettingsError: the settings are not valid.
        UsageError: the log file cannot be written.
    """
    from ecrtui.tui.last_writes import finish_writes
    from ecrtui.tui.textual_fixes.class_definitions import define_classes_faster

    define_classes_faster()
    from ecrtui.tui.put_image.app import PutImageApp

    settings = load_settings({})
    log_to_file(connection)
    session_factory = SessionFactory(connection, settings)
    app = PutImageApp(session_factory, settings, draft)
    session_factory.talk_through(app)
    try:
        return app.fill_in()
    finally:
        finish_writes()
