"""An HTTP server for the embedded registry. It listens on 127.0.0.1 only."""

from __future__ import annotations

import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from socketserver import TCPServer

from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.http.connection import HttpConnection
from ecrtui.emulator.operations.layers import MAX_LAYER_SIZE
from ecrtui.emulator.service import EmbeddedRegistry

HOST = "127.0.0.1"

MAX_BODY = 64 * 1024 * 1024
"""Bytes; the largest request body. A manifest of 4 Mi characters needs 48 MiB if all are escaped."""

GRACE = 5.0
"""Seconds; a stopping server waits this long for requests in progress."""

_ACCEPT_PAUSE = 0.1
"""Seconds between two attempts to accept a connection while no file descriptor is left."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may use of the server.

    Args:
        connections: connections at once; a new one replaces one that is idle, or waits. A request on a file needs up
            to three file descriptors besides, and a process often has 1,024.
        body: bytes of one request body.
        bodies: bytes of all request bodies in memory at once. Reading one needs up to three times its bytes besides.
        layer: bytes of a layer that a client of the distribution API sends in one request.
        idle: seconds; the longest pause of a connection.
        head: seconds in which the request line and the headers must arrive.
        body_seconds: seconds in which the body must arrive.
        linger: seconds; the longest pause of a rejected request while the server reads the rest of it.
    """

    connections: int = 200
    body: int = MAX_BODY
    bodies: int = 2 * MAX_BODY
    layer: int = MAX_LAYER_SIZE
    idle: float = 120.0
    head: float = 30.0
    body_seconds: float = 600.0
    linger: float = 2.0


class BodyMemory:
    """The memory for the bodies of all requests in progress.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._lock = threading.Lock()

    @contextmanager
    def share(self) -> Iterator[Callable[[int], None]]:
        """Yield a function that takes bytes for one request; the end of the block gives them back.

        The function raises ServiceError if so many bytes are not left.
        """
        total = 0

        def take(size: int) -> None:
            nonlocal total
            with self._lock:
                if self._taken + size > self._limit:
                    message = f"The requests in progress have more than {self._limit} bytes together. Try again."
                    raise ServiceError("ServiceUnavailable", message, 503)
                self._taken += size
                total += size

        try:
            yield take
        finally:
            with self._lock:
                self._taken -= total


class EmbeddedServer(ThreadingHTTPServer):
    """An HTTP server for one embedded registry, with a thread per connection.

    Args:
        port: 0 picks a free port.
        limits: what clients may use.

    Raises:
        OSError: the port is not available.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, embedded: EmbeddedRegistry, port: int = 0, limits: Limits = Limits()) -> None:
        self.embedded = embedded
        self.limits = limits
        self.body_memory = BodyMemory(limits.bodies)
        self._connections: set[socket.socket] = set()
        self._idle: dict[socket.socket, None] = {}  # in the order in which they became idle
        self._resets: set[socket.socket] = set()
        self._changed = threading.Condition()
        self.stopping = threading.Event()
        super().__init__((HOST, port), HttpConnection)

    @property
    def url(self) -> str:
        """The endpoint URL for clients."""
        return f"http://{HOST}:{self.server_port}"

    def server_bind(self) -> None:
        """Bind without the reverse DNS lookup of the base class."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept a connection. Wait while there are too many, or while no file descriptor is left."""
        with self._changed:
            while len(self._connections) >= self.limits.connections and not self.stopping.is_set():
                self._close_an_idle_connection()
                self._changed.wait()
        try:
            return super().get_request()
        except OSError:
            # The base class tries again at once. Without a pause it would be busy until a descriptor is free.
            with self._changed:
                self._close_an_idle_connection()
            self.stopping.wait(_ACCEPT_PAUSE)
            raise

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        """Keep track of the connection, so that :meth:`stop` can close it."""
        with self._changed:
            self._connections.add(request)
        super().process_request(request, client_address)

    def mark_idle(self, request: socket.socket) -> None:
        """Note that a connection got its response: it may be closed to make room."""
        with self._changed:
            self._idle[request] = None
            self._changed.notify_all()

    def mark_busy(self, request: socket.socket) -> None:
        """Note that a request arrives on a connection."""
        with self._changed:
            self._idle.pop(request, None)

    def _close_an_idle_connection(self) -> None:
        for connection in self._idle:
            del self._idle[connection]
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)  # its thread then sees the end of the requests
            return

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        """Close a connection, or reset it after :meth:`reset_on_close`."""
        with self._changed:
            reset = request in self._resets
            self._resets.discard(request)
        try:
            if reset:
                # Closing with a linger of 0 seconds sends RST; a shutdown before it would send FIN.
                request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_request(request)
            else:
                super().shutdown_request(request)
        finally:
            with self._changed:
                self._connections.discard(request)
                self._idle.pop(request, None)
                self._changed.notify_all()

    def reset_on_close(self, request: socket.socket) -> None:
        """Reset this connection when it is closed."""
        with self._changed:
            self._resets.add(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log the failure of a connection: standard error belongs to the command that serves."""
        _log.debug("a connection failed", exc_info=True)

    def stop(self) -> None:
        """Stop accepting connections, finish the requests in progress, close all connections. Call once."""
        self.stopping.set()
        with self._changed:
            self._changed.notify_all()
        self.shutdown()
        self.server_close()
        self._shut_down_connections(socket.SHUT_RD)  # wake the threads that wait for the next request
        with self._changed:
            self._changed.wait_for(lambda: not self._connections, GRACE)
        self._shut_down_connections(socket.SHUT_RDWR)

    def _shut_down_connections(self, how: int) -> None:
        with self._changed:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(how)


@contextmanager
def serve(embedded: EmbeddedRegistry, port: int = 0, limits: Limits = Limits()) -> Iterator[str]:
    """Serve the registry on 127.0.0.1 while the block runs; yield the endpoint URL.

    Args:
        port: 0 picks a free port.
        limits: what clients may use.

    Raises:
        OSError: the port is not available.
    """
    server = EmbeddedServer(embedded, port, limits)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="embedded registry", daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join()
