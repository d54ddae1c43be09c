"""How the registry reaches the user while it signs in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class User:
    """Functions that ask or inform the user. The thread that signs in calls them."""

    mfa_code: Callable[[str], str] | None = None
    """Takes the question and returns the code of the MFA device. None if ecrtui cannot ask the user."""
    on_waiting: Callable[[str], None] = lambda _: None
    """Shows what the sign-in waits for. The text is empty when the sign-in no longer waits."""
    on_new_credentials: Callable[[], None] = lambda: None
    """Reports that other credentials of the same account sign the requests from now on. The caller may differ."""
