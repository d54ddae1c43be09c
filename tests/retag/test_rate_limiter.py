"""The pace of writes, on a clock of the test's own."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.retag.rate_limiter import RateLimiter, shared_limiter


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds

    def pace(self, per_second: float, share: float = 1.0) -> RateLimiter:
        return RateLimiter(per_second, clock=lambda: self.now, sleep=self.sleep, random_share=lambda: share)


@given(st.integers(1, 60), st.floats(0.5, 200), st.lists(st.floats(0, 2), max_size=60))
def test_writes_never_come_faster_than_the_limit_and_are_no_slower(
    writes: int, per_second: float, pauses: list[float]
) -> None:
    clock = Clock()
    pace = clock.pace(per_second)
    times = []
    for number in range(writes):
        pace.acquire()
        times.append(clock.now)
        pace.record_success()
        clock.now += pauses[number] if number < len(pauses) else 0
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(gap >= 1 / per_second - 1e-6 for gap in gaps)
    if not any(pauses):
        assert times[-1] - times[0] <= (writes - 1) / per_second + 1e-6


@given(st.sampled_from([0.0, -1.0, math.inf]))
def test_without_a_limit_nothing_is_waited_for(per_second: float) -> None:
    clock = Clock()
    pace = clock.pace(per_second)
    for _ in range(50):
        pace.acquire()
    assert clock.now == 100.0
    assert pace.unlimited
    assert pace.seconds_for(1000) == 0


def test_throttling_slows_down_longer_each_time_and_success_brings_the_rate_back() -> None:
    clock = Clock()
    pace = clock.pace(10)
    waits = []
    for _ in range(3):
        pace.record_throttling()
        before = clock.now
        pace.acquire()
        waits.append(clock.now - before)
    assert waits == sorted(waits) and waits[0] >= 1
    slow = pace.seconds_for(100)
    for _ in range(200):
        pace.acquire()
        pace.record_success()
    assert pace.seconds_for(100) < slow / 4
    assert math.isclose(pace.seconds_for(101) - pace.seconds_for(1), 10, rel_tol=0.01)


def test_throttling_is_waited_for_even_without_a_limit() -> None:
    clock = Clock()
    pace = clock.pace(0)
    pace.record_throttling()
    pace.acquire()
    assert clock.now > 100.0


def test_the_wait_is_jittered_between_half_and_all() -> None:
    waits = []
    for share in (0.0, 1.0):
        clock = Clock()
        pace = clock.pace(1000, share)
        pace.record_throttling()
        pace.acquire()
        waits.append(clock.now - 100.0)
    assert math.isclose(waits[1], 2 * waits[0])


def test_the_time_left_is_told() -> None:
    clock = Clock()
    pace = clock.pace(10)
    assert pace.seconds_for(0) == 0
    assert math.isclose(pace.seconds_for(11), 1.0)
    pace.acquire()
    assert math.isclose(pace.seconds_for(10), 1.0)


def test_one_registry_has_one_pace_in_a_process() -> None:
    assert shared_limiter("a", 10) is shared_limiter("a", 10)
    assert shared_limiter("a", 10) is not shared_limiter("b", 10)
