import re

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.tag import tag_error


@given(st.text(max_size=140))
def test_a_tag_has_no_problem_exactly_when_the_grammar_of_the_distribution_spec_takes_it(text):
    assert (tag_error(text) == "") == (re.fullmatch(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", text) is not None)


@given(st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", fullmatch=True))
def test_every_tag_of_the_grammar_is_accepted(tag):
    assert tag_error(tag) == ""


def test_the_problem_is_told_in_words():
    assert "at least one character" in tag_error("")
    assert "at most 128 characters, this one has 129" in tag_error("a" * 129)
    assert "cannot begin with '-'" in tag_error("-x")
    assert "cannot begin with '.'" in tag_error(".x")
    assert "cannot contain '/'" in tag_error("a/b")
    assert "cannot contain 'é'" in tag_error("é")
    assert "cannot contain '\\n'" in tag_error("latest\n")
