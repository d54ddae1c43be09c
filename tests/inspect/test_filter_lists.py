"""A filter that one list does not have names the lists that have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ecrtui.catalog.filter import FilterError, parse, parse_repositories
from ecrtui.errors import UsageError
from ecrtui.inspect.filter_lists import filtered_lists, naming_lists, parse_find_query
from ecrtui.inspect.findings_filter import parse_findings

REPOSITORIES, IMAGES, FINDINGS = "repositories", "the images of a repository", "the findings of an image"


@pytest.mark.parametrize(
    ("text", "lists"),
    [
        ("is:untagged", IMAGES),
        ("is:mutable", REPOSITORIES),
        ("size>1GB", f"{REPOSITORIES} and {IMAGES}"),
        ("pushed<7d", f"{REPOSITORIES} and {IMAGES}"),
        ("!tag:prod", IMAGES),
        ("severity!=high", f"{REPOSITORIES}, {IMAGES} and {FINDINGS}"),
        ("created<7d", REPOSITORIES),
        ("mutability=IMMUTABLE", REPOSITORIES),
        ("package:curl", FINDINGS),
        ("score>7", FINDINGS),
        ("severity>=high", f"{REPOSITORIES}, {IMAGES} and {FINDINGS}"),
        ("prod size>1GB", f"{REPOSITORIES} and {IMAGES}"),
        ("size>much", ""),
        ("nonsense:1", ""),
        ("release", ""),
        ("", ""),
    ],
)
def test_the_lists_that_a_term_filters(text: str, lists: str) -> None:
    assert filtered_lists(text) == (f"{text.split()[-1]} filters {lists}; use it there." if lists else "")


@pytest.mark.parametrize(
    ("parser", "text", "hint"),
    [
        (parse_repositories, "team is:untagged", f"is:untagged filters {IMAGES}; use it there."),
        (parse_repositories, "score>7 team", f"score>7 filters {FINDINGS}; use it there."),
        (parse, "prod created<7d is:tagged", f"created<7d filters {REPOSITORIES}; use it there."),
        (parse_findings, "is:untagged", f"is:untagged filters {IMAGES}; use it there."),
        (parse, "tga:prod", "Did you mean tag:prod? Use quotation marks to search for the text."),
        (parse, "name:app nonsense:1", f"name:app filters {REPOSITORIES} and the packages of an image; use it there."),
        (parse, "tag:prod size>much", "Use size>100MB"),
    ],
)
def test_an_invalid_filter_names_the_lists_that_have_it(parser: Callable[[str], Any], text: str, hint: str) -> None:
    with pytest.raises(FilterError) as caught:
        parser(text)
    named = naming_lists(caught.value, text)
    assert (named.title, named.position, named.end) == (caught.value.title, caught.value.position, caught.value.end)
    assert hint in named.hint


def test_a_filter_is_nothing_to_find() -> None:
    with pytest.raises(UsageError, match="not a reference") as caught:
        parse_find_query("severity>=high")
    assert caught.value.hint == f"severity>=high filters {REPOSITORIES}, {IMAGES} and {FINDINGS}; use it there."
    with pytest.raises(UsageError) as caught:
        parse_find_query("!")
    assert "missing:tag=prod" in caught.value.hint
