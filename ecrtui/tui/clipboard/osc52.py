r"""The control sequence that copies to the clipboard of the terminal (OSC 52).

xterm, "Operating System Commands": ``OSC 52 ; c ; BASE64 BEL``. ``c`` is the clipboard, and the only selection that
mosh takes. A terminal that takes the sequence says so with attribute 52 in its answer to ``CSI c``:
https://github.com/contour-terminal/vt-extensions/blob/master/clipboard-extension.md
"""

from __future__ import annotations

import base64
from typing import Final

MAX_LENGTH: Final = 74_994
"""Characters of base64 that terminals take; hterm's ``osc52.sh`` has the same limit. Some terminals take less."""

SCREEN_STRING: Final = 768
"""Bytes of a control string that GNU screen takes (MAXSTR)."""

ATTRIBUTES_QUERY: Final = "\x1b[c"
"""Asks the terminal for its attributes (DA1)."""

COPIES: Final = 52
"""The attribute of a terminal whose clipboard can be written."""

_SCREEN_START, _SCREEN_END = "\x1bP", "\x1b\\"


def encoded_length(text: str) -> int:
    """Return the characters of base64 that the text becomes."""
    return -(-len(text.encode("utf-8", "replace")) // 3) * 4


def copy_sequence(text: str, *, in_screen: bool) -> str:
    """Return the sequence that copies a text; empty if the text is too long.

    Args:
        text: the text.
        in_screen: True to wrap it for GNU screen, which drops it otherwise. screen passes the content of a DCS
            string on to its own terminal, so that pieces of the sequence follow each other there.
    """
    if encoded_length(text) > MAX_LENGTH:
        return ""
    sequence = f"\x1b]52;c;{base64.b64encode(text.encode('utf-8', 'replace')).decode()}\x07"
    if not in_screen:
        return sequence
    room = SCREEN_STRING - len(_SCREEN_START) - len(_SCREEN_END)
    pieces = (sequence[at : at + room] for at in range(0, len(sequence), room))
    return "".join(f"{_SCREEN_START}{piece}{_SCREEN_END}" for piece in pieces)
