"""Raw HTTP: send any bytes to a server and read its responses."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

TARGET = "AmazonEC2ContainerRegistry_V20150921."


@dataclass(frozen=True)
class HttpResponse:
    """One response.

    Args:
        headers: by lower-case name.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The body as a JSON object."""
        document: dict[str, Any] = json.loads(self.body)
        return document


class RawResponse(HttpResponse):
    """One response of the ECR API, of STS or of a download."""

    @property
    def code(self) -> str:
        """The error code; empty for a success."""
        if self.headers.get("content-type") == "application/xml":
            return ElementTree.fromstring(self.body).findtext("Code", "")  # noqa: S314 - from our server
        return str(self.document.get("__type", ""))


def connect(url: str) -> socket.socket:
    """Connect to a server."""
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port), timeout=60)


def post(
    operation: str = "DescribeRegistry", body: bytes = b"{}", *, host: str = "127.0.0.1", headers: bytes = b""
) -> bytes:
    """Return the bytes of an API request; headers are further lines with their line ends."""
    head = f"POST / HTTP/1.1\r\nHost: {host}\r\nX-Amz-Target: {TARGET}{operation}\r\nContent-Length: {len(body)}\r\n"
    return head.encode("latin-1") + headers + b"\r\n" + body


def exchange(url: str, sent: bytes) -> list[RawResponse]:
    """Send bytes and end the sending side; return all responses until the server closes the connection.

    Raises:
        ValueError: the server sent something else than whole HTTP responses.
    """
    with connect(url) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return read_responses(connection)


def read_responses(connection: socket.socket) -> list[RawResponse]:
    """Read responses until the server closes the connection; leave out ``100 Continue``.

    Raises:
        ValueError: the server sent something else than whole HTTP responses.
    """
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    responses = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = first.split(" ", 2)
        if version != "HTTP/1.1":
            raise ValueError(f"not a status line: {first!r}")
        if status == "100":
            continue
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers["content-length"])
        body, received = received[:length], received[length:]
        if len(body) < length:
            raise ValueError(f"the body ends after {len(body)} of {length} bytes")
        responses.append(RawResponse(int(status), headers, body))
    return responses
