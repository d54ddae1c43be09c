"""The sha256 of the bytes that uploads received so far, so that completing an upload need not read them again."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

_MOST = 1_000
"""Uploads whose digests stay in memory. For another one, :meth:`RunningDigests.digest` reads its bytes."""


class _Running(NamedTuple):
    size: int
    sha256: hashlib._Hash


class RunningDigests:
    """The digests of the uploads of one database in this process. Thread-safe.

    A digest covers the first bytes of an upload. Another process may have received the next ones, or an earlier
    process the first ones: what is missing is read from the database.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: OrderedDict[str, _Running] = OrderedDict()

    def add(self, upload_id: str, first_byte: int, content: bytes) -> None:
        """Add stored bytes to the digest of an upload if it covers all bytes before them."""
        running = self._take(upload_id)
        if running.size == first_byte:
            running.sha256.update(content)
            running = running._replace(size=first_byte + len(content))
        if running.size:
            self._keep(upload_id, running)

    def digest(self, upload_id: str, size: int, read: Callable[[int], Iterable[bytes]]) -> str:
        """Return the digest of the first bytes of an upload; empty if not all of them are stored (a damaged file).

        Args:
            size: the number of bytes.
            read: returns the stored bytes from a position to ``size``.
        """
        running = self._take(upload_id)
        if running.size > size:
            running = _Running(0, hashlib.sha256())
        for piece in read(running.size):
            running.sha256.update(piece)
            running = running._replace(size=running.size + len(piece))
        self._keep(upload_id, running)
        return "sha256:" + running.sha256.hexdigest() if running.size == size else ""

    def forget(self, upload_id: str) -> None:
        """Forget an upload that ended."""
        with self._lock:
            self._running.pop(upload_id, None)

    def _take(self, upload_id: str) -> _Running:
        # Taken out, so that no two threads update one hash. The other thread begins a new one.
        with self._lock:
            return self._running.pop(upload_id, None) or _Running(0, hashlib.sha256())

    def _keep(self, upload_id: str, running: _Running) -> None:
        with self._lock:
            self._running[upload_id] = running
            while len(self._running) > _MOST:
                self._running.popitem(last=False)
