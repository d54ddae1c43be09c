"""One HTTP connection to the embedded registry: read requests, check them, send responses."""

from __future__ import annotations

import io
import logging
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from ecrtui.emulator import layer_downloads, sts
from ecrtui.emulator.distribution import api as distribution
from ecrtui.emulator.distribution.messages import DistributionRequest
from ecrtui.emulator.distribution.routes import METHODS, is_distribution_path
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.http import head as http_head
from ecrtui.emulator.http.body import RequestBody
from ecrtui.emulator.http.messages import Delivery, Request, Response, error_response
from ecrtui.emulator.http.timed_input import TimedInput

if TYPE_CHECKING:
    from ecrtui.emulator.http.server import EmbeddedServer

_LINE = 64 * 1024
"""Bytes; the longest request line."""

_EMPTY_LINES = 8
"""Empty lines before a request that are ignored (RFC 9112, section 2.2)."""

_MESSAGE = 300
"""Characters; the longest message about a request that is not HTTP. It may quote the request."""

_log = logging.getLogger(__name__)


class HttpConnection(BaseHTTPRequestHandler):
    """One connection: HTTP/1.1 with keep-alive. Every response has a Content-Length.

    Every request gets a response, and every error has ECR's shape.
    """

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # the base class sends no status line for HTTP/0.9
    disable_nagle_algorithm = True
    server: EmbeddedServer
    wbufsize = 64 * 1024

    def setup(self) -> None:
        """Replace the input of the base class by one with deadlines."""
        super().setup()
        self.rfile.close()
        self._input = TimedInput(self.connection, self.server.limits.idle)
        self._input.expect("", self.server.limits.head)
        self._reader = io.BufferedReader(self._input, 64 * 1024)
        self.rfile = self._reader

    def handle_one_request(self) -> None:
        """Answer one request."""
        self._start_of_response_sent = False
        self.command, self.requestline, self.request_version = "", "", self.protocol_version
        self.path = ""
        self.headers = HTTPMessage()
        try:
            if self._receive_head():
                self._answer()
            self.wfile.flush()
        except ServiceError as error:
            self._reject(error)
        except OSError:  # the client has gone, or reads too slowly
            self.close_connection = True
        except Exception as error:  # noqa: BLE001 - a defect; the client still gets a response
            _log.debug("the server failed", exc_info=True)
            self._reject(ServiceError("ServerException", f"The server failed: {type(error).__name__}: {error}", 500))

    def handle_expect_100(self) -> bool:
        """Let the client send its body, unless the request is refused anyway."""
        self._check_head()
        if not is_distribution_path(self.path):
            self._body_length()
        proceeds = super().handle_expect_100()
        self.wfile.flush()  # the client waits for it
        return proceeds

    def do_POST(self) -> None:
        """Handle an API request."""
        names = {name.lower(): value for name, value in self.headers.items()}
        with self._received_body() as body:
            response = self.server.embedded.handle(Request(body, names, self.server.url))
        self._deliver(response)

    def do_GET(self) -> None:
        """Handle a download of a layer."""
        with self._received_body():
            pass
        target = layer_downloads.download_target(self.path)
        self._deliver(self.server.embedded.download(target, self.headers.get("Range", "")))

    def _receive_head(self) -> bool:
        """Read request line and headers; return False if there are no more requests."""
        if not self._reader.peek(1):
            self.close_connection = True
            return False
        self.server.mark_busy(self.connection)
        limits = self.server.limits
        self._input.expect("head", limits.head)
        self.raw_requestline = self._first_line()
        if not self.raw_requestline:
            self.close_connection = True
            return False
        if len(self.raw_requestline) > _LINE:
            raise ServiceError("RequestUriTooLong", f"The request line is longer than {_LINE} bytes.", 414)
        return self.parse_request()

    def _first_line(self) -> bytes:
        for _ in range(_EMPTY_LINES + 1):
            line = self.rfile.readline(_LINE + 1)
            if line not in (b"\r\n", b"\n"):
                return line
        raise ServiceError("BadRequest", f"The request begins with more than {_EMPTY_LINES} empty lines.")

    def _answer(self) -> None:
        self._check_head()
        if is_distribution_path(self.path):
            self._answer_distribution()
        elif self.command == "POST":
            self.do_POST()
        else:
            self.do_GET()
        if not self.close_connection:
            self.wfile.flush()
            self.server.mark_idle(self.connection)

    def _answer_distribution(self) -> None:
        """Answer a request of the distribution API: it may send a large layer."""
        length = http_head.streamed_body_length(self.headers, limit=self.server.limits.layer)
        self._input.expect("body", None)
        names = {name.lower() for name in self.headers}
        with self.server.body_memory.share() as take_memory:
            body = RequestBody(self._reader, length, take_memory)
            request = DistributionRequest(
                self.command,
                self.path,
                {name: ", ".join(self.headers.get_all(name, [])) for name in names},
                body,
                self.server.url,
            )
            response = distribution.handle(self.server.embedded, request)
        self._input.expect("", None)
        if body.finished or response.delivery is not Delivery.WHOLE:
            self.close_connection |= not body.finished
            self._deliver(response)
        else:
            self._deliver_early(response)

    def _check_head(self) -> None:
        http_head.check_head(self.path, self.headers, needs_host=self.request_version == "HTTP/1.1")
        known = METHODS if is_distribution_path(self.path) else ("POST", "GET", "HEAD")
        if self.command not in known:
            raise ServiceError("NotImplemented", f"The server has no method {self.command[:_MESSAGE]!r}.", 501)

    def _body_length(self) -> int:
        """Return the length in bytes of a body that the server reads whole."""
        return http_head.body_length(self.headers, required=self.command == "POST", limit=self.server.limits.body)

    @contextmanager
    def _received_body(self) -> Iterator[bytes]:
        """Receive the body of the request; it counts as memory in use until the end of the block."""
        length = self._body_length()
        self._input.expect("body", self.server.limits.body_seconds)
        with self.server.body_memory.share() as take_memory:
            body = RequestBody(self._reader, length, take_memory).whole(length)
            self._input.expect("", None)
            yield body

    def _deliver(self, response: Response) -> None:
        """Send a response, or the part of it that its delivery allows."""
        self.server.stopping.wait(response.delay)
        if response.delivery is Delivery.DROPPED:
            self._close_after_request()
            return
        self._start_of_response_sent = True
        self.send_response(response.status)
        # A response to HEAD may say the length of a body that it does not have. One of 204 may not (RFC 9110, 8.6).
        lengths = {} if response.status == HTTPStatus.NO_CONTENT else {"Content-Length": str(response.length)}
        for name, value in (lengths | dict(response.headers)).items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and self._send_body(response) < response.length:
            self._close_after_request(reset=response.delivery is Delivery.RESET)
        self.wfile.flush()

    def _send_body(self, response: Response) -> int:
        """Send the body; return the number of bytes sent."""
        sent = 0
        # An error in the middle of a body can only be shown by ending it early.
        with suppress(sqlite3.Error):
            for piece in response.delivered_body():
                self.wfile.write(piece)
                sent += len(piece)
        return sent

    def _close_after_request(self, *, reset: bool = False) -> None:
        """Close the connection after this request, normally or with a reset."""
        self.close_connection = True
        if reset:
            self.server.reset_on_close(self.connection)

    def _reject(self, error: ServiceError) -> None:
        """Send an error before the request was read, and close the connection."""
        self.close_connection = True
        if not self._start_of_response_sent:
            self._deliver_early(self._error_response(error))

    def _error_response(self, error: ServiceError) -> Response:
        if is_distribution_path(self.path):
            return distribution.refuse(error, self.server.url)
        response = error_response(error)
        if "X-Amz-Target" not in self.headers and sts.is_query(self.headers.get("Content-Type", "")):
            return sts.to_xml_error(response)
        return response

    def _deliver_early(self, response: Response) -> None:
        """Send a response, discard the rest of the request, and close the connection.

        Closing with unread data would reset the connection, and the client could lose the response.
        """
        self.close_connection = True
        with suppress(OSError):
            self._deliver(response)
            self.connection.shutdown(socket.SHUT_WR)
            limits = self.server.limits
            self._input.expect("", limits.head, pause=limits.linger)
            self._discard(2 * limits.body)

    def _discard(self, limit: int) -> None:
        """Read what the client still sends, up to this many bytes."""
        while limit > 0 and (piece := self.rfile.read1(64 * 1024)):
            limit -= len(piece)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request that is not HTTP as served here. The base class calls this.

        Raises:
            ServiceError: always; the error in ECR's shape instead of HTML.
        """
        status = HTTPStatus(code)
        name = status.phrase.title().replace(" ", "").replace("-", "")
        raise ServiceError(name, (message or explain or status.description)[:_MESSAGE], code)

    def version_string(self) -> str:
        """Return the ``Server`` header."""
        return "ecrtui"

    def log_message(self, *_: object) -> None:
        """Log nothing: standard error belongs to the command that serves."""
