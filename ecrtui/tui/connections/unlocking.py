"""Allow writes to a read-only registry for some minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrtui.tui import blocking
from ecrtui.tui.header_state import HeaderState
from ecrtui.tui.overlays.prompt import TextPrompt

if TYPE_CHECKING:
    from ecrtui.session import SessionSource
    from ecrtui.tui.base_screen import AppScreen


async def change_lock(screen: AppScreen, source: SessionSource) -> float | None:
    """Allow writes to the registry of a source if the user confirms it; if they are allowed, refuse them again.

    Each account is unlocked on its own: the question names it. Call this in a worker.

    Args:
        screen: what the user looks at.
        source: the source of the session.

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
    answer: str | None = await screen.app.push_screen_wait(TextPrompt(question))
    return engine.unlock(60 * minutes) if (answer or "").lower() == "yes" else None
