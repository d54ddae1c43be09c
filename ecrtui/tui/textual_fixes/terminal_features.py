"""What terminfo and the environment say about the terminal.

Defect: Textual asks neither what the terminal can do, except for the number of colors.
Upstream: no issue known.
Delete this module when Textual's driver asks, and :mod:`ecrtui.application` can read there how a theme is shown.
"""

from __future__ import annotations

import os
from typing import Any, cast

ECH = b"\x1b[%p1%dX"
"""The sequence that erases characters at the cursor, as terminfo writes it."""


def erases_in_color(fileno: int) -> bool:
    """Return True if the terminal can erase characters (``ech``) and fills them with the background (``bce``).

    Without a description of the terminal, the answer is False.

    Args:
        fileno: The terminal.
    """
    try:
        import curses  # here, because it takes some milliseconds
    except ImportError:  # Python was built without it
        return False
    try:
        curses.setupterm(fd=fileno)
    except curses.error:
        return False
    return curses.tigetflag("bce") == 1 and curses.tigetstr("ech") == ECH


def shows_bright_backgrounds() -> bool:
    """Return False on the Linux console, which shows them as the dark ones (``console_codes(4)``)."""
    return not _is_linux_console()


def has_16_colors() -> bool:
    """Return True if Textual draws in 16 colors, so that different colors of a theme can be the same on the screen.

    It does so for a ``TERM`` without a number of colors, such as ``xterm``, unless ``COLORTERM`` says more. With
    ``NO_COLOR``, it draws grays.
    """
    from rich.console import Console
    from textual import constants

    console = Console(color_system=cast(Any, constants.COLOR_SYSTEM), force_terminal=True)
    return console.color_system == "standard" and "NO_COLOR" not in os.environ


def marks_pastes() -> bool:
    """Return False in terminals without bracketed paste: GNU screen before version 5, and the Linux console."""
    return "STY" not in os.environ and not _is_linux_console()


def is_gnu_screen() -> bool | None:
    """Return True in GNU screen; None if only the terminal itself can answer, as in SSH from a screen."""
    if "STY" in os.environ:
        return True
    may_be_screen = os.environ.get("TERM", "").startswith("screen") and "TMUX" not in os.environ
    return None if may_be_screen else False


def _is_linux_console() -> bool:
    """Return True on the Linux console; its descriptions are ``linux``, ``linux-16color``, ``linux-m`` …"""
    return os.environ.get("TERM", "").split("-")[0] == "linux"
