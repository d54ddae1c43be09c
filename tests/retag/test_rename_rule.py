"""Rules that derive tags from tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.errors import UsageError
from ecrtui.retag.rename_rule import parse_rename_rule

TAGS = st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,30}", fullmatch=True)


@pytest.mark.parametrize(
    ("rule", "tag", "expected"),
    [
        ("{tag}-rel", "1.2", "1.2-rel"),
        ("{tag|strip:rc-}", "rc-1.2", "1.2"),
        ("{tag|strip:rc-}", "1.2", "1.2"),
        ("v{tag|strip:rc-|upper}", "rc-a", "vA"),
        ("{tag|suffix:-rc1}", "1.2-rc1", "1.2"),
        ("{tag|before:-}", "1.2-rc1-x", "1.2"),
        ("{tag|after:-}", "1.2-rc1-x", "rc1-x"),
        ("{tag|before:-}", "1.2", ""),
        ("{tag|replace:rc:rel}", "rc-1-rc", "rel-1-rel"),
        ("{tag}.{tag}", "a", "a.a"),
        (r"/rc-(\d+)\.(\d+)/v\1-\2/", "rc-1.2", "v1-2"),
        (r"/rc-(\d+)\.(\d+)/v\1-\2/", "rc-1.2-x", ""),
        (r"#(?P<a>.*)-rc#\g<a>#", "1.2-rc", "1.2"),
        (r"/(a)|(b)/x\1\2/", "b", "xb"),
        (r"/(?i)rc-(.*)/v\1/", "RC-1", "v1"),
    ],
)
def test_a_rule_derives_a_tag(rule: str, tag: str, expected: str) -> None:
    assert parse_rename_rule(rule)(tag) == expected


@pytest.mark.parametrize(
    "rule",
    ["", "fixed", "{tag", "tag}", "{other}", "{tag|nothing}", "{tag|strip}", "{tag|strip:}", "{tag|upper:x}",
     "{tag|replace:a}", "/a/b", "/(/x/", r"/a/\1/", r"/a/\g<n>/", "/a/b/c/"],
)  # fmt: skip
def test_an_invalid_rule_is_a_usage_error(rule: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_rename_rule(rule)
    assert raised.value.title


@pytest.mark.parametrize("expression", ["(a+)+b", f"a{{{'9' * 20}}}", "(" * 3000 + ")" * 3000])
def test_an_expression_that_cannot_be_used_is_a_usage_error(expression: str) -> None:
    with pytest.raises(UsageError, match="has an invalid expression"):
        parse_rename_rule(f"/{expression}/x/")


@given(TAGS)
def test_strip_reverts_an_added_prefix(tag: str) -> None:
    assert parse_rename_rule("{tag|strip:rc-}")(parse_rename_rule("rc-{tag}")(tag)) == tag
    assert parse_rename_rule("/(.*)/\\1/")(tag) == tag


@given(st.text(max_size=30))
def test_any_text_is_a_rule_or_a_usage_error(text: str) -> None:
    try:
        rule = parse_rename_rule(text)
    except UsageError:
        return
    assert isinstance(rule("1.2-rc1"), str)
