"""Faults on demand: injected network failures and service errors, for tests and for ``serve --fault SPEC``."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from ecrtui.emulator import layer_downloads
from ecrtui.emulator.fault_effects import (
    THROTTLE,
    CorruptBody,
    CutBody,
    DropAfter,
    DropBefore,
    Effect,
    ErrorReply,
    GatewayError,
    Handler,
    Latency,
    RateLimit,
    ResetConnection,
    RunBefore,
)
from ecrtui.emulator.http.messages import Response

MAX_LATENCY = 86_400.0
"""Seconds; the longest ``latency``."""


class FaultSpecError(ValueError):
    """A fault specification is invalid; the text says why."""


@dataclass
class Fault:
    """An effect on the requests of one operation, with limits on when it triggers.

    Args:
        operation: the name of an operation, ``DownloadLayer``, or ``*``.
        times: the largest number of requests to affect; None for no limit.
        after: the number of requests to let pass first.
        probability: the chance of affecting a request, 0 to 1.
        seed: makes the random choices repeatable.
    """

    operation: str
    effect: Effect
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    seed: int | None = None
    hits: int = field(default=0, init=False)
    """The number of requests affected so far."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - no secret
        self._passed = 0

    def _triggers(self, operation: str) -> bool:
        if self.operation not in ("*", operation) or (self.times is not None and self.hits >= self.times):
            return False
        if self._passed < self.after:
            self._passed += 1
            return False
        if self._random.random() >= self.probability or not self.effect.triggers():
            return False
        self.hits += 1
        return True


class Faults:
    """The faults of one embedded registry. Thread-safe; they can change while the registry runs."""

    def __init__(self, *specs: str | Fault) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        for spec in specs:
            self.add(spec)

    def add(self, fault: str | Fault) -> Fault:
        """Add a fault and return it. The object counts its hits and can be removed.

        Raises:
            FaultSpecError: the specification is invalid.
        """
        added = parse_fault(fault) if isinstance(fault, str) else fault
        with self._lock:
            self._faults.append(added)
        return added

    def before(self, operation: str, action: Callable[[], object], *, times: int | None = 1) -> Fault:
        """Add a fault that runs an action just before each request of this operation."""
        return self.add(Fault(operation, RunBefore(action), times=times))

    def remove(self, fault: Fault) -> None:
        """Remove a fault if it is there."""
        with self._lock:
            self._faults = [other for other in self._faults if other is not fault]

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter(tuple(self._faults))

    def respond(self, operation: str, handler: Handler) -> Response:
        """Return the response to a request with the effects of all faults that trigger, the oldest fault innermost."""
        with self._lock:
            effects = [fault.effect for fault in self._faults if fault._triggers(operation)]
        for effect in effects:
            handler = partial(effect.apply, handler)
        return handler()


def _latency(options: dict[str, str]) -> Effect:
    return Latency(_pop_number(options, "seconds", maximum=MAX_LATENCY))


def _error(options: dict[str, str]) -> Effect:
    code = options.pop("code", "")
    if not code:
        raise FaultSpecError("error needs code=NAME, as in PutImage:error:code=AccessDeniedException")
    return ErrorReply(code, _pop_status(options, 400), options.pop("message", f"{code}: injected fault"))


def _throttle(options: dict[str, str]) -> Effect:
    return replace(THROTTLE, message=options.pop("message", THROTTLE.message))


def _unavailable(options: dict[str, str]) -> Effect:
    return GatewayError(_pop_status(options, 503))


def _expired(_: dict[str, str]) -> Effect:
    error = layer_downloads.expired()
    return ErrorReply(error.code, error.status, error.message)


def _rate(options: dict[str, str]) -> Effect:
    per_second = _pop_number(options, "per_second")
    return RateLimit(per_second, _pop_number(options, "burst", per_second))


class FaultKind(NamedTuple):
    """A kind of fault that a specification can name.

    Args:
        options: the options that only this kind takes, with their defaults.
        effect: what the fault does.
        make: takes its options out of those of the specification and returns the effect.
    """

    options: str
    effect: str
    make: Callable[[dict[str, str]], Effect]


