"""The filter of lists whose fields are texts."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from ecrtui.catalog.filter import FilterError
from ecrtui.catalog.filter.completion import complete
from ecrtui.catalog.filter.images import FIELDS
from ecrtui.catalog.filter.language import FilterSchema
from ecrtui.catalog.filter.parser import parse_terms
from ecrtui.catalog.filter.text_lists import of_inner, text_field, text_schema, time_field
from ecrtui.catalog.rows.rows import Rows
from ecrtui.ecr.image import Image

NOW = 1_000_000.0


class Row(NamedTuple):
    name: str
    state: str = "done"
    tags: tuple[str, ...] = ()
    digest: str = ""
    at: float | None = None
    image: Image | None = None
    note: str = ""


SCHEMA: FilterSchema[Row] = text_schema(
    {"name": lambda row: (row.name,), "state": lambda row: (row.state,), "tag": lambda row: row.tags},
    {"digest": lambda row: (row.digest,)},
    {
        "state": text_field(lambda row: (row.state,), ("done", "undone", "already there")),
        "when": time_field(lambda row: row.at),
        "size": of_inner(FIELDS["size"], lambda row: row.image),
    },
    {"title": "name"},
    further=lambda row: (row.note,),
)

ROWS = (
    Row("team/app", tags=("prod", "v1"), digest="sha256:8ece" + "0" * 60, at=NOW - 60, image=Image("a", size=10)),
    Row("team/cart", "undone", ("rc",), "sha256:" + "1" * 64, NOW - 86_400 * 30, Image("b", size=99)),
    Row("shop", "already there", note="no image here"),
)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", ["team/app", "team/cart", "shop"]),
        ("team", ["team/app", "team/cart"]),
        ("team !cart", ["team/app"]),
        ("!team", ["shop"]),
        ("TEAM PROD", ["team/app"]),
        ('"no image"', ["shop"]),
        ("“no image”", ["shop"]),
        ("!„no image“", ["team/app", "team/cart"]),
        ('!"no image"', ["team/app", "team/cart"]),
        ("name:team/*", ["team/app", "team/cart"]),
        ("name=team", []),
        ("/^team.*t$/", ["team/cart"]),
        ("~tcr", ["team/cart"]),
        ("tag:v", ["team/app"]),
        ("tag!=prod", ["team/cart", "shop"]),
        ("8ece", ["team/app"]),
        ("sha256:8ece", ["team/app"]),
        ("e", ["team/app", "team/cart", "shop"]),
        ("11", ["team/cart"]),
        ("ce", []),  # in a digest, but not at its beginning
        ("digest:8ece00", ["team/app"]),
        ("state=DONE", ["team/app"]),
        ("state:already there", ["shop"]),
        ("state:already !team", ["shop"]),
        ("when<7d", ["team/app"]),
        ("when>7 d ago", ["team/cart"]),
        ("size>50B", ["team/cart"]),
        ("!size>50B", ["team/app"]),  # nothing is known of the last one
        ("arn:aws:iam::1", []),
        ("https://example.com/x", []),
        ("pkg:deb/curl", []),
    ],
)
def test_rows_are_found_by_the_terms_of_the_filter_language(line: str, found: list[str]) -> None:
    assert [row.name for row in parse_terms(line, SCHEMA, NOW).select(ROWS)] == found


@pytest.mark.parametrize(
    ("line", "title", "hint"),
    [
        ("nmae:x", "unknown field 'nmae'", "Did you mean name:x?"),
        ("title:x", "unknown field 'title'", "Did you mean name:x?"),
        ('"team', "the closing quotation mark is missing", 'Close it with "'),
        ("!", "! needs a value", "!rc hides rows that contain rc."),
        ("name:", "name: needs a value", ""),
        ("when:5d", "when with an age needs < or >", "Use when<7d"),
    ],
)
def test_an_error_says_what_is_wrong_and_what_to_write(line: str, title: str, hint: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_terms(line, SCHEMA)
    assert (caught.value.title, caught.value.hint.startswith(hint)) == (title, True)


def test_words_and_texts_of_rows_are_completed() -> None:
    rows = Rows[Row](lambda row: row.name)
    rows.merge(ROWS)
    assert list(complete("state:un", SCHEMA, rows.at_hand())) == ["done"]
    assert list(complete("pr", SCHEMA, rows.at_hand())) == ["od"]
    assert list(complete("!tag:r", SCHEMA, rows.at_hand())) == ["c"]


def test_the_parts_that_match_are_highlighted() -> None:
    chosen = parse_terms("app !cart digest:8ece", SCHEMA)
    assert chosen.spans("team/app") == ((5, 8),)
    assert chosen.spans("8ece00000000") == ((0, 4),)
