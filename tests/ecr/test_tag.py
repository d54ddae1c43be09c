"""Tags: valid ones, and the reasons against the others."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.tag import parse_tags, tag_error


@given(st.text(max_size=140))
def test_text_is_a_tag_if_the_distribution_spec_accepts_it(text: str) -> None:
    assert (tag_error(text) == "") == (re.fullmatch(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", text) is not None)


@given(st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", fullmatch=True))
def test_every_tag_of_the_distribution_spec_is_accepted(tag: str) -> None:
    assert tag_error(tag) == ""


def test_an_invalid_tag_has_a_reason() -> None:
    assert "at least one character" in tag_error("")
    assert "at most 128 characters; this one has 129" in tag_error("a" * 129)
    assert "cannot start with '-'" in tag_error("-x")
    assert "cannot start with '.'" in tag_error(".x")
    assert "cannot contain '/'" in tag_error("a/b")
    assert "cannot contain 'é'" in tag_error("é")
    assert "cannot contain '\\n'" in tag_error("latest\n")


def test_a_line_of_tags_is_split_at_spaces_and_commas() -> None:
    assert parse_tags(" prod, stable  prod,-bad ") == ("prod", "stable", "-bad")
