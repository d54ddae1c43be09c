import re

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.mutability import TagMutability

PATTERNS = st.from_regex(r"[ab.*-]{1,8}", fullmatch=True)
TAGS = st.from_regex(r"[ab.-]{0,10}", fullmatch=True)


@given(PATTERNS, TAGS)
def test_a_star_stands_for_any_run_of_characters_and_all_else_for_itself(pattern, tag):
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), tag) is not None
    assert (TagMutability("MUTABLE", (pattern,)).matching_filter(tag) is not None) == expected


@given(st.lists(PATTERNS, max_size=3), TAGS)
def test_the_two_exclusion_settings_are_each_others_opposite(patterns, tag):
    exclusions = tuple(patterns)
    immutable = TagMutability("IMMUTABLE_WITH_EXCLUSION", exclusions)
    mutable = TagMutability("MUTABLE_WITH_EXCLUSION", exclusions)
    assert immutable.may_move(tag) != mutable.may_move(tag)
    assert immutable.may_move(tag) == (immutable.matching_filter(tag) is not None)


def test_filters_count_only_with_an_exclusion_setting():
    assert TagMutability("MUTABLE", ("*",)).may_move("x")
    assert not TagMutability("IMMUTABLE", ("*",)).may_move("x")


def test_edges_of_wildcards():
    def matches(pattern: str, tag: str) -> bool:
        return TagMutability("MUTABLE", (pattern,)).matching_filter(tag) == pattern

    assert matches("*", "anything")
    assert matches("**", "x")
    assert matches("*-dev", "a-dev")
    assert matches("v*.*", "v1.2")
    assert matches("ab*", "ab")
    assert matches("latest", "latest")
    assert not matches("latest", "latest-2")
    assert not matches("aa*aa", "aaa")  # the ends may not overlap
    assert not matches("v1.0", "v1x0")  # a dot is a dot
    assert not matches("Release*", "release-1")  # case counts


def test_many_stars_over_a_long_tag_are_decided_at_once():
    # a match that backtracks would not come to an end
    assert not TagMutability("IMMUTABLE_WITH_EXCLUSION", ("*a" * 63 + "b",)).may_move("a" * 300)


def test_the_first_filter_that_matches_decides_and_is_named():
    setting = TagMutability("IMMUTABLE_WITH_EXCLUSION", ("dev-*", "*-1"))
    assert setting.matching_filter("dev-1") == "dev-*"
    assert setting.reason("dev-1") == "the exclusion filter 'dev-*' makes this tag mutable"
    assert setting.reason("v1") == "the repository is immutable and no exclusion filter matches this tag"
    assert TagMutability("MUTABLE_WITH_EXCLUSION", ("rel-*",)).reason("rel-1").endswith("makes this tag immutable")
    assert TagMutability("IMMUTABLE").reason("v1") == "the repository is immutable"
    assert TagMutability().reason("v1") == "the repository is mutable"


def test_a_setting_that_is_not_known_is_taken_as_immutable():
    assert not TagMutability("SOMETHING_NEW").may_move("v1")


def test_the_setting_in_words():
    assert str(TagMutability()) == "mutable"
    assert str(TagMutability("IMMUTABLE_WITH_EXCLUSION", ("latest*", "dev"))) == "immutable except latest* dev"
