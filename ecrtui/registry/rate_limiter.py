"""Limit the requests per second, and slow down while the service throttles."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable

_MIN_SHARE = 1 / 16
"""The smallest share of the configured rate that throttling leads to."""

_LONGEST_PAUSE = 20.0
"""Seconds; the first pause is at most one second, and each one in a row at most twice as long as the one before."""

_RECOVERY = 1.05
"""The factor by which each request without throttling raises a lowered rate."""


class RateLimiter:
    """A token bucket with room for one token: requests are spaced evenly, never in a burst. Safe between threads.

    Throttling halves the rate and adds a pause with jitter, a longer one each time in a row. Each successful request
    raises the rate a little, up to the configured one.

    Args:
        per_second: requests a second; 0 or infinity for no limit.
        clock: a monotonic clock, in seconds.
        sleep: waits for a number of seconds.
        random_share: a random number from 0 to 1, for the jitter.
    """

    def __init__(
        self,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random_share: Callable[[], float] = random.random,
    ) -> None:
        self._interval = 1 / per_second if per_second > 0 and math.isfinite(per_second) else 0.0
        self._clock = clock
        self._sleep = sleep
        self._random_share = random_share
        self._lock = threading.Lock()
        self._share = 1.0
        self._next = -math.inf
        self._throttled_in_a_row = 0

    def acquire(self) -> None:
        """Wait until the next request is allowed."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._interval / self._share
        if turn > now:
            self._sleep(turn - now)

    def record_success(self) -> None:
        """Record a request that was not throttled."""
        with self._lock:
            self._throttled_in_a_row = 0
            self._share = min(1.0, self._share * _RECOVERY)

    def record_throttling(self) -> None:
        """Record a throttled request: the next one waits, and all of them are spaced further apart."""
        with self._lock:
            self._throttled_in_a_row += 1
            self._share = max(_MIN_SHARE, self._share / 2)
            longest = min(_LONGEST_PAUSE, 2.0 ** min(self._throttled_in_a_row - 1, 10))
            pause = longest * (0.5 + self._random_share() / 2)
            self._next = max(self._next, self._clock() + pause)

    def seconds_for(self, requests: int) -> float:
        """Return the seconds that this many requests take at the current rate."""
        with self._lock:
            if not requests:
                return 0.0
            waiting = max(0.0, self._next - self._clock())
            return waiting + (requests - 1) * self._interval / self._share


_shared: dict[tuple[object, float], RateLimiter] = {}
_shared_lock = threading.Lock()


def shared_limiter(key: object, per_second: float) -> RateLimiter:
    """Return the limiter of a registry that the whole process shares: ECR's quotas are per account and region."""
    with _shared_lock:
        return _shared.setdefault((key, per_second), RateLimiter(per_second))
