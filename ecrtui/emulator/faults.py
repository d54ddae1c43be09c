"""Faults on demand: what a network and a busy service do to a client, for tests and for ``serve --fault SPEC``.

A spec is ``OPERATION:KIND[:NAME=VALUE]...``. OPERATION is an ECR operation (``PutImage``), ``DownloadLayer`` for the
content of a layer, or ``*`` for everything. The kinds, with the names that each takes:

=============  ==============================  ====================================================================
latency        seconds                         the answer comes that much later; the request was carried out at once
error          code, status=400, message       that error instead of an answer; nothing is carried out
throttle       message                         ``error`` with ThrottlingException and status 400
unavailable    status=503                      that status and a body without JSON; nothing is carried out
drop-before                                    the connection closes without an answer; nothing was carried out
drop-after                                     the connection closes without an answer, **after** the write was applied
cut                                            the request is carried out, the answer's body ends halfway
reset                                          the request is carried out, the connection is reset within the answer
rate           per_second, burst=per_second    ThrottlingException for what exceeds the rate (a token bucket)
=============  ==============================  ====================================================================

Every kind also takes ``times`` (how often it strikes, then never again), ``after`` (how many calls it lets pass
first), ``probability`` (0 to 1) and ``seed`` (makes the probability repeatable).
Examples: ``PutImage:drop-after:times=1``, ``*:throttle:probability=0.1:seed=7``, ``PutImage:rate:per_second=10``.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from ecrtui.emulator.fault_effects import (
    THROTTLE,
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
from ecrtui.emulator.http_messages import Response


class FaultSpecError(ValueError):
    """A fault spec cannot be understood; the text says what is wrong and what there is."""


@dataclass
class Fault:
    """An effect, which operation it is for and how often it strikes.

    Args:
        operation: an operation's name, ``DownloadLayer``, or ``*``.
        times: how often it strikes at most; None for always.
        after: how many requests it lets pass first.
        probability: how likely it strikes a request.
        seed: makes the probability repeatable.
    """

    operation: str
    effect: Effect
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    seed: int | None = None
    hits: int = field(default=0, init=False)
    """How often it has struck."""

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
    """The faults of one embedded registry; they come and go while it runs, from any thread."""

    def __init__(self, *specs: str | Fault) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        for spec in specs:
            self.add(spec)

    def add(self, fault: str | Fault) -> Fault:
        """Add a fault, as an object or as a spec; the object, which counts its hits and can be removed.

        Raises:
            FaultSpecError: the spec cannot be understood.
        """
        added = parse_fault(fault) if isinstance(fault, str) else fault
        with self._lock:
            self._faults.append(added)
        return added

    def before(self, operation: str, action: Callable[[], object], *, times: int | None = 1) -> Fault:
        """Have this happen just before the operation is carried out."""
        return self.add(Fault(operation, RunBefore(action), times=times))

    def remove(self, fault: Fault) -> None:
        """Take a fault away; it may be gone already."""
        with self._lock:
            self._faults = [other for other in self._faults if other is not fault]

    def clear(self) -> None:
        """Take every fault away."""
        with self._lock:
            self._faults.clear()

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter(tuple(self._faults))

    def respond(self, operation: str, answer: Handler) -> Response:
        """The answer to a request of this operation, through every fault that strikes it, the first added innermost."""
        with self._lock:
            effects = [fault.effect for fault in self._faults if fault._triggers(operation)]
        for effect in effects:
            answer = partial(effect.apply, answer)
        return answer()


def _latency(options: dict[str, str]) -> Effect:
    return Latency(_pop_number(options, "seconds"))


def _error(options: dict[str, str]) -> Effect:
    code = options.pop("code", "")
    if not code:
        raise FaultSpecError("error needs code=NAME, as in PutImage:error:code=AccessDeniedException")
    status = int(_pop_number(options, "status", 400))
    return ErrorReply(code, status, options.pop("message", f"{code} was asked for as a fault"))


def _throttle(options: dict[str, str]) -> Effect:
    return replace(THROTTLE, message=options.pop("message", THROTTLE.message))


def _unavailable(options: dict[str, str]) -> Effect:
    return GatewayError(int(_pop_number(options, "status", 503)))


def _rate(options: dict[str, str]) -> Effect:
    per_second = _pop_number(options, "per_second")
    return RateLimit(per_second, _pop_number(options, "burst", per_second))


_KINDS: dict[str, Callable[[dict[str, str]], Effect]] = {
    "latency": _latency,
    "error": _error,
    "throttle": _throttle,
    "unavailable": _unavailable,
    "drop-before": lambda _: DropBefore(),
    "drop-after": lambda _: DropAfter(),
    "cut": lambda _: CutBody(),
    "reset": lambda _: ResetConnection(),
    "rate": _rate,
}


def parse_fault(spec: str) -> Fault:
    """The fault that a spec describes; the grammar is this module's docstring.

    Raises:
        FaultSpecError: what is wrong with the spec, and what there is.
    """
    try:
        return _parse_fault(spec)
    except FaultSpecError as error:
        raise FaultSpecError(f"the fault {spec!r} cannot be understood: {error}") from None


def _parse_fault(spec: str) -> Fault:
    operation, _, rest = spec.partition(":")
    kind, _, tail = rest.partition(":")
    if operation != "*" and not operation.isalnum():
        raise FaultSpecError("it begins with an operation, or * for every one, as in PutImage:drop-after")
    if kind not in _KINDS:
        raise FaultSpecError(f"{kind!r} is not a kind of fault; there are {', '.join(_KINDS)}")
    options = _parse_options(tail)
    fault = Fault(
        operation,
        _KINDS[kind](options),
        times=int(_pop_number(options, "times")) if "times" in options else None,
        after=int(_pop_number(options, "after", 0)),
        probability=_pop_number(options, "probability", 1.0),
        seed=int(_pop_number(options, "seed")) if "seed" in options else None,
    )
    if options:
        raise FaultSpecError(f"{kind} takes no {', '.join(options)}")
    if fault.probability > 1:
        raise FaultSpecError("probability is between 0 and 1")
    return fault


def _parse_options(text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in text.split(":") if text else []:
        name, equals, value = part.partition("=")
        if not equals or not name or not value:
            raise FaultSpecError(f"{part!r} is not NAME=VALUE")
        if name in options:
            raise FaultSpecError(f"{name} is given twice")
        options[name] = value
    return options


def _pop_number(options: dict[str, str], name: str, default: float | None = None) -> float:
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
    return number
