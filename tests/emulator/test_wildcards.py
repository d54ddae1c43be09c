"""Wildcard patterns: agreement with fnmatch on short texts, and hostile patterns in bounded time."""

from __future__ import annotations

import re
from itertools import product

import pytest

from ecrtui.emulator.wildcards import matches_wildcard


def test_a_pattern_matches_as_the_regular_expression_of_the_same_meaning() -> None:
    patterns = ["".join(letters) for size in range(5) for letters in product("ab*", repeat=size)]
    texts = ["".join(letters) for size in range(5) for letters in product("ab", repeat=size)]
    for pattern in patterns:
        expression = re.compile(".*".join(map(re.escape, pattern.split("*"))))
        for text in texts:
            assert matches_wildcard(pattern, text) is bool(expression.fullmatch(text)), (pattern, text)


@pytest.mark.parametrize("pattern", ["a.c", "a?c", "[abc]", "(a|b)", "a+"])
def test_all_characters_but_the_star_match_themselves(pattern: str) -> None:
    assert matches_wildcard(pattern, pattern)
    assert not matches_wildcard(pattern, "abc")


def test_a_pattern_of_many_stars_ends() -> None:
    assert not matches_wildcard("*a" * 10_000 + "b", "a" * 30_000)
    assert matches_wildcard("*a" * 10_000, "a" * 30_000)
