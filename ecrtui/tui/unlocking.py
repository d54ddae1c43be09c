"""Allow writes to a read-only registry for some minutes."""

from __future__ import annotations

from ecrtui.tui.base_screen import AppScreen, place_in_words
from ecrtui.tui.overlays.prompt import TextPrompt


async def change_lock(screen: AppScreen) -> float | None:
    """Allow writes to the registry of a screen if the user confirms it; if they are allowed, refuse them again.

    Call it in a worker.

    Returns:
        When writes are refused again, in seconds since 1970; 0 if they are refused now; None if nothing changed.

    Raises:
        EcrTuiError: nothing is connected, or writes cannot be allowed.
    """
    session = await screen.session()
    engine, minutes = session.engine, session.settings.unlock_minutes
    if not engine.read_only:
        engine.unlock(0)
        return 0
    question = f"Allow writes{place_in_words(screen)} for {minutes:g} min? Type yes."
    answer: str | None = await screen.app.push_screen_wait(TextPrompt(question))
    return engine.unlock(60 * minutes) if (answer or "").lower() == "yes" else None
