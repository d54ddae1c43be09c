"""At most so many writes a second, fewer when the service asks for fewer."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable

_SLOWEST = 1 / 16
"""The share of the wished rate that throttling can bring it down to."""

_RECOVERY = 1.05
"""What each write that was not throttled multiplies a lowered rate by."""


class RateLimiter:
    """A token bucket that holds one token: writes are spread evenly and never come in a burst. Safe between threads.

    When the service throttles, the rate is halved and everybody waits a jittered while, longer each time in a row; each
    write that succeeds brings the rate a little back up to the wished one.

    Args:
        per_second: writes a second; 0 or infinity for no limit.
        clock: seconds that never go back.
        sleep: waits so many seconds.
        random_share: a number from 0 to 1, for the jitter.
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

    @property
    def unlimited(self) -> bool:
        """Whether nothing is waited for, as long as the service does not throttle."""
        return self._interval == 0

    def acquire(self) -> None:
        """Wait for the turn of one write."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._interval / self._share
        if turn > now:
            self._sleep(turn - now)

    def record_success(self) -> None:
        """A write was answered without a throttling error."""
        with self._lock:
            self._throttled_in_a_row = 0
            self._share = min(1.0, self._share * _RECOVERY)

    def record_throttling(self) -> None:
        """The service asked for fewer requests: whoever is next waits a while, and then more between any two."""
        with self._lock:
            self._throttled_in_a_row += 1
            self._share = max(_SLOWEST, self._share / 2)
            longest = min(20.0, 0.5 * 2.0**self._throttled_in_a_row)
            pause = longest * (0.5 + self._random_share() / 2)
            self._next = max(self._next, self._clock() + pause)

    def seconds_for(self, writes: int) -> float:
        """How long so many writes take from now on, at the pace as it is."""
        with self._lock:
            if not writes:
                return 0.0
            waiting = max(0.0, self._next - self._clock())
            return waiting + (writes - 1) * self._interval / self._share


_shared: dict[tuple[object, float], RateLimiter] = {}
_shared_lock = threading.Lock()


def shared_limiter(key: object, per_second: float) -> RateLimiter:
    """The pace that everybody in this process keeps who writes to the same registry: ECR's quotas are per account and
    region.
    """
    with _shared_lock:
        return _shared.setdefault((key, per_second), RateLimiter(per_second))
