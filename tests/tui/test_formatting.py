"""How numbers are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.tui import formatting as formats


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (None, "–"),
        (-1, "–"),
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_960, "10 kB"),
        (103_700_000, "104 MB"),
        (999_600_000, "1.0 GB"),
        (1_234_000_000, "1.2 GB"),
        (5 * 10**18, "5,000 PB"),
    ],
)
def test_sizes(octets: int | None, told: str) -> None:
    assert formats.size(octets) == told


@given(st.integers(0, 10**18))
def test_a_size_is_never_wider_than_eight_cells(octets: int) -> None:
    assert len(formats.size(octets)) <= 8


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (-5, "just now"),
        (0.5, "just now"),
        (42, "42 s ago"),
        (61, "1 min ago"),
        (2 * 3600 + 5, "2 h ago"),
        (9 * 86_400, "9 d ago"),
        (59 * 86_400, "59 d ago"),
        (60 * 86_400, "2 mo ago"),
        (364 * 86_400, "12 mo ago"),
        (800 * 86_400, "2 y ago"),
    ],
)
def test_ages(passed: float, told: str) -> None:
    assert formats.age(1_700_000_000 - passed, now=1_700_000_000) == told


def test_an_age_that_there_is_none_of() -> None:
    assert formats.age(None) == "never"
    assert formats.age(None, missing="–") == "–"


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.42, "0.4 s"), (12.9, "12 s"), (125, "2 min 5 s"), (3_780, "1 h 3 min")]
)
def test_durations(seconds: float, told: str) -> None:
    assert formats.duration(seconds) == told


def test_dates_are_in_utc_and_impossible_ones_are_unknown() -> None:
    assert formats.date(1_700_000_000) == "2023-11-14 22:13:20 UTC"
    assert formats.date(None) == "–"
    assert formats.date(1e20) == "–"


def test_counts_have_separators_and_their_noun() -> None:
    assert formats.number(1_234_567) == "1,234,567"
    assert formats.count(1, "image") == "1 image"
    assert formats.count(4_213, "image") == "4,213 images"
    assert formats.count(2, "repository", "repositories") == "2 repositories"


def test_findings_are_told_worst_first_and_unscanned_is_not_clean() -> None:
    assert formats.findings((("CRITICAL", 1), ("HIGH", 3), ("LOW", 0), ("MEDIUM", 5))) == "1C 3H 5M"
    assert formats.findings(()) == "none"
    assert formats.findings(None) == "–"
