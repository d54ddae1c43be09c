"""A large document is read in parts, and says what Python's reader of JSON says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.ecr.json_values import parse_json
from ecrtui.inspect.large_json import (
    MAX_ENTRIES,
    MAX_LIST,
    MAX_VALUE,
    MAX_WHOLE,
    PACKAGES,
    LargeArray,
    parse_document,
)
from tests.ecr.test_exact_json import VALUES

PADDING = " " * (MAX_WHOLE + 1)
LONG = "x" * (MAX_LIST + 1)


def parsed(text: str) -> Any:
    """Return what the reader in parts makes of a text, or that it is wrong."""
    try:
        return parse_document(PADDING + text)
    except ValueError:
        return ValueError


def expected(text: str) -> Any:
    """Return what Python's reader makes of a text, or that it is wrong."""
    try:
        return parse_json(text)
    except ValueError:
        return ValueError


@settings(max_examples=25)
@given(VALUES, st.sampled_from([None, 1, "\t"]))
def test_a_document_is_what_it_is_when_it_is_read_in_one_step(value: Any, indent: Any) -> None:
    text = json.dumps({"a": {"b": [value, value], "predicate": value}, "c": value}, indent=indent)
    assert repr(parsed(text)) == repr(expected(text))  # NaN differs from itself


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        " [1 , 2 ] \n",
        '{"a" : {} , "b":[ ]}',
        '{"a": 1, "a": 2}',
        f'{{"a": "{LONG}"}}',
        f'{{"a": "{LONG}\\n{LONG}"}}',
        "",
        "{",
        "[",
        '{"a"}',
        '{"a" 1}',
        '{"a": 1,}',
        '{"a": 1 "b": 2}',
        "{1: 2}",
        "[1,]",
        "[1 2]",
        "[1",
        '{"a": [1}',
        '{"a": "b',
        "{} {}",
        '{"a": 1}]',
        f'{{"a": "{LONG}',
        '{"a": ' + "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_whole_and_broken_documents_are_what_they_are_in_one_step(text: str) -> None:
    assert parsed(text) == expected(text)


@pytest.mark.parametrize("name", sorted(PACKAGES))
def test_long_arrays_are_left_out_unless_they_have_packages(name: str) -> None:
    entries = [{"name": f"package {number}", "files": [1, 2]} for number in range(MAX_LIST // 20)]
    document = {"predicate": {name: entries, "files": entries, "few": [1]}, "last": "é"}
    found = parse_document(PADDING + json.dumps(document, ensure_ascii=False))
    inner = found["predicate"]
    assert isinstance(inner[name], LargeArray)
    assert list(inner[name]) == list(inner[name]) == entries
    assert (inner["files"], inner["few"], found["last"]) == ([], [1], "é")


def test_a_broken_entry_of_a_long_array_is_an_error() -> None:
    entries = ", ".join(['"entry"'] * MAX_LIST)
    for text in (f'{{"packages": [{entries}, nothing]}}', f'{{"files": [{entries}}}'):
        assert parsed(text) is ValueError


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" + "1," * MAX_ENTRIES + "1]", "an array of more than 1,000,000 entries"),
        ('{"packages": [[' + "[]," * (MAX_VALUE // 3) + "[]]]}", "Expecting a value of at most 8,388,608 characters"),
        ('{"a": {"a": {"a": {"a": {"a": {"a": {"a": [' + "[]," * (MAX_VALUE // 3) + "[]]}}}}}}}", "Expecting a value"),
        ("{" + ",".join(f'"{number}": 1' for number in range(MAX_VALUE // 64)) + "}", "8,388,608 characters besides"),
        ("{" + ",".join([f'"a": ["{"x" * 60_000}"]'] * 150) + "}", "8,388,608 characters besides"),
    ],
    ids=["many entries", "a large entry", "a large value", "many members", "many short arrays"],
)
def test_a_document_that_takes_much_memory_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_document(PADDING + text)


def test_a_number_is_whole_wherever_it_ends() -> None:
    for length in range(4 * 1024 - 12, 4 * 1024 + 2):
        number = "1" * 9
        text = f'{{"a": ["{"x" * (length - 4)}", {number}], "b": {" " * length}{number}}}'
        assert parsed(text) == expected(text)
        for window in ('"' + "x" * length + '"', "[" + " " * length + number + "]", "[" + number + " " * length + "]"):
            assert parsed(f'{{"a": {window}}}') == expected(f'{{"a": {window}}}')
