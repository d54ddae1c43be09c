"""Close the SQLite connections that threads share."""

from __future__ import annotations

import sqlite3
import threading
import weakref


def close_with_owner(owner: object, connection: sqlite3.Connection, lock: threading.Lock | threading.RLock) -> None:
    """Close a connection when its owner is freed, and at the end of the process: SQLite then merges its log.

    A daemon thread can use the connection when the process ends. Python crashes if the connection is closed meanwhile
    (``get_statement_from_cache`` of CPython 3.11 calls a cache that is gone), so such a connection stays open. SQLite
    then merges the log the next time.

    Args:
        owner: the object that uses the connection.
        connection: the connection.
        lock: held whenever the connection is used.
    """
    weakref.finalize(owner, _close_unused, connection, lock)


def _close_unused(connection: sqlite3.Connection, lock: threading.Lock | threading.RLock) -> None:
    if lock.acquire(blocking=False):
        try:
            connection.close()
        finally:
            lock.release()
