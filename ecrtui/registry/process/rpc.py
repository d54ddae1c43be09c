"""Remote calls between two processes over a socket pair, in both directions.

Each end calls the other by a name with arguments, and handles the calls of the other end, each in a thread of its own.
A reply can have several parts; the caller gets each part as soon as it is sent. Messages are pickled: both ends are
ecrtui, and nothing else can connect to the pair.
"""

from __future__ import annotations

import logging
import pickle
import socket
import struct
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import count
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from ecrtui.errors import ConnectionFailed, EcrTuiError, internal_error

Handler = Callable[..., Iterator[Any]]
"""Handles a call: takes its name and its arguments, yields the parts of the reply, raises EcrTuiError."""

COPY_BLOBS, STOP_COPYING = "copy_blobs", "stop_copying"
"""Calls to the registry process: copy blobs between two connections, and stop that; see ``promote/copy_calls``."""

OPEN, CLOSE = "open", "close"
"""Calls to the registry process: hold this connection under a number, and forget it."""

PROFILES = "profiles"
"""A call to the registry process that needs no connection; its number is 0."""

SSO_ROLES = "sso_roles"
"""A call to the registry process whose number is that of a user, not of a connection."""

_CALL, _PART, _ERROR, _CLOSED = range(4)
_HEADER = struct.Struct("!BQQ")
"""The kind of message, the number of the call, the size of the body in bytes."""

_log = logging.getLogger(__name__)


class ConnectionClosed(Exception):  # noqa: N818 - reads as what happened
    """The other process has ended."""


def connection_closed() -> ConnectionFailed:
    """Return the error for an operation on a connection to a registry that was closed."""
    return ConnectionFailed("The connection was closed", hint="Open it again.")


class RpcConnection:
    """One end of the socket pair.

    Args:
        link: the socket to the other end.
        handler: handles the calls of the other end.
    """

    def __init__(self, link: socket.socket, handler: Handler) -> None:
        self._link = link
        self._handler = handler
        self._send_lock = Lock()
        self._numbers = count()
        self._lock = Lock()
        self._waiting: dict[int, SimpleQueue[tuple[int, bytes | bytearray]]] = {}
        self.closed = False
        """True once the other end has ended."""

    def listen(self) -> None:
        """Receive messages until the other end closes."""
        try:
            while len(header := self._read(_HEADER.size)) == _HEADER.size:
                kind, number, size = _HEADER.unpack(header)
                body = self._read(size)
                if len(body) < size:  # the other end ended while it sent this
                    break
                self._receive(kind, number, body)
        except OSError as problem:
            _log.debug("the connection to the other process failed: %s", problem)
        with self._lock:
            self.closed = True
            for replies in self._waiting.values():
                replies.put((_CLOSED, b""))

    def _read(self, size: int) -> bytearray:
        """Return this many bytes, or fewer if the other end has closed.

        One call receives a whole page. After each call, this thread waits for the one that draws.
        """
        body = bytearray(size)
        received = 0
        with memoryview(body) as view:
            while received < size and (count := self._link.recv_into(view[received:], 0, socket.MSG_WAITALL)):
                received += count
        del body[received:]
        return body

    def call(self, name: str, *arguments: Any) -> ReplyStream:
        """Call the other end; return as soon as the call is sent.

        Raises:
            ConnectionClosed: the other end has ended. It has not handled the call.
        """
        number = next(self._numbers)
        replies: SimpleQueue[tuple[int, bytes | bytearray]] = SimpleQueue()
        with self._lock:
            if self.closed:
                raise ConnectionClosed
            self._waiting[number] = replies
        try:
            self._send(_CALL, number, (name, arguments))
        except OSError as problem:
            self.closed = True
            self._forget(number)
            raise ConnectionClosed(str(problem)) from problem
        return ReplyStream(replies, lambda: self._forget(number))

    def _forget(self, number: int) -> None:
        with self._lock:
            self._waiting.pop(number, None)

    def _send(self, kind: int, number: int, value: Any) -> None:
        message = BytesIO(bytes(_HEADER.size))
        message.seek(_HEADER.size)
        pickle.dump(value, message, pickle.HIGHEST_PROTOCOL)
        with message.getbuffer() as view:
            _HEADER.pack_into(view, 0, kind, number, len(view) - _HEADER.size)
            with self._send_lock:  # one call sends all: after each call, this thread waits for the one that draws
                self._link.sendall(view)

    def _receive(self, kind: int, number: int, body: bytearray) -> None:
        if kind == _CALL:
            Thread(target=self._reply, args=(number, body), daemon=True, name=f"call {number}").start()
            return
        with self._lock:
            replies = self._waiting.get(number)
        if replies is not None:
            replies.put((kind, body))

    def _reply(self, number: int, body: bytearray) -> None:
        try:
            try:
                name, arguments = pickle.loads(body)  # noqa: S301 - from our own process
                for part in self._handler(name, *arguments):
                    self._send(_PART, number, part)
            except EcrTuiError as error:
                self._send(_ERROR, number, error)
            except Exception as problem:  # noqa: BLE001 - the caller waits for a reply
                _log.exception("call %d failed", number)
                self._send(_ERROR, number, internal_error(problem))
        except OSError as problem:
            _log.debug("the reply to call %d was not sent: %s", number, problem)


class ReplyStream:
    """The parts of one reply, in order. A caller that does not need the rest drops it."""

    def __init__(self, replies: SimpleQueue[tuple[int, bytes | bytearray]], forget: Callable[[], None]) -> None:
        self._replies = replies
        self._forget = forget

    def next(self) -> Any:
        """Wait for the next part.

        Raises:
            EcrTuiError: raised by the other end.
            ConnectionClosed: the other end ended before it sent this part.
        """
        kind, body = self._replies.get()
        if kind == _CLOSED:
            raise ConnectionClosed
        value = pickle.loads(body)  # noqa: S301 - from our own process
        if kind == _ERROR:
            raise value
        return value

    def __del__(self) -> None:
        self._forget()