KINDS = {
    "latency": FaultKind("seconds", "answers later; carries the request out at once", _latency),
    "error": FaultKind("code, status=400, message", "answers with this error; carries nothing out", _error),
    "throttle": FaultKind("message", "answers with ThrottlingException and status 400; carries nothing out", _throttle),
    "unavailable": FaultKind(
        "status=503", "answers with this status and a body that is not JSON; carries nothing out", _unavailable
    ),
    "drop-before": FaultKind(
        "", "closes the connection without an answer; carries nothing out", lambda _: DropBefore()
    ),
    "drop-after": FaultKind(
        "", "carries the request out and closes the connection without an answer", lambda _: DropAfter()
    ),
    "cut": FaultKind("", "carries the request out and ends the body halfway", lambda _: CutBody()),
    "corrupt": FaultKind("", "carries the request out and changes one byte of the body", lambda _: CorruptBody()),
    "expired": FaultKind("", "only for `DownloadLayer`: answers that the URL expired, with status 403", _expired),
    "reset": FaultKind(
        "", "carries the request out and resets the connection within the answer", lambda _: ResetConnection()
    ),
    "rate": FaultKind(
        "per_second, burst=per_second", "answers with ThrottlingException above this rate (a token bucket)", _rate
    ),
}
"""The kinds of fault, for the specification, the help and the documentation."""


def parse_fault(spec: str) -> Fault:
    """Parse a fault specification: ``OPERATION:KIND[:NAME=VALUE]...``, such as ``PutImage:drop-after:times=1``.

    Raises:
        FaultSpecError: the specification is invalid.
    """
    try:
        return _parse_fault(spec)
    except FaultSpecError as error:
        raise FaultSpecError(f"{spec!r}: {error}") from None


def _parse_fault(spec: str) -> Fault:
    operation, _, rest = spec.partition(":")
    kind, _, tail = rest.partition(":")
    _check_operation(operation, kind)
    options = _parse_options(tail)
    fault = Fault(
        operation,
        KINDS[kind].make(options),
        times=int(_pop_number(options, "times")) if "times" in options else None,
        after=int(_pop_number(options, "after", 0)),
        probability=_pop_number(options, "probability", 1.0, maximum=1.0),
        seed=int(_pop_number(options, "seed")) if "seed" in options else None,
    )
    if options:
        raise FaultSpecError(f"{kind} has no option {', '.join(options)}")
    return fault


def _check_operation(operation: str, kind: str) -> None:
    if operation != "*" and not operation.isalnum():
        raise FaultSpecError("it must begin with an operation, or * for all of them, as in PutImage:drop-after")
    if kind not in KINDS:
        raise FaultSpecError(f"{kind!r} is not a kind of fault; use {', '.join(KINDS)}")
    if kind == "expired" and operation != layer_downloads.OPERATION:
        raise FaultSpecError(f"only download URLs expire; use {layer_downloads.OPERATION}:expired")


def _parse_options(text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in text.split(":") if text else []:
        name, equals, value = part.partition("=")
        if not (equals and name.isidentifier()) and next(reversed(options), "") == "message":
            options["message"] += f":{part}"  # the messages of AWS contain ARNs and sentences with a colon
            continue
        if not equals or not name or not value:
            raise FaultSpecError(f"{part!r} is not NAME=VALUE")
        if name in options:
            raise FaultSpecError(f"{name} occurs twice")
        options[name] = value
    return options


def _pop_status(options: dict[str, str], default: int) -> int:
    status = int(_pop_number(options, "status", default))
    if not 400 <= status <= 599:
        raise FaultSpecError(f"status={status} is not an error status; use 400 to 599")
    return status


def _pop_number(
    options: dict[str, str], name: str, default: float | None = None, *, maximum: float = float("inf")
) -> float:
    text = options.pop(name, None)
    if text is None:
        if default is None:
            raise FaultSpecError(f"it needs {name}=NUMBER")
        return default
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise FaultSpecError(f"{name}={text} is not a number of 0 or more")
    if number > maximum:
        raise FaultSpecError(f"{name}={text} is too large; the maximum is {maximum:,g}")
    return number
