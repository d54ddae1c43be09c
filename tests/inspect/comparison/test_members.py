"""Documents are compared member by member, and never hide a difference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.inspect.comparison.members import byte_rows, document_rows, order_row, text_rows
from tests.ecr.test_exact_json import VALUES
from tests.inspect.comparison.images import changes, swapped


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        ({"a": "x"}, {"a": "y"}, [("~", "a", "x", "y")]),
        ({"a": 1}, {"a": "1"}, [("~", "a", "1", '"1"')]),
        ({"a": "x"}, {"a": "x "}, [("~", "a", '"x"', '"x "')]),
        ({"a": "a\nb"}, {"a": "a\rb"}, [("~", "a", r'"a\nb"', r'"a\rb"')]),
        ({"a": "\u00e9"}, {"a": "e\u0301"}, [("~", "a", r'"\xe9"', r'"e\u0301"')]),
        ({"a": None}, {"a": []}, [("~", "a", "null", "[]")]),
        ({"a": None}, {}, [("-", "a", "null", None)]),
        ({}, {"a b": {"c": 1}}, [("+", '"a b"', None, '{"c": 1}')]),
        ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 1, "d": 3}}}, [("~", "a.b.d", "2", "3")]),
        ({"a": [1, 2, 3]}, {"a": [1, 3]}, [("-", "a[1]", "2", None)]),
        ([1], {"a": 1}, [("~", "", "[1]", '{"a": 1}')]),
    ],
)
def test_members_have_signs_and_values(before: Any, after: Any, rows: list[tuple[str, str, str, str]]) -> None:
    assert changes(document_rows(json.dumps(before), json.dumps(after))) == rows


def test_equal_members_are_rows_too() -> None:
    text = json.dumps({"a": 1, "b": {"c": None}, "d": [{"e": "f"}, {"g": []}]})
    rows = document_rows(text, text)
    assert [(row.label, row.before, row.after) for row in rows] == [
        ("a", "1", "1"),
        ("b.c", "null", "null"),
        ("d[0].e", "f", "f"),
        ("d[1].g", "[]", "[]"),
    ]
    assert not changes(rows)


@pytest.mark.parametrize(
    ("before", "after", "label"),
    [
        ('{"a": 1}', '{"a":1}', "x, text from character 1"),
        ('{"a": 1, "a": 1}', '{"a": 1}', "x, text from character 1"),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', "x, text from character 1"),
        ("no JSON", "also none", "x, text from character 1"),
    ],
)
def test_texts_with_the_same_members_differ_at_a_character(before: str, after: str, label: str) -> None:
    assert [row[1] for row in changes(document_rows(before, after, "x"))] == [label]


@given(st.tuples(VALUES, VALUES))
@settings(max_examples=30)
def test_different_texts_always_differ_and_both_directions_agree(values: tuple[Any, Any]) -> None:
    before, after = (json.dumps(value) for value in values)
    there, back = document_rows(before, after, "x"), document_rows(after, before, "x")
    assert any(row.differs for row in there) == (before != after)
    assert sorted((row.change, row.before or "", row.after or "") for row in there) == sorted(
        (row.change, row.before or "", row.after or "") for row in map(swapped, back)
    )


def test_texts_are_compared_line_by_line() -> None:
    before, after = "name: app\nimage:\n  tag: 1.4\nold: 1\n", "name: app\nimage:\n  tag: 1.5\n"
    assert changes(text_rows(before, after, "values.yaml")) == [
        ("~", "values.yaml, line 3", "tag: 1.4", "tag: 1.5"),
        ("-", "values.yaml, line 4", "old: 1", None),
    ]
    assert changes(text_rows("a\n", "  a\n", "f")) == [("~", "f, line 1", '"a"', '"  a"')]
    many = "\n".join(map(str, range(3_000)))
    assert [row.label for row in text_rows(many, many + "x", "f")] == ["f, text from character 13,860"]


def test_bytes_differ_at_a_byte() -> None:
    assert changes(byte_rows(b"ab\xff", b"ab\xfe\x00", "config")) == [("~", "config, from byte 3", "ff", "fe 00")]
    assert changes(byte_rows(b"ab", b"abc", "config")) == [("~", "config, from byte 3", "end", "63")]


class CountedName(str):
    """Counts how often a name is compared with another one."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        CountedName.compared += 1
        return super().__eq__(other)

    __hash__ = str.__hash__


def test_each_name_is_compared_a_few_times_to_find_another_order() -> None:
    before, after = ([CountedName(number) for number in range(100)] for _ in range(2))
    assert order_row(before, after[::-1], "order") is not None
    assert CountedName.compared <= 10 * 100
