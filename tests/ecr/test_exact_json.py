"""JSON is read and written without a change of its values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.exact_json import parse_exact, write_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_a_value_is_written_as_it_was_read(value: Any) -> None:
    assert write_json(parse_exact(json.dumps(value))) == json.dumps(value, ensure_ascii=False)
    assert write_json(parse_exact(json.dumps(value)), 2) == json.dumps(value, ensure_ascii=False, indent=2)


@pytest.mark.parametrize("number", ["1", "1.0", "1.00", "1e0", "-0", "9" * 5000, "1e400", "0.1000000000000000055"])
def test_a_number_keeps_its_spelling(number: str) -> None:
    assert write_json(parse_exact(f"[{number}]")) == f"[{number}]"


MANY_MEMBERS = "".join(f'"{number}": 0, ' for number in range(100_000))
"""A search for the repeated name that compares all pairs would take an hour."""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a": 1, "a": 1}',
        f'{{{MANY_MEMBERS}"a": 1, "a": 1}}',
        '{"b": [{"a": 1, "a": 2}]}',
        "[" * 102 + "]" * 102,
    ],
    ids=["empty", "cut", "repeated name", "repeated name among many", "repeated name inside", "deep"],
)
def test_other_text_raises_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"not JSON|occurs twice|nested too deeply"):
        parse_exact(text)
