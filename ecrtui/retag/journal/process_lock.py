"""Detect whether the process that started a write still runs.

Each process that writes holds a lock on its own file beside the journal. The kernel releases the lock when the process
ends for any reason. So an unfinished write is in flight while the lock is held, and was interrupted once it is free.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import weakref
from pathlib import Path

_TOKEN = re.compile(r"[0-9a-f]{16}")


class ProcessLock:
    """The lock of this process. ``token`` names the process in its journal entries; the file is deleted at exit."""

    def __init__(self, journal: Path) -> None:
        for leftover in journal.parent.glob(f"{journal.name}-owner-*"):
            is_owner_alive(journal, leftover.name.rpartition("-")[2])  # deletes the files of killed processes
        while True:
            self.token = secrets.token_hex(8)  # it matches _TOKEN
            path = _file(journal, self.token)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if path.exists():
                break
            os.close(descriptor)  # another process deleted it as a leftover before it was locked
        self._release = weakref.finalize(self, _release, descriptor, path)

    def close(self) -> None:
        """Release the lock. Unfinished writes of this process become unknown."""
        self._release()


def _release(descriptor: int, path: Path) -> None:
    path.unlink(missing_ok=True)
    os.close(descriptor)


def is_owner_alive(journal: Path, token: str) -> bool:
    """Return True if the process with this token still runs; delete its file if it does not.

    A text that is not a token, as in a damaged row, names no process.

    Raises:
        OSError: the system does not say whether it runs.
    """
    if not _TOKEN.fullmatch(token):
        return False
    path = _file(journal, token)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)


def _file(journal: Path, token: str) -> Path:
    return journal.with_name(f"{journal.name}-owner-{token}")
