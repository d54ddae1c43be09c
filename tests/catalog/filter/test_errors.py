"""A filter that is wrong says what and where, and what would be right."""

from __future__ import annotations

import pytest

from ecrtui.catalog.filter import FilterError, parse, parse_repositories
from ecrtui.errors import UsageError


@pytest.mark.parametrize(
    ("text", "place", "title", "hint"),
    [
        ("size>", "", "nothing stands behind size>", "size>100MB"),
        ("release size>abc", "abc", "'abc' is not a size", "GiB"),
        ("size>1XB", "1XB", "'1XB' is not a size", "MB"),
        ("size:5", "5", "size is compared", "size>100MB"),
        ("size>²", "²", "is not a size", "size>100MB"),
        ("tags>many", "many", "'many' is not a number", "tags>1"),
        ("pushed<", "", "nothing stands behind pushed<", "pushed<7d"),
        ("pushed<soon", "soon", "neither an age nor a date", "pushed<7d"),
        ("pushed=7d", "7d", "by < or >", "pushed<7d"),
        ("pushed>2026-02-30", "2026-02-30", "neither an age nor a date", "2026-01-31"),
        ("pushed>0000-01-01", "0000-01-01", "neither an age nor a date", "2026-01-31"),
        ("pulled:ever", "ever", "neither an age nor a date", "pulled<7d"),
        ("is:untaged", "untaged", "is cannot be 'untaged'", "Did you mean is:untagged?"),
        ("is:un", "un", "'un' could be several", "unscanned, untagged"),
        ("is:", "", "nothing stands behind is:", "untagged"),
        ("is>index", "is>index", "is does not take >", ": or ="),
        ("is:/x/", "/x/", "plain word", ""),
        ("severity>=foo", "foo", "cannot be 'foo'", "critical, high"),
        ("severity>none", "none", "none is not a severity", "severity:none"),
        ("tga:prod", "tga", "there is no field 'tga'", "Did you mean tag?"),
        ("shop:prod", "shop", "there is no field 'shop'", "In quotation marks it is a text."),
        ("tag>3", "tag>3", "cannot be compared", "tag:text"),
        ("a tag:", "tag:", "nothing stands behind tag:", ""),
        ('x "abc', '"abc', "the quotation mark is not closed", 'ends with "'),
        ('"abc\\"', '"abc\\"', "the quotation mark is not closed", 'ends with "'),
        ('""', '""', "nothing between the marks", '"text"'),
        ("/abc", "/abc", "the regular expression is not closed", "ends with /"),
        ("a /(/", "(/", "not a regular expression", "\\"),
        ("tag:/[/", "[/", "not a regular expression", "\\"),
        ("/a{99999999999999}/", "/a{99999999999999}/", "not a regular expression", ""),
        ("/(a+)+b/", "/(a+)+b/", "for ever", "One repeat"),
        ("/(x|y)*z/", "/(x|y)*z/", "for ever", "One repeat"),
        ("/((a)+b)*/", "/((a)+b)*/", "for ever", "One repeat"),
        ("/(a*){2,}/", "/(a*){2,}/", "for ever", "One repeat"),
        ("!", "!", "nothing stands behind it", "!rc"),
        ("a ! b", "!", "nothing stands behind it", "!rc"),
        ("~", "~", "nothing stands behind ~", "~relcand"),
        (">3", ">3", "needs a field", "size>100MB"),
    ],
)
def test_the_error_points_at_the_place(text: str, place: str, title: str, hint: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text, 0)
    error = caught.value
    assert title in error.title
    assert hint in error.hint
    assert text[error.position : error.end] == place


@pytest.mark.parametrize(
    "text", ["/v(\\d+\\.){2}\\d+/", "/(rc|beta)\\d+/", "/(a+)?b/", "/[(+]+x/", "/\\(a+\\)+/", "/(?:ab)+/"]
)
def test_expressions_that_end_are_taken(text: str) -> None:
    assert parse(text).matches is not None


def test_an_error_is_one_that_commands_report() -> None:
    with pytest.raises(UsageError):
        parse("size>")


def test_repositories_have_other_fields() -> None:
    with pytest.raises(FilterError) as caught:
        parse_repositories("pushed<7d")
    assert "there is no field 'pushed'" in caught.value.title
    assert "created" in caught.value.hint
