"""The encoding of the user's locale, which Python hides.

Python replaces the locales C and POSIX by C.UTF-8 in its own environment (PEP 538) or encodes all text in UTF-8
(PEP 540). The terminal still is what the locale says. Standard library only.
"""

from __future__ import annotations

import locale
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_VARIABLES = ("LC_ALL", "LC_CTYPE", "LANG")
"""The variables that name the locale of characters. POSIX: the first one with a value wins."""

_COERCED = {"C.UTF-8", "C.utf8", "UTF-8"}
"""The values that Python gives to ``LC_CTYPE`` (PEP 538)."""


@cache
def is_utf8_locale() -> bool:
    """Return True if the locale in which the user started the program encodes text in UTF-8."""
    return names_utf8(_initial_environment())


def names_utf8(environment: Mapping[str, str]) -> bool:
    """Return True if these variables name a locale that encodes text in UTF-8.

    A name with an encoding counts even if the locale is not installed: ssh passes on the locale of the user's
    terminal. Without a name the locale is C.
    """
    name = next((value for variable in _VARIABLES if (value := environment.get(variable))), "C")
    language, _, encoding = name.partition("@")[0].partition(".")
    if encoding or language in ("C", "POSIX"):
        return _is_utf8(encoding)
    return _is_utf8(language) or _is_utf8(locale.nl_langinfo(locale.CODESET))  # macOS has a locale named UTF-8


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "") == "utf8"


def _initial_environment() -> Mapping[str, str]:
    """Return the environment in which the process started; what is known now, on a system without ``/proc``."""
    if os.environ.get("LC_CTYPE") not in _COERCED:
        return os.environ
    try:
        entries = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return os.environ
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in (entry.partition(b"=") for entry in entries)}
