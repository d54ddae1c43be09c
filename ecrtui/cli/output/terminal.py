"""What standard output is."""

from __future__ import annotations

import os
import sys


def on_terminal() -> bool:
    """Whether standard output is a terminal."""
    try:
        return os.isatty(sys.stdout.fileno())
    except (AttributeError, OSError, ValueError):
        return False


def terminal_width(default: int = 80) -> int:
    """The columns of standard output, if it is a terminal."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (AttributeError, OSError, ValueError):
        return default
