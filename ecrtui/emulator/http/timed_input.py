"""The bytes that a client sends over a connection, with deadlines."""

from __future__ import annotations

import io
import socket
import time
from typing import Any

from ecrtui.emulator.errors import ServiceError

_SHORTEST_WAIT = 0.001
"""Seconds; the timeout of a socket after its deadline. Zero would make the socket non-blocking."""


class TimedInput(io.RawIOBase):
    """The bytes that a client sends, with a limit for each pause and a deadline.

    Args:
        idle: seconds; the longest pause.
    """

    def __init__(self, connection: socket.socket, idle: float) -> None:
        super().__init__()
        self._connection = connection
        self._idle = idle
        self._part = ""
        self._deadline: float | None = None

    def expect(self, part: str, seconds: float | None, *, pause: float | None = None) -> None:
        """Set the time in which a part of a request must arrive.

        Args:
            part: its name for the error; empty if the client expects no answer.
            seconds: None for no deadline.
            pause: seconds; the longest pause from now on, if it changes.
        """
        self._idle = self._idle if pause is None else pause
        self._part = part
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Receive some bytes.

        Raises:
            ServiceError: RequestTimeout, as from S3, for a part of a request.
            TimeoutError: the client sends nothing, and expects no answer.
        """
        left = self._idle if self._deadline is None else min(self._idle, self._deadline - time.monotonic())
        try:
            self._connection.settimeout(max(left, _SHORTEST_WAIT))
            return self._connection.recv_into(buffer)
        except TimeoutError:
            if self._part:
                message = f"The {self._part} of the request did not arrive in time."
                raise ServiceError("RequestTimeout", message, 408) from None
            raise
        finally:
            self._connection.settimeout(self._idle)  # for sending
