"""The embedded registry over HTTP, on 127.0.0.1 and nowhere else."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from urllib.parse import urlsplit

from ecrtui.emulator import layer_downloads
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.http_messages import Delivery, Request, Response, error_response, headers
from ecrtui.emulator.service import EmbeddedRegistry

HOST = "127.0.0.1"

MAX_BODY = 64 * 1024 * 1024
"""Bytes of a request: a manifest of 4 Mi characters needs 48 MiB with all of them escaped, a part of 20 MiB less."""

IDLE_TIMEOUT = 120.0
"""Seconds that a connection may lie idle."""

GRACE = 5.0
"""Seconds that requests under way have to be answered when the server stops."""


class EmbeddedServer(ThreadingHTTPServer):
    """An HTTP server for one embedded registry; a thread for each connection.

    Args:
        port: 0 picks a free one.

    Raises:
        OSError: the port cannot be had.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, embedded: EmbeddedRegistry, port: int = 0) -> None:
        self.embedded = embedded
        self._connections: set[socket.socket] = set()
        self._resets: set[socket.socket] = set()
        self._changed = threading.Condition()
        self.stopping = threading.Event()
        super().__init__((HOST, port), _Handler)

    @property
    def url(self) -> str:
        """The endpoint URL for clients."""
        return f"http://{HOST}:{self.server_port}"

    def server_bind(self) -> None:
        """Bind without the reverse lookup of the host name that the base class makes."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        """Remember the connection, so that stopping the server closes it."""
        with self._changed:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        """Close a connection, in order or with a reset."""
        with self._changed:
            reset = request in self._resets
            self._resets.discard(request)
        if reset:
            # Closing with a linger of 0 seconds sends RST; an orderly shutdown before it would send FIN.
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_request(request)
        else:
            super().shutdown_request(request)
        with self._changed:
            self._connections.discard(request)
            self._changed.notify_all()

    def reset_on_close(self, request: socket.socket) -> None:
        """Have a connection reset when it is closed."""
        with self._changed:
            self._resets.add(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that have gone away; anything else is a fault of ours, to be seen."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def stop(self) -> None:
        """Take no more connections, let requests under way be answered, close everything. Called once."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        self._hang_up(socket.SHUT_RD)  # wakes the threads that wait for another request
        with self._changed:
            self._changed.wait_for(lambda: not self._connections, GRACE)
        self._hang_up(socket.SHUT_RDWR)

    def _hang_up(self, how: int) -> None:
        with self._changed:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(how)


@contextmanager
def serve(embedded: EmbeddedRegistry, port: int = 0) -> Iterator[str]:
    """Serve the registry on 127.0.0.1 while the block runs; gives the endpoint's URL.

    Args:
        port: 0 picks a free one.

    Raises:
        OSError: the port cannot be had.
    """
    server = EmbeddedServer(embedded, port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="embedded registry", daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One connection. HTTP/1.1: kept alive, every answer with its length."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_TIMEOUT
    server: EmbeddedServer
    wbufsize = 64 * 1024

    def do_POST(self) -> None:
        """A call of the API."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self._refuse(ServiceError("MissingContentLength", "The request has no Content-Length.", 411))
        elif int(length) > MAX_BODY:
            self._refuse(ServiceError("RequestEntityTooLarge", f"The request is larger than {MAX_BODY} bytes.", 413))
        else:
            body = self.rfile.read(int(length))
            if len(body) < int(length):
                self.close_connection = True
                return
            names = {name.lower(): value for name, value in self.headers.items()}
            self._deliver(self.server.embedded.handle(Request(body, names, self.server.url)))

    def do_GET(self) -> None:
        """The content of a layer."""
        embedded = self.server.embedded
        content: list[layer_downloads.LayerContent] = []

        def answer() -> Response:
            try:
                content.append(layer_downloads.find_content(embedded.database, urlsplit(self.path).path))
            except ServiceError as error:
                return error_response(error)
            return Response(200, b"", headers("application/octet-stream"))

        response = embedded.respond(layer_downloads.OPERATION, answer)
        if response.status == 200 and content:
            self._stream(response, content[0])
        else:
            self._deliver(response)

    def _stream(self, response: Response, content: layer_downloads.LayerContent) -> None:
        """Deliver a response of which the content is the body."""
        self._deliver(response, content, content.size)

    def _deliver(self, response: Response, pieces: Iterable[bytes] = (), length: int | None = None) -> None:
        """Send a response, or what its delivery leaves of it.

        Args:
            pieces: the body, if it is not the response's own.
            length: bytes of the pieces together.
        """
        self.server.stopping.wait(response.delay)
        if response.delivery is Delivery.DROPPED:
            self._abort()
            return
        whole = len(response.body) if length is None else length
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(whole))
        self.end_headers()
        left = whole if response.delivery is Delivery.WHOLE else whole // 2
        for piece in pieces if length is not None else (response.body,):
            self.wfile.write(piece[:left])
            left -= len(piece[:left])
            if not left:
                break
        self.wfile.flush()
        if response.delivery is not Delivery.WHOLE or left:
            self._abort(reset=response.delivery is Delivery.RESET)

    def _abort(self, *, reset: bool = False) -> None:
        """Close the connection when this request is done with, in order or with a reset."""
        self.close_connection = True
        if reset:
            self.server.reset_on_close(self.connection)

    def _refuse(self, error: ServiceError) -> None:
        """Answer without having read the body: what follows on this connection cannot be understood."""
        self.close_connection = True
        self._deliver(error_response(error))

    def version_string(self) -> str:
        """What the ``Server`` header says."""
        return "ecrtui"

    def log_message(self, *_: object) -> None:
        """Say nothing: standard error belongs to the command that serves."""
