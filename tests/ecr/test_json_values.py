"""Values of untrusted JSON have the type that is asked for."""

from __future__ import annotations

from math import inf

import pytest

from ecrtui.ecr.exact_json import parse_exact
from ecrtui.ecr.json_values import parse_json, to_list, to_mapping, to_text


def test_a_value_of_the_type_is_unchanged() -> None:
    assert (to_text("a"), to_mapping({"a": 1}), to_list([1])) == ("a", {"a": 1}, [1])


def test_a_number_of_any_length_is_read() -> None:
    assert parse_json("[" + "9" * 5_000 + ", -" + "9" * 5_000 + ", 5]") == [inf, -inf, 5]
    assert parse_json(b"5") == 5


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "nul", b"\xff", "9" * 5_000 + "x"])
def test_other_text_is_no_json(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    assert to_text("a\ud800\udfffb") == "a\ufffd\ufffdb"
    assert to_mapping({"\ud800": "\ud800"}) == {"\ufffd": "\ud800"}


def test_a_value_of_another_type_becomes_json_text_or_is_empty() -> None:
    assert [to_text(value) for value in (None, 2, True, {"a": None})] == ["", "2", "true", '{"a": null}']
    assert [to_text(parse_exact(text)) for text in ("1.50", '{"a": [2, "é"]}')] == ["1.50", '{"a": [2, "é"]}']
    assert (to_mapping([1]), to_list({"a": 1}), to_mapping(None), to_list("a")) == ({}, [], {}, [])
