"""Who is still at work: each process that writes holds a lock on a file of its own beside the journal.

The kernel drops the lock when the process ends, however it ends; so a write that was begun by a process whose lock
can be had was cut off, and one whose lock is held is in flight.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import weakref
from pathlib import Path


class ProcessLock:
    """This process as an owner of journal entries; ``token`` names it in them. Its file goes when the process ends."""

    def __init__(self, journal: Path) -> None:
        for left in journal.parent.glob(f"{journal.name}-owner-*"):
            is_owner_alive(journal, left.name.rpartition("-")[2])  # what killed processes have left is cleared away
        while True:
            self.token = secrets.token_hex(8)
            path = _file(journal, self.token)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if path.exists():
                break
            os.close(descriptor)  # somebody who clears away saw it before it was locked
        self._release = weakref.finalize(self, _release, descriptor, path)

    def close(self) -> None:
        """Give the lock up; what was begun and not finished is unknown from now on."""
        self._release()


def _release(descriptor: int, path: Path) -> None:
    path.unlink(missing_ok=True)
    os.close(descriptor)


def is_owner_alive(journal: Path, token: str) -> bool:
    """Whether the owner of this token still runs. The file of one that does not is removed."""
    if not token:
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
