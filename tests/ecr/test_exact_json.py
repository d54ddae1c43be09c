"""JSON is read and written without a change of its values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.exact_json import parse_json, write_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_a_value_is_written_as_it_was_read(value: Any) -> None:
    assert write_json(parse_json(json.dumps(value))) == json.dumps(value, ensure_ascii=False)
    assert write_json(parse_json(json.dumps(value)), 2) == json.dumps(value, ensure_ascii=False, indent=2)


@pytest.mark.parametrize("number", ["1", "1.0", "1.00", "1e0", "-0", "9" * 5000, "1e400", "0.1000000000000000055"])
def test_a_number_keeps_its_spelling(number: str) -> None:
    assert write_json(parse_json(f"[{number}]")) == f"[{number}]"


@pytest.mark.parametrize("text", ["", "{", '{"a": 1, "a": 1}', '{"b": [{"a": 1, "a": 2}]}', "[" * 102 + "]" * 102])
def test_other_text_raises_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"not JSON|occurs twice|nested too deeply"):
        parse_json(text)
