"""HTTP requests and responses of the embedded registry, independent of their transport."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol
from uuid import uuid4

from ecrtui.emulator.errors import ServiceError

JSON_TYPE = "application/x-amz-json-1.1"


class BodyStream(Protocol):
    """A body that is too large for memory; iterate to read it. It may end early, as after an error of the disk."""

    @property
    def length(self) -> int:
        """The number of bytes that it should have."""

    def __iter__(self) -> Iterator[bytes]: ...


class Delivery(Enum):
    """How the transport delivers a response."""

    WHOLE = "whole"
    CUT = "cut"
    """Send the headers and half of the body, then close the connection normally."""
    RESET = "reset"
    """Send the headers and half of the body, then reset the connection."""
    DROPPED = "dropped"
    """Close the connection before the first byte."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Args:
        headers: by lower-case name.
        endpoint: the URL at which the client reaches the service; download URLs begin with it.
        region: the region of an unsigned request; empty for the registry's own.
    """

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    endpoint: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, with instructions for its transport.

    Args:
        content: the body, if it is not in memory; ``body`` is empty then.
        delay: seconds to wait before the first byte.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    delivery: Delivery = Delivery.WHOLE
    content: BodyStream | None = None

    @property
    def length(self) -> int:
        """The number of bytes of the whole body."""
        return len(self.body) if self.content is None else self.content.length

    def delivered_body(self) -> Generator[bytes, None, None]:
        """Yield the part of the body that arrives at the client."""
        left = self.length if self.delivery is Delivery.WHOLE else self.length // 2
        for piece in (self.body,) if self.content is None else self.content:
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                return


def json_response(content: Mapping[str, Any], status: int = 200, content_type: str = JSON_TYPE) -> Response:
    """Return a response with a JSON document, of AWS JSON 1.1 unless another content type is given."""
    return Response(status, json.dumps(content, separators=(",", ":")).encode(), headers(content_type))


def error_response(error: ServiceError) -> Response:
    """Return an error response of AWS JSON 1.1."""
    return json_response({"__type": error.code, "message": error.message, **error.members}, error.status)


def error_members(response: Response) -> Mapping[str, Any] | None:
    """Return the members of an error response of AWS JSON 1.1; None for any other response."""
    if response.headers.get("Content-Type") != JSON_TYPE or response.status < 400:
        return None
    members: dict[str, Any] = json.loads(response.body)
    return members


def headers(content_type: str) -> dict[str, str]:
    """Return the headers of a response: its content type and a new request id."""
    return {"Content-Type": content_type, "x-amzn-RequestId": str(uuid4())}
