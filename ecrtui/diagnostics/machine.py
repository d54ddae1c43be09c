"""This machine: versions, the terminal and the locale."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import sqlite3
import ssl
import sys
from collections.abc import Iterator, Mapping

from ecrtui import __version__
from ecrtui.diagnostics.report import Check, Status
from ecrtui.locale_encoding import is_utf8_locale

_PACKAGES = ("textual", "rich", "boto3", "botocore")
_TERMINAL_VARIABLES = ("TERM", "COLORTERM", "NO_COLOR", "TERM_PROGRAM", "TMUX", "STY", "SSH_TTY")
_LOCALE_VARIABLES = ("LC_ALL", "LC_CTYPE", "LANG")
_COLORS = {"truecolor": "16 million", "256": "256", "standard": "16", None: "none"}


def versions() -> Iterator[Check]:
    """Yield the versions of ecrtui and of what it runs on."""
    yield Check("ecrtui", __version__)
    yield Check("Python", f"{platform.python_version()} ({sys.executable})")
    for package in _PACKAGES:
        yield Check(package, importlib.metadata.version(package))
    yield Check("SQLite", sqlite3.sqlite_version)
    yield Check("OpenSSL", ssl.OPENSSL_VERSION)
    yield Check("system", platform.platform())


def terminal(environment: Mapping[str, str], missing: str) -> Iterator[Check]:
    """Yield what the terminal can do.

    Args:
        environment: the environment variables.
        missing: what the application lacks to draw its screens; empty if it has a terminal.
    """
    size = shutil.get_terminal_size()
    if missing:
        yield Check("screens", missing, Status.WARNING, hint="Use the commands: ecrtui --help lists them.")
    else:
        yield Check("size", f"{size.columns}x{size.lines}")
    yield Check("colors", _COLORS.get(_color_system(), "not known"))
    yield from (
        Check(name, environment[name] or "(empty)", source="environment")
        for name in _TERMINAL_VARIABLES
        if name in environment
    )
    yield _locale(environment)


def _color_system() -> str | None:
    from rich.console import Console  # only a command that draws loads it

    return Console(force_terminal=True).color_system


def _locale(environment: Mapping[str, str]) -> Check:
    source = next((name for name in _LOCALE_VARIABLES if environment.get(name)), "")
    name = environment.get(source, "not set, which means C")
    if is_utf8_locale():
        return Check("locale", name, source=source)
    return Check(
        "locale",
        f"{name}: not UTF-8, so screens and messages are ASCII",
        Status.WARNING,
        source,
        "If the terminal shows UTF-8, set LC_ALL=C.UTF-8.",
    )
