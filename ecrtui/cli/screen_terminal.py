"""Whether the terminal can show the screens of the application."""

from __future__ import annotations

import os
import sys

PRINTING_TERMINALS = {
    *("dumb", "unknown", "emacs", "glasstty", "lpr", "printer"),
    *("arpanet", "bussplexer", "dialup", "ethernet", "network", "patch", "plugboard", "switch"),
}
"""Values of TERM for terminals and editors that only print lines (terminfo, "Specials" and generic connections)."""


def missing_terminal() -> str:
    """Return what the application lacks to draw its screens; empty if it has a terminal."""
    if not all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stdout__)):
        return "the application needs a terminal"
    name = os.environ.get("TERM", "")
    if is_printing_terminal(name):
        return f"the application needs a terminal that can move its cursor, and TERM={name} cannot"
    return ""


def is_printing_terminal(name: str) -> bool:
    """Return True if a terminal of this name cannot move its cursor. An unknown or empty name is tried."""
    return name.lower().partition("-")[0] in PRINTING_TERMINALS
