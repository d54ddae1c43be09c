"""An HTTP server for the embedded registry. It listens on 127.0.0.1 only."""

from __future__ import annotations

import socket
import sqlite3
import struct
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from ecrtui.emulator import layer_downloads
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.http_messages import Delivery, Request, Response, error_response, headers
from ecrtui.emulator.service import EmbeddedRegistry

HOST = "127.0.0.1"

MAX_BODY = 64 * 1024 * 1024
"""Bytes; the largest request body. A manifest of 4 Mi characters needs 48 MiB if all are escaped."""

IDLE_TIMEOUT = 120.0
"""Seconds; the server closes a connection that is idle for longer."""

GRACE = 5.0
"""Seconds; a stopping server waits this long for requests in progress."""

LINGER = 2.0
"""Seconds; the longest pause in a rejected request while the server discards the rest of it."""


class EmbeddedServer(ThreadingHTTPServer):
    """An HTTP server for one embedded registry, with a thread per connection.

    Args:
        port: 0 picks a free port.

    Raises:
        OSError: the port is not available.
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
        """Bind without the reverse DNS lookup of the base class."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        """Keep track of the connection, so that :meth:`stop` can close it."""
        with self._changed:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        """Close a connection, or reset it after :meth:`reset_on_close`."""
        with self._changed:
            reset = request in self._resets
            self._resets.discard(request)
        if reset:
            # Closing with a linger of 0 seconds sends RST; a shutdown before it would send FIN.
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_request(request)
        else:
            super().shutdown_request(request)
        with self._changed:
            self._connections.discard(request)
            self._changed.notify_all()

    def reset_on_close(self, request: socket.socket) -> None:
        """Reset this connection when it is closed."""
        with self._changed:
            self._resets.add(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnected. Print any other exception: it is a defect."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def stop(self) -> None:
        """Stop accepting connections, finish the requests in progress, close all connections. Call once."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        self._hang_up(socket.SHUT_RD)  # wake the threads that wait for the next request
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
    """Serve the registry on 127.0.0.1 while the block runs; yield the endpoint URL.

    Args:
        port: 0 picks a free port.

    Raises:
        OSError: the port is not available.
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
    """One connection: HTTP/1.1 with keep-alive. Every response has a Content-Length.

    Every request gets a response, and every error has ECR's shape.
    """

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # the base class sends no status line for HTTP/0.9
    disable_nagle_algorithm = True
    timeout = IDLE_TIMEOUT
    server: EmbeddedServer
    wbufsize = 64 * 1024

    def do_POST(self) -> None:
        """Handle an API request."""
        length = _content_length(self.headers.get("Content-Length", ""))
        if length is None:
            self._reject(ServiceError("MissingContentLength", "The request has no valid Content-Length.", 411))
        elif length > MAX_BODY:
            self._reject(ServiceError("RequestEntityTooLarge", f"The request is larger than {MAX_BODY} bytes.", 413))
        else:
            body = self.rfile.read(length)
            if len(body) < length:
                message = f"The request ends after {len(body)} of {length} bytes."
                self._reject(ServiceError("SerializationException", message))
                return
            names = {name.lower(): value for name, value in self.headers.items()}
            self._deliver(self.server.embedded.handle(Request(body, names, self.server.url)))

    def do_GET(self) -> None:
        """Handle a download of a layer."""
        embedded = self.server.embedded
        content: list[layer_downloads.LayerContent] = []

        def find() -> Response:
            content.append(layer_downloads.find_content(embedded.database, layer_downloads.download_path(self.path)))
            return Response(200, b"", headers("application/octet-stream"))

        response = embedded.respond(layer_downloads.OPERATION, find)
        if response.status == 200 and content:
            self._deliver(response, content[0], content[0].size)
        else:
            self._deliver(response)

    def _deliver(self, response: Response, chunks: Iterable[bytes] = (), length: int | None = None) -> None:
        """Send a response, or the part of it that its delivery allows.

        Args:
            chunks: the body, if it is not the response's own.
            length: bytes of all chunks.
        """
        self.server.stopping.wait(response.delay)
        if response.delivery is Delivery.DROPPED:
            self._close_after_request()
            return
        whole = len(response.body) if length is None else length
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(whole))
        self.end_headers()
        left = whole if response.delivery is Delivery.WHOLE else whole // 2
        if self.command != "HEAD":
            left -= self._send_body(chunks if length is not None else (response.body,), left)
        self.wfile.flush()
        if response.delivery is not Delivery.WHOLE or left:
            self._close_after_request(reset=response.delivery is Delivery.RESET)

    def _send_body(self, chunks: Iterable[bytes], limit: int) -> int:
        """Send at most this many bytes of the chunks; return the number sent."""
        sent = 0
        # An error in the middle of a body can only be shown by ending it early.
        with suppress(sqlite3.Error):
            for chunk in chunks:
                part = chunk[: limit - sent]
                self.wfile.write(part)
                sent += len(part)
                if sent == limit:
                    break
        return sent

    def _close_after_request(self, *, reset: bool = False) -> None:
        """Close the connection after this request, normally or with a reset."""
        self.close_connection = True
        if reset:
            self.server.reset_on_close(self.connection)

    def _reject(self, error: ServiceError) -> None:
        """Reply without reading the body, discard the rest of the request, and close the connection.

        Closing with unread data would reset the connection, and the client could lose the response.
        """
        self.close_connection = True
        self._deliver(error_response(error))
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER)
            while self.rfile.read1(1024 * 1024):
                pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Reply to a request that is not HTTP as served here, in ECR's shape instead of HTML."""
        status = HTTPStatus(code)
        name = status.phrase.title().replace(" ", "").replace("-", "")
        self._reject(ServiceError(name, message or explain or status.description, code))

    def version_string(self) -> str:
        """Return the ``Server`` header."""
        return "ecrtui"

    def log_message(self, *_: object) -> None:
        """Log nothing: standard error belongs to the command that serves."""


def _content_length(text: str) -> int | None:
    # isdecimal() alone also accepts digits of other scripts, and int() refuses more than 4,300 digits.
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None
