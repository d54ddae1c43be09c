"""Units: formatted for people, and read from what people type."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr import units


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
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
def test_a_size_is_shown_in_powers_of_a_thousand(size_bytes: int | None, shown: str) -> None:
    assert units.format_size(size_bytes) == shown


@given(st.integers(0, 10**18))
def test_a_size_fits_in_eight_cells(size_bytes: int) -> None:
    assert len(units.format_size(size_bytes)) <= 8


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (-3 * units.DAY, "in 3 d"),
        (-60, "in 1 min"),
        (-59, "just now"),
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
def test_an_age_is_shown_in_its_largest_unit(passed: float, shown: str) -> None:
    assert units.format_age(1_700_000_000 - passed, now=1_700_000_000) == shown


def test_a_missing_moment_has_no_age() -> None:
    assert units.format_age(None) == units.UNKNOWN
    assert units.format_age(None, missing="never") == "never"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.42, "0.4 s"), (12.9, "12 s"), (125, "2 min 5 s"), (3_780, "1 h 3 min")]
)
def test_a_waiting_time_has_two_units(seconds: float, shown: str) -> None:
    assert units.format_duration(seconds) == shown


def test_a_date_is_in_utc_and_an_impossible_one_is_unknown() -> None:
    assert units.format_date(1_700_000_000) == "2023-11-14 22:13:20 UTC"
    assert units.format_date(None) == "–"
    assert units.format_date(1e20) == "–"


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("2026-11-23T21:08:58Z", "2026-11-23 21:08:58 UTC"),
        ("2026-11-23T21:08:58.123456789+02:00", "2026-11-23 19:08:58 UTC"),
        ("2026-11-23T21:08:58", "2026-11-23T21:08:58"),
        ("2026-11-23", "2026-11-23"),
        ("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59-14:00"),
        ("yesterday", "yesterday"),
        ("", ""),
    ],
)
def test_a_time_of_a_document_is_shown_as_any_other_if_it_has_a_zone(told: str, shown: str) -> None:
    assert units.reformat_iso_time(told) == shown


def test_a_time_of_a_document_without_a_zone_is_not_known() -> None:
    zoned = "2026-11-23T21:08:58Z"
    assert units.parse_zoned_time(zoned) == units.parse_iso_time(zoned)
    for text in ("2026-11-23T21:08:58", "2026-11-23", "yesterday", ""):
        assert units.parse_zoned_time(text) is None


def test_the_first_second_of_year_1_is_no_time() -> None:
    assert units.parse_zoned_time("0001-01-01T00:00:00Z") is None
    assert units.reformat_iso_time("0001-01-01T00:00:00Z") == "0001-01-01T00:00:00Z"


def test_a_count_has_separators_and_its_noun() -> None:
    assert units.format_number(1_234_567) == "1,234,567"
    assert units.format_count(1, "image") == "1 image"
    assert units.format_count(4_213, "image") == "4,213 images"
    assert units.format_count(2, "repository", "repositories") == "2 repositories"


def test_findings_are_shown_by_severity_and_no_scan_is_not_clean() -> None:
    assert units.format_finding_counts((("CRITICAL", 1), ("HIGH", 3), ("LOW", 0), ("MEDIUM", 5))) == "1C 3H 5M"
    assert units.format_finding_counts(()) == "none"
    assert units.format_finding_counts(None) == "–"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (7_199, "1 hour"),
        (7_200, "2 hours"),
        (86_400, "1 day"),
        (9.5 * 86_400, "9 days"),
    ],
)
def test_a_duration_in_words_has_one_unit(seconds: float, shown: str) -> None:
    assert units.duration_in_words(seconds) == shown


@pytest.mark.parametrize(
    ("text", "size"),
    [("2048", 2048), ("100MB", 10**8), ("1.5GiB", 1.5 * 2**30), ("3 kb", 3_000), ("7T", 7 * 10**12), ("0B", 0)],
)
def test_a_size_is_read_with_or_without_its_unit(text: str, size: float) -> None:
    assert units.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "1.5.2MB", "5 parsecs", "-1", "१MB"])
def test_other_text_is_not_a_size(text: str) -> None:
    assert units.parse_size(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("30m", 1_800),
        ("30 min", 1_800),
        ("12 h", 43_200),
        ("7D", 7 * 86_400),
        ("2w", 14 * 86_400),
        ("1mo", 30 * 86_400),
        ("1.5y", 1.5 * 365 * 86_400),
        (" 1d 12h ", 129_600),
    ],
)
def test_a_duration_is_read_in_every_unit(text: str, seconds: float) -> None:
    assert units.parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "7 fortnights", "1d-2h", "2026-01-31", "9999999999d"])
def test_other_text_is_not_a_duration(text: str) -> None:
    assert units.parse_duration(text) is None


@given(st.lists(st.tuples(st.integers(0, 10**9 - 1), st.sampled_from(sorted(units.DURATION_UNITS))), min_size=1))
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in parts)
    total = sum(number * units.DURATION_UNITS[unit] for number, unit in parts)
    assert units.parse_duration(text) == pytest.approx(total)


@given(st.integers(0, 4 * 10**9))
def test_an_iso_time_is_read_as_it_was_written(moment: int) -> None:
    assert units.parse_iso_time(units.format_iso_time(moment)) == moment


def test_an_iso_time_has_the_precision_that_is_asked_for() -> None:
    assert units.format_iso_time(1_700_000_000.25) == "2023-11-14T22:13:20.250000+00:00"
    assert units.format_iso_time(1_700_000_000.25, "seconds") == "2023-11-14T22:13:20+00:00"
    assert units.format_iso_time(None) == ""
    assert units.parse_iso_time("yesterday") is None


@pytest.mark.parametrize(
    ("text", "length"), [("2026-01-31", 86_400), ("2026-01-31T10:30", 60), ("2026-01-31t10:30:05", 1)]
)
def test_a_date_range_is_as_long_as_its_last_part(text: str, length: int) -> None:
    found = units.parse_date_range(text)
    assert found is not None
    assert found[1] - found[0] == length
    assert found[0] == units.parse_iso_time(text)
    assert units.parse_date_range("2026-02-30") is None


@pytest.mark.parametrize("text", ["2026-01-31 10:30:05 UTC", "2026-01-31T10:30:05Z"])
def test_a_time_can_be_in_utc_as_screens_show_it(text: str) -> None:
    found = units.parse_date_range(text)
    assert found is not None
    assert units.format_date(found[0]) == "2026-01-31 10:30:05 UTC"


@given(st.text("ab?*", max_size=8), st.text("ab", max_size=8))
def test_a_wildcard_matches_wherever_its_runs_can_end(pattern: str, text: str) -> None:
    slow = "".join({"*": ".*", "?": "."}.get(character, character) for character in pattern)
    assert bool(re.fullmatch(units.wildcard_regex(pattern), text)) == bool(re.fullmatch(slow, text))


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_a_wildcard_matches_as_its_regular_expression_does(pattern: str, text: str) -> None:
    assert units.matches_wildcard(pattern, text) == bool(re.fullmatch(units.wildcard_regex(pattern), text))


def test_many_stars_do_not_take_longer_on_a_hostile_text() -> None:
    pattern = re.compile(units.wildcard_regex("*-" * 4 + "*x"), re.IGNORECASE | re.DOTALL)
    begun = time.process_time()
    assert not pattern.fullmatch("-" * 128)
    assert time.process_time() - begun < 1


def test_a_question_mark_is_a_wildcard_only_in_the_regular_expression() -> None:
    assert re.fullmatch(units.wildcard_regex("v?.[*"), "v1.[x]")
    assert not units.matches_wildcard("v?", "v1")
    assert units.matches_wildcard("v?", "v?")


def test_a_wildcard_with_many_stars_is_quick() -> None:
    assert not units.matches_wildcard("*a" * 64 + "b", "a" * 128)


def test_a_long_text_is_quoted_in_part() -> None:
    assert units.format_quoted("x" * 50) == "x" * 50
    assert units.format_quoted("x" * 51) == "x" * 49 + "…"
