"""What goes in and out of the embedded registry, whichever transport carries it."""

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
    """What becomes of a response on its way to the client."""

    WHOLE = "whole"
    CUT = "cut"
    """The headers and half of the body arrive, then the connection is closed in order."""
    RESET = "reset"
    """The headers and half of the body arrive, then the connection is reset."""
    DROPPED = "dropped"
    """The connection closes before the first byte."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Args:
        headers: by lower-case name.
        endpoint: the URL that the client reached the service by; download URLs are made with it.
        region: the region if the request is not signed for one; empty for the embedded registry's own.
    """

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    endpoint: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, with what its transport shall do to it.

    Args:
        delay: seconds to wait before the first byte is sent.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    delivery: Delivery = Delivery.WHOLE


def json_response(content: Mapping[str, Any], status: int = 200) -> Response:
    """A response of AWS JSON 1.1."""
    return Response(status, json.dumps(content, separators=(",", ":")).encode(), headers(JSON_TYPE))


def error_response(error: ServiceError) -> Response:
    """An error as AWS JSON 1.1 tells it."""
    return json_response({"__type": error.code, "message": error.message, **error.members}, error.status)


def headers(content_type: str) -> dict[str, str]:
    """The headers of every answer: its type and a request id of its own."""
    return {"Content-Type": content_type, "x-amzn-RequestId": str(uuid4())}
