"""Text that tries to act on a terminal, and the check that it cannot."""

from __future__ import annotations

import unicodedata

HOSTILE = (
    "\x1b]0;title\x07 \x9b31m \u202eevil\u202c \u200b\u2028\r\n\t\ud800 [/] [@click=app.quit]x[/] $primary e\u0301"
)


def is_harmless(shown: str) -> bool:
    """Return True if the text has no control, format or line separator, no surrogate and nothing unassigned."""
    return all(unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for character in shown)
