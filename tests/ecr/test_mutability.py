"""Tag mutability with its exclusion filters."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.mutability import TagMutability

PATTERNS = st.from_regex(r"[ab.*-]{1,8}", fullmatch=True)
TAGS = st.from_regex(r"[ab.-]{0,10}", fullmatch=True)


@given(PATTERNS, TAGS)
def test_a_star_is_any_run_of_characters(pattern: str, tag: str) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), tag) is not None
    assert (TagMutability("MUTABLE", (pattern,)).matching_filter(tag) is not None) == expected


@given(st.lists(PATTERNS, max_size=3), TAGS)
def test_the_two_exclusion_settings_are_opposites(patterns: list[str], tag: str) -> None:
    exclusions = tuple(patterns)
    immutable = TagMutability("IMMUTABLE_WITH_EXCLUSION", exclusions)
    mutable = TagMutability("MUTABLE_WITH_EXCLUSION", exclusions)
    assert immutable.may_move(tag) != mutable.may_move(tag)
    assert immutable.may_move(tag) == (immutable.matching_filter(tag) is not None)


def test_filters_apply_only_with_an_exclusion_setting() -> None:
    assert TagMutability("MUTABLE", ("*",)).may_move("x")
    assert not TagMutability("IMMUTABLE", ("*",)).may_move("x")


def test_a_wildcard_pattern_matches_the_whole_tag() -> None:
    def matches(pattern: str, tag: str) -> bool:
        return TagMutability("MUTABLE", (pattern,)).matching_filter(tag) == pattern

    assert matches("*", "anything")
    assert matches("**", "x")
    assert matches("*-dev", "a-dev")
    assert matches("v*.*", "v1.2")
    assert matches("ab*", "ab")
    assert matches("latest", "latest")
    assert not matches("latest", "latest-2")
    assert not matches("aa*aa", "aaa")  # the ends must not overlap
    assert not matches("v1.0", "v1x0")  # a dot is literal
    assert not matches("Release*", "release-1")  # case matters


def test_many_stars_over_a_long_tag_are_fast() -> None:
    # a match with backtracking would not end
    assert not TagMutability("IMMUTABLE_WITH_EXCLUSION", ("*a" * 63 + "b",)).may_move("a" * 300)


def test_the_reason_names_the_first_matching_filter() -> None:
    setting = TagMutability("IMMUTABLE_WITH_EXCLUSION", ("dev-*", "*-1"))
    assert setting.matching_filter("dev-1") == "dev-*"
    assert setting.reason("dev-1") == "the exclusion filter 'dev-*' makes this tag mutable"
    assert setting.reason("v1") == "the repository is immutable and no exclusion filter matches this tag"
    assert TagMutability("MUTABLE_WITH_EXCLUSION", ("rel-*",)).reason("rel-1").endswith("makes this tag immutable")
    assert TagMutability("IMMUTABLE").reason("v1") == "the repository is immutable"
    assert TagMutability().reason("v1") == "the repository is mutable"


def test_an_unknown_setting_is_immutable() -> None:
    assert not TagMutability("SOMETHING_NEW").may_move("v1")


def test_a_setting_reads_as_words() -> None:
    assert str(TagMutability()) == "mutable"
    assert str(TagMutability("IMMUTABLE_WITH_EXCLUSION", ("latest*", "dev"))) == "immutable except latest* dev"
