"""The error of a wrong filter says what is wrong, where, and what to write instead."""

from __future__ import annotations

import pytest

from ecrtui.catalog.filter import FilterError, expression_hint, parse, parse_repositories
from ecrtui.errors import UsageError


def test_a_filter_for_one_of_two_words_is_a_regular_expression() -> None:
    for text in ("v1 or v2", "v1 OR v2", "v1 | v2"):
        assert expression_hint(text).endswith("For one of them write /v1|v2/.")
    assert not expression_hint("v1 v2")


@pytest.mark.parametrize(
    ("text", "wrong", "title", "hint"),
    [
        ("size>", "", "size> needs a value", "size>100MB"),
        ("release size>abc", "abc", "'abc' is not a size", "Units: kB to TB, KiB to TiB."),
        ("size>1XB", "1XB", "'1XB' is not a size", "MB"),
        ("size:5", "5", "size needs <, <=, =, >= or >", "size>100MB"),
        ("size>²", "²", "is not a size", "size>100MB"),
        ("tags>many", "many", "'many' is not a number", "tags>1"),
        ("pushed<", "", "pushed< needs a value", "pushed<7d"),
        ("pushed<soon", "soon", "neither an age nor a date", "pushed<7d"),
        ("pushed=7d", "7d", "needs < or >", "pushed<7d"),
        ("pushed>2026-02-30", "2026-02-30", "neither an age nor a date", "2026-01-31"),
        ("pushed>0000-01-01", "0000-01-01", "neither an age nor a date", "2026-01-31"),
        ("pulled:ever", "ever", "neither an age nor a date", "pulled<7d"),
        ("is:untaged", "untaged", "'untaged' is not a value of is", "Did you mean is:untagged?"),
        ("is:un", "un", "'un' is ambiguous", "unscanned, untagged"),
        ("is:", "", "is: needs a value", "untagged"),
        ("is>index", "is>index", "is does not support >", ": or ="),
        ("is:/x/", "/x/", "plain word", ""),
        ("severity>=foo", "foo", "'foo' is not a value of severity", "critical, high"),
        ("severity>none", "none", "none cannot be compared", "severity:none"),
        ("tga:prod", "tga", "unknown field 'tga'", "Did you mean tag:prod?"),
        ("shop:prod", "shop", "unknown field 'shop'", "Use quotation marks to search for the text."),
        ("tag>3", "tag>3", "does not support >", "tag:text"),
        ("a tag:", "tag:", "tag: needs a value", ""),
        ("a kind!=index", "kind", "unknown field 'kind'", "Did you mean is!=index?"),
        ("kind:multi-arch", "kind", "unknown field 'kind'", "Did you mean is? Use"),
        ('kind="index"', "kind", "unknown field 'kind'", "Did you mean is? Use"),
        ("tga>3", "tga", "unknown field 'tga'", "Did you mean tag? Use"),
        ("!nonsense:1", "nonsense", "unknown field 'nonsense'", "Fields: tag, digest"),
        ("is:!untagged", "!untagged", "'!untagged' is not a value of is", "Did you mean !is:untagged?"),
        ("is!=untaged", "untaged", "'untaged' is not a value of is", "Did you mean is!=untagged?"),
        ("is!:", "", "is!: needs a value", "Values: "),
        ("pushed!=7d", "7d", "needs < or >", "pushed<7d"),
        ("size!:5", "5", "size needs <, <=, =, >= or >", "size>100MB"),
        ("tag!>3", "tag!>3", "does not support >", "tag:text"),
        ('tag!="two words', '"two words', "the closing quotation mark is missing", 'Close it with "'),
        ('x "abc', '"abc', "the closing quotation mark is missing", 'Close it with "'),
        ('"abc\\"', '"abc\\"', "the closing quotation mark is missing", 'Close it with "'),
        ('""', '""', "the value is empty", '"text"'),
        ("/abc", "/abc", "the closing / of the regular expression is missing", "Close it with /"),
        ("a /(/", "(/", "not a regular expression", "\\"),
        ("tag:/[/", "[/", "not a regular expression", "\\"),
        ("/a{99999999999999}/", "/a{99999999999999}/", "not a regular expression", ""),
        ("/(a+)+b/", "/(a+)+b/", "may never finish", "Use one repeat"),
        ("/(x|y)*z/", "/(x|y)*z/", "may never finish", "Use one repeat"),
        ("/((a)+b)*/", "/((a)+b)*/", "may never finish", "Use one repeat"),
        ("/(a*){2,}/", "/(a*){2,}/", "may never finish", "Use one repeat"),
        ("!", "!", "! needs a value", "!rc"),
        ("a ! b", "!", "! needs a value", "!rc"),
        ("~", "~", "~ needs a value", "~relcand"),
        (">3", ">3", "needs a field", "size>100MB"),
    ],
)
def test_an_error_points_at_the_wrong_characters(text: str, wrong: str, title: str, hint: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text, 0)
    error = caught.value
    assert title in error.title
    assert hint in error.hint
    assert text[error.position : error.end] == wrong


@pytest.mark.parametrize(
    "text", ["/v(\\d+\\.){2}\\d+/", "/(rc|beta)\\d+/", "/(a+)?b/", "/[(+]+x/", "/\\(a+\\)+/", "/(?:ab)+/"]
)
def test_regular_expressions_that_finish_are_accepted(text: str) -> None:
    assert parse(text).matches is not None


def test_a_filter_error_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        parse("size>")


def test_an_error_lists_the_fields_of_the_schema() -> None:
    with pytest.raises(FilterError) as caught:
        parse_repositories("platform:arm64")
    assert "unknown field 'platform'" in caught.value.title
    assert "created" in caught.value.hint
