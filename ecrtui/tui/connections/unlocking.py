"""Allow writes to a read-only registry for some minutes."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from ecrtui.errors import EcrTuiError
from ecrtui.tui import blocking
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.header_state import HeaderState
from ecrtui.tui.overlays.prompt import TextPrompt

if TYPE_CHECKING:
    from ecrtui.session import SessionSource
    from ecrtui.tui.connections.sources_app import SourcesApp


async def change_lock(app: SourcesApp, screen: AppScreen) -> None:
    """Allow writes to the registry of a screen if the user confirms it; if they are allowed, refuse them again.

    Call this in a worker.
    """
    source = screen.acting_source
    try:
        until = await _ask(screen, source)
    except EcrTuiError as error:
        screen.notify_error(error)
        return
    if until is not None:
        _show_lock(app, source, until)
    if until:
        app.set_timer(until - time.time(), partial(_show_end, app, source))


async def _ask(screen: AppScreen, source: SessionSource) -> float | None:
    """Change the lock of an account. Each one is unlocked on its own: the question names it.

    Returns:
        When writes are refused again, in seconds since 1970; 0 if they are refused now; None if nothing changed.

    Raises:
        EcrTuiError: nothing is connected, or writes cannot be allowed.
    """
    session = await blocking.run_blocking(source)
    engine, minutes = session.engine, session.settings.unlock_minutes
    if not engine.read_only:
        engine.unlock(0)
        return 0
    engine.check_unlock()
    known = screen.header_state if screen.connect is source else HeaderState()
    question = f"Allow writes{known.connected_to(session).registry_in_words()} for {minutes:g} min? Type yes."
    answer: str | None = await screen.app.push_screen_wait(TextPrompt(question, "allow writes"))
    if answer is not None and answer.lower() != "yes":
        screen.notify("Writes are still refused: the answer was not yes.")
    return engine.unlock(60 * minutes) if (answer or "").lower() == "yes" else None


def _show_end(app: SourcesApp, source: SessionSource) -> None:
    """Show that the time has ended, unless writes were allowed again meanwhile."""
    if source.opened is not None and source.opened.unlocked_until <= time.time():
        _show_lock(app, source, 0)


def _show_lock(app: SourcesApp, source: SessionSource, until: float) -> None:
    app.update_headers(source, lambda state: state._replace(unlocked_until=until))
    for screen in app.screen_stack:
        if isinstance(screen, AppScreen):
            screen.lock_changed()
            screen.refresh_bindings()
