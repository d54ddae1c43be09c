"""Values of untrusted JSON have the type that is asked for."""

from __future__ import annotations

from ecrtui.ecr.json_values import to_list, to_mapping, to_text


def test_a_value_of_the_type_is_unchanged() -> None:
    assert (to_text("a"), to_mapping({"a": 1}), to_list([1])) == ("a", {"a": 1}, [1])


def test_a_value_of_another_type_becomes_json_text_or_is_empty() -> None:
    assert [to_text(value) for value in (None, 2, True, {"a": None})] == ["", "2", "true", '{"a": null}']
    assert (to_mapping([1]), to_list({"a": 1}), to_mapping(None), to_list("a")) == ({}, [], {}, [])
