"""The journal of writes."""

from __future__ import annotations

from pathlib import Path

from ecrtui.errors import EcrTuiError


class JournalError(EcrTuiError):
    """The journal cannot be read or written; without it nothing is sent to the registry."""


class Journal:
    """Every write that was ever begun, in an SQLite file; in memory if there is no path."""

    def __init__(self, path: Path | None) -> None:
        raise NotImplementedError
