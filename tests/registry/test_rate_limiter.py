"""The rate limiter, with a clock that the test controls."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.registry.rate_limiter import RateLimiter, shared_limiter


class Clock:
    """A clock that moves only during a sleep."""

    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds

    def limiter(self, per_second: float, share: float = 1.0) -> RateLimiter:
        return RateLimiter(per_second, clock=lambda: self.now, sleep=self.sleep, random_share=lambda: share)


@given(st.integers(1, 60), st.floats(0.5, 200), st.lists(st.floats(0, 2), max_size=60))
def test_writes_run_at_the_limit_and_never_faster(writes: int, per_second: float, pauses: list[float]) -> None:
    clock = Clock()
    limiter = clock.limiter(per_second)
    times = []
    for number in range(writes):
        limiter.acquire()
        times.append(clock.now)
        limiter.record_success()
        clock.now += pauses[number] if number < len(pauses) else 0
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(gap >= 1 / per_second - 1e-6 for gap in gaps)
    if not any(pauses):
        assert times[-1] - times[0] <= (writes - 1) / per_second + 1e-6


@given(st.sampled_from([0.0, -1.0, math.inf]))
def test_without_a_limit_no_write_waits(per_second: float) -> None:
    clock = Clock()
    limiter = clock.limiter(per_second)
    for _ in range(50):
        limiter.acquire()
    assert clock.now == 100.0
    assert limiter.seconds_for(1000) == 0


def test_throttling_slows_down_and_success_restores_the_rate() -> None:
    clock = Clock()
    limiter = clock.limiter(10)
    waits = []
    for _ in range(3):
        limiter.record_throttling()
        before = clock.now
        limiter.acquire()
        waits.append(clock.now - before)
    assert waits == sorted(waits) and waits[0] >= 1
    slow = limiter.seconds_for(100)
    for _ in range(200):
        limiter.acquire()
        limiter.record_success()
    assert limiter.seconds_for(100) < slow / 4
    assert math.isclose(limiter.seconds_for(101) - limiter.seconds_for(1), 10, rel_tol=0.01)


def test_throttling_adds_a_pause_even_without_a_limit() -> None:
    clock = Clock()
    limiter = clock.limiter(0)
    limiter.record_throttling()
    limiter.acquire()
    assert clock.now > 100.0


def test_the_pause_stays_bounded_after_many_throttled_requests() -> None:
    clock = Clock()
    limiter = clock.limiter(0)
    for _ in range(2000):
        limiter.record_throttling()
    limiter.acquire()
    assert math.isclose(clock.now, 120.0)


def test_the_pause_has_jitter_between_half_and_full_length() -> None:
    waits = []
    for share in (0.0, 1.0):
        clock = Clock()
        limiter = clock.limiter(1000, share)
        limiter.record_throttling()
        limiter.acquire()
        waits.append(clock.now - 100.0)
    assert math.isclose(waits[1], 2 * waits[0])


def test_the_remaining_seconds_are_estimated() -> None:
    clock = Clock()
    limiter = clock.limiter(10)
    assert limiter.seconds_for(0) == 0
    assert math.isclose(limiter.seconds_for(11), 1.0)
    limiter.acquire()
    assert math.isclose(limiter.seconds_for(10), 1.0)


def test_one_registry_has_one_limiter_in_a_process() -> None:
    assert shared_limiter("a", 10) is shared_limiter("a", 10)
    assert shared_limiter("a", 10) is not shared_limiter("b", 10)
