"""Effects of faults on a request: network failures and a busy service, as a client sees them."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.http.messages import BodyStream, Delivery, Response, error_response, headers

Handler = Callable[[], Response]
"""Runs a request and returns its response."""


class Effect(ABC):
    """The effect of a fault on one request."""

    def triggers(self) -> bool:
        """Return True to affect this request. Called once for each request that matches the fault."""
        return True

    @abstractmethod
    def apply(self, handler: Handler) -> Response:
        """Return the response that replaces ``handler()``."""


@dataclass(frozen=True)
class Latency(Effect):
    """Delay the response. A client whose read timeout is shorter times out, in-process and over HTTP."""

    seconds: float

    def apply(self, handler: Handler) -> Response:
        """Run the request and delay its response."""
        response = handler()
        return replace(response, delay=response.delay + self.seconds)


@dataclass(frozen=True)
class ErrorReply(Effect):
    """Reply with an error of the service and do not run the request."""

    code: str
    status: int = 400
    message: str = "injected fault"

    def apply(self, handler: Handler) -> Response:
        """Return the error."""
        return error_response(ServiceError(self.code, self.message, self.status))


@dataclass(frozen=True)
class GatewayError(Effect):
    """Reply as a load balancer without a backend does: a status, and a body that is not JSON."""

    status: int = 503

    def apply(self, handler: Handler) -> Response:
        """Return the status; do not run the request."""
        return Response(self.status, b"<html><body><b>Service Unavailable</b></body></html>", headers("text/html"))


@dataclass(frozen=True)
class DropBefore(Effect):
    """Close the connection and do not run the request."""

    def apply(self, handler: Handler) -> Response:
        """Return a response of which no byte arrives."""
        return Response(0, delivery=Delivery.DROPPED)


@dataclass(frozen=True)
class DropAfter(Effect):
    """Run the request and close the connection without a reply: a lost reply."""

    def apply(self, handler: Handler) -> Response:
        """Run the request; no byte of the response arrives."""
        return replace(handler(), delivery=Delivery.DROPPED)


@dataclass(frozen=True)
class CutBody(Effect):
    """Run the request and end the body halfway.

    botocore does not compare the body with its Content-Length. It parses half a JSON document as an empty response, not
    as an error, so callers must check for required members.
    """

    def apply(self, handler: Handler) -> Response:
        """Run the request; half of the body arrives."""
        return replace(handler(), delivery=Delivery.CUT)


@dataclass(frozen=True)
class CorruptContent:
    """A body with one changed byte, in its middle."""

    content: BodyStream

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.content.length

    def __iter__(self) -> Iterator[bytes]:
        left = self.length // 2
        for piece in self.content:
            yield _with_changed_byte(piece, left) if 0 <= left < len(piece) else piece
            left -= len(piece)


@dataclass(frozen=True)
class CorruptBody(Effect):
    """Run the request and change one byte of the body of a successful response."""

    def apply(self, handler: Handler) -> Response:
        """Run the request; a byte in the middle of the body is another one."""
        response = handler()
        if response.status >= 400:
            return response
        if response.content is not None:
            return replace(response, content=CorruptContent(response.content))
        body = response.body
        return replace(response, body=_with_changed_byte(body, len(body) // 2) if body else body)


@dataclass(frozen=True)
class ResetConnection(Effect):
    """Run the request and reset the connection in the middle of the body."""

    def apply(self, handler: Handler) -> Response:
        """Run the request; half of the body arrives, then the client's read fails."""
        return replace(handler(), delivery=Delivery.RESET)


def _with_changed_byte(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]


class RateLimit(Effect):
    """Reply with ThrottlingException above a rate: a token bucket, as on AWS."""

    def __init__(
        self, per_second: float, burst: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = max(1.0, per_second if burst is None else burst)
        self._clock = clock
        self._tokens = self._burst
        self._filled_at = clock()

    def triggers(self) -> bool:
        """Take a token, or return True if the bucket is empty."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._tokens < 1:
            return True
        self._tokens -= 1
        return False

    def apply(self, handler: Handler) -> Response:
        """Return ThrottlingException."""
        return THROTTLE.apply(handler)


@dataclass(frozen=True)
class RunBefore(Effect):
    """Run an action just before the request, so that a test can force a race."""

    action: Callable[[], object]

    def apply(self, handler: Handler) -> Response:
        """Run the action, then the request."""
        self.action()
        return handler()


THROTTLE = ErrorReply("ThrottlingException", 400, "Rate exceeded")
