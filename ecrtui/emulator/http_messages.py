"""HTTP requests and responses of the embedded registry, independent of their transport."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import uuid4

from ecrtui.emulator.errors import ServiceError

JSON_TYPE = "application/x-amz-json-1.1"


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
        delay: seconds to wait before the first byte.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    delivery: Delivery = Delivery.WHOLE


def json_response(content: Mapping[str, Any], status: int = 200, content_type: str = JSON_TYPE) -> Response:
    """Return a response with a JSON document, of AWS JSON 1.1 unless another content type is given."""
    return Response(status, json.dumps(content, separators=(",", ":")).encode(), headers(content_type))


def error_response(error: ServiceError) -> Response:
    """Return an error response of AWS JSON 1.1."""
    return json_response({"__type": error.code, "message": error.message, **error.members}, error.status)


def headers(content_type: str) -> dict[str, str]:
    """Return the headers of a response: its content type and a new request id."""
    return {"Content-Type": content_type, "x-amzn-RequestId": str(uuid4())}
