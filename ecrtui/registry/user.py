"""How the registry reaches the user while it signs in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class User:
    """Ways to ask and to tell the user. The thread that signs in calls them."""

    mfa_code: Callable[[str], str] | None = None
    """Asks for the code of an MFA device: takes the question, returns the code. None if nobody can answer."""
    on_waiting: Callable[[str], None] = lambda _: None
    """Tells what the sign-in waits for; called with an empty text when it waits no longer."""
    on_new_credentials: Callable[[], None] = lambda: None
    """Tells that other credentials of the same account sign the requests from now on. The caller may be another."""
