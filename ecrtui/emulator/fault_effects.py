"""What a fault does to one request: the network and the busy service, as a client meets them."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.http_messages import Delivery, Response, error_response, headers

Handler = Callable[[], Response]
"""Carries the request out and gives the answer."""


class Effect(ABC):
    """What a fault does to one request."""

    def triggers(self) -> bool:
        """Whether this request is struck, asked once for every request that the fault is for."""
        return True

    @abstractmethod
    def apply(self, answer: Handler) -> Response:
        """The response that the client gets in place of ``answer()``."""


@dataclass(frozen=True)
class Latency(Effect):
    """The answer comes later. In-process and over HTTP, a client that waits for less sees its read time out."""

    seconds: float

    def apply(self, answer: Handler) -> Response:
        """The answer, delayed."""
        response = answer()
        return replace(response, delay=response.delay + self.seconds)


@dataclass(frozen=True)
class ErrorReply(Effect):
    """An error of the service in place of carrying the request out."""

    code: str
    status: int = 400
    message: str = "a fault was asked for"

    def apply(self, answer: Handler) -> Response:
        """The error; nothing is carried out."""
        return error_response(ServiceError(self.code, self.message, self.status))


@dataclass(frozen=True)
class GatewayError(Effect):
    """What a load balancer says when the service behind it does not: a status and a body without JSON."""

    status: int = 503

    def apply(self, answer: Handler) -> Response:
        """The bare status; nothing is carried out."""
        return Response(self.status, b"<html><body><b>Service Unavailable</b></body></html>", headers("text/html"))


@dataclass(frozen=True)
class DropBefore(Effect):
    """The connection closes and nothing was carried out."""

    def apply(self, answer: Handler) -> Response:
        """No byte arrives."""
        return Response(0, delivery=Delivery.DROPPED)


@dataclass(frozen=True)
class DropAfter(Effect):
    """The connection closes although the request was carried out: the lost reply."""

    def apply(self, answer: Handler) -> Response:
        """No byte of the answer arrives."""
        return replace(answer(), delivery=Delivery.DROPPED)


@dataclass(frozen=True)
class CutBody(Effect):
    """The request was carried out, and the body of the answer stops halfway.

    botocore does not hold a body against its Content-Length: what it makes of half of a JSON document is an answer
    without members, not an error. Whoever cares has to look for the members that it must have.
    """

    def apply(self, answer: Handler) -> Response:
        """Half of the answer arrives."""
        return replace(answer(), delivery=Delivery.CUT)


@dataclass(frozen=True)
class ResetConnection(Effect):
    """The request was carried out, and the connection is reset in the middle of the answer's body."""

    def apply(self, answer: Handler) -> Response:
        """Half of the answer arrives, then the client's read fails."""
        return replace(answer(), delivery=Delivery.RESET)


class RateLimit(Effect):
    """ThrottlingException for what exceeds so many requests a second: a token bucket, as AWS has."""

    def __init__(
        self, per_second: float, burst: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = max(1.0, per_second if burst is None else burst)
        self._clock = clock
        self._tokens = self._burst
        self._filled_at = clock()

    def triggers(self) -> bool:
        """Whether the bucket is empty; takes a token if it is not."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._tokens < 1:
            return True
        self._tokens -= 1
        return False

    def apply(self, answer: Handler) -> Response:
        """ThrottlingException."""
        return THROTTLE.apply(answer)


@dataclass(frozen=True)
class RunBefore(Effect):
    """Something else happens just before the request is carried out: how a test makes a race certain."""

    action: Callable[[], object]

    def apply(self, answer: Handler) -> Response:
        """The answer, after the action."""
        self.action()
        return answer()


THROTTLE = ErrorReply("ThrottlingException", 400, "Rate exceeded")
